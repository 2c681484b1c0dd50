"""Runs benchmarks and prints what they cost: `python -m benchmarks [NAME ...] [--json FILE] [--runs N]`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, machine

# Each name is a module of this package with `measure(runs: int | None) -> list[Figure]`, None meaning its own number.
NAMES = (
    *("upload", "memory", "memory_worker", "burst", "cold_import", "warm_up", "package", "webhook", "release"),
    *("export", "tap"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that were asked for, all by default. 1 when a goal was missed, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python dev.py bench", description="Measure what a user pays.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all without any")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--runs", type=int, metavar="N", help="how often each is measured")
    options = parser.parse_args(arguments)
    names = [name.replace("-", "_") for name in options.names]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    console = Console()
    figures: list[Figure] = []
    for name in names or NAMES:
        console.print(f"measuring {name} ...", style="dim")
        figures.extend(importlib.import_module(f"benchmarks.{name}").measure(options.runs))
    console.print(table(figures))
    console.print(notes(figures), highlight=False)
    if options.json:
        options.json.write_text(json.dumps([figure.as_json() for figure in figures], indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.reached for figure in figures) else 1


def table(figures: list[Figure]) -> Table:
    """The figures with their peers and goals, and the machine below."""
    shown = Table(title="What a user pays", caption=f"medians, least to most, on {machine()}", show_lines=True)
    for heading in ("benchmark", "ours", "peer", "ratio", "goal"):
        shown.add_column(heading, overflow="fold")
    for figure in figures:
        reached = "[green]reached[/green]" if figure.reached else "[red]missed[/red]"
        shown.add_row(
            f"[bold]{figure.name}[/bold]",
            _amount(figure.ours, figure.unit),
            _amount(figure.peer, figure.unit) if figure.peer else "none",
            f"{figure.ratio:.2f}" if figure.ratio is not None else "",
            f"{figure.goal}\n{reached}",
        )
    return shown


def notes(figures: list[Figure]) -> str:
    """What each figure is, what it is held against, and what bounds it."""
    return "\n".join(
        f"{figure.name}: {figure.what}. Peer: {figure.peer_name}. Limit: {figure.limit}." for figure in figures
    )


def _amount(values: tuple[float, ...], unit: str) -> str:
    return f"{median(values):.4g} {unit}\n{min(values):.4g} to {max(values):.4g}, {len(values)} runs"


if __name__ == "__main__":
    sys.exit(main())
