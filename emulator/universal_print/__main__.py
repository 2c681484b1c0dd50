"""Runs the emulator on its own: `python -m emulator.universal_print`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulator.universal_print import demo, empty_tenant
from emulator.universal_print.reports.history import plan_from_json
from emulator.universal_print.seed import SeedError, build_world, close_world
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.settings import Limits, Settings

SEEDS = {"demo": demo.SEED, "empty": empty_tenant.SEED}


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; ends the process with 2 and a usage line when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m emulator.universal_print", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on the loopback; 0 takes a free one")
    parser.add_argument("--directory", type=Path, help="where certificate, payloads and paper lie (default: temporary)")
    parser.add_argument("--seed", default="demo", help="a JSON file that describes the tenant, or 'demo', or 'empty'")
    parser.add_argument("--no-limits", action="store_true", help="switch the ceilings over users and printers off")
    parser.add_argument("--page-size", type=int, default=20, help="how many entries a list has per page")
    parser.add_argument("--report-page-size", type=int, default=100, help="how many entries a report has per page")
    parser.add_argument("--report-delay", type=float, default=3600, help="seconds until reports know of an ended job")
    parser.add_argument("--device-code-interval", type=int, default=1, help="seconds between polls; Entra says 5")
    parser.add_argument(
        "--allow-http-notifications", action="store_true", help="notify plain http addresses on the loopback too"
    )
    parser.add_argument("--registration-seconds", type=float, default=3, help="how long a printer's registration runs")
    parser.add_argument("--directory-seconds", type=float, default=0, help="until the directory finds what was made")
    return parser.parse_args(arguments)


def read_seed(name: str) -> dict[str, Any]:
    """The tenant of that name, or that of a file. Raises OSError, ValueError."""
    if name in SEEDS:
        return SEEDS[name]
    seed: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    return seed


async def serve(options: argparse.Namespace, directory: Path) -> None:
    """Serve until SIGINT or SIGTERM; `directory` exists. Prints one JSON line when ready."""
    seed = read_seed(options.seed)
    settings = Settings(
        limits=Limits.off() if options.no_limits else Limits(),
        page_size=options.page_size,
        device_code_interval_seconds=options.device_code_interval,
        registration_time=timedelta(seconds=options.registration_seconds),
        directory_delay=timedelta(seconds=options.directory_seconds),
        report_page_size=options.report_page_size,
        report_delay=timedelta(seconds=options.report_delay),
        allow_http_notifications=options.allow_http_notifications,
    )
    paper = directory / "paper"
    emulator = Emulator(await build_world(seed, paper), directory, settings, port=options.port)
    if "usageHistory" in seed:
        today = emulator.clock.now().date()
        emulator.reports.add_history(plan_from_json(seed["usageHistory"], today))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows: the handler runs in the main thread, outside of the loop.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        async with running(emulator) as base_url:
            ready = {"url": base_url, "caBundle": str(emulator.ca_bundle), "paper": str(paper)}
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            await stop.wait()
    finally:
        await close_world(emulator.world)


def main() -> int:
    """Run; 0 after a clean stop, 1 when the seed is wrong or the port is taken."""
    options = parse(sys.argv[1:])
    with contextlib.ExitStack() as stack:
        if options.directory is None:
            temporary = tempfile.TemporaryDirectory(prefix="universal-print-", ignore_cleanup_errors=True)
            directory = Path(stack.enter_context(temporary))
        else:
            directory = options.directory.resolve()
        try:
            (directory / "paper").mkdir(parents=True, exist_ok=True)
            asyncio.run(serve(options, directory), loop_factory=_loop_factory())
        except (SeedError, OSError, ValueError) as error:
            sys.stderr.write(f"The emulator cannot run: {error}\n")
            return 1
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Prefer uvloop where there is one (not on Windows): twice the throughput of uploads."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    raise SystemExit(main())
