"""How much memory the worker itself needs for a document of 1 GB, in the whole system."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.children import ROOT, MemoryWatch
from benchmarks.figures import Figure, Goal
from emulator.demo.system import System, running_system
from emulator.universal_print.sample_documents import write_invoice, write_large_pdf

SIZE = 1_000_000_000
RUNS = 1
GOAL_MEBIBYTES = 64
PRINT_SECONDS = 300.0
# What the local host runs as a worker is a `python -c` of its own.
_WORKER = "import worker; "


def measure(runs: int | None = None) -> list[Figure]:
    """Idle is the worker that has printed a small document, with all its clients open."""
    ours = [asyncio.run(_above_idle()) / 2**20 for _ in range(runs or RUNS)]
    return [
        Figure(
            name="memory_worker",
            what=f"peak memory of the Functions worker above idle while it prints a document of {SIZE // 10**6} MB",
            unit="MiB",
            ours=tuple(ours),
            peer_name="none",
            peer=(),
            goal=Goal("ours", GOAL_MEBIBYTES),
            limit="as memory; the path is as fast as the machine",
        )
    ]


async def _above_idle() -> int:
    with TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        small, large = folder / "small.pdf", folder / "large.pdf"
        write_invoice(small)
        write_large_pdf(large, SIZE)
        async with running_system(ROOT, folder / "run", _quiet) as system:
            await _print(system, small)
            watch = MemoryWatch(_worker().pid)
            with watch.watching():
                await _print(system, large)
            return watch.peak - watch.idle


async def _print(system: System, file: Path) -> None:
    """Drop the file and wait for its receipt. Raises RuntimeError where it was not printed, or not in time."""
    document = f"office/{file.name}"
    await system.storage.drop(document, file, {})
    async with asyncio.timeout(PRINT_SECONDS):
        while True:
            system.check()
            receipt = next((entry for entry in await system.storage.receipts() if entry.document == document), None)
            if receipt is not None:
                break
            await asyncio.sleep(0.2)
    if receipt.outcome != "completed":
        raise RuntimeError(f"{document} ended {receipt.outcome}: {receipt.reason}")


def _worker() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    workers = [child for child in children if any(_WORKER in part for part in child.cmdline())]
    if len(workers) != 1:
        raise RuntimeError(f"there should be one worker, and there are {len(workers)}")
    return workers[0]


def _quiet(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


if __name__ == "__main__":
    print(measure())
