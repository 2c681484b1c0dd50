"""What an export of a million rows of usage costs, against collecting the SDK's models and writing them with `csv`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.children import MemoryWatch, child
from benchmarks.figures import Figure, Goal
from emulator.azurite import azurite_process

ROWS = 1_000_000
# So many people print in a tenant that has a million rows in a quarter.
PEOPLE = 11_000
# The peer holds every model in memory; a part of the rows says what one costs.
PEER_ROWS = 20_000
RUNS = 2
GOAL = 2.0
GOAL_MEBIBYTES = 96


def measure(runs: int | None = None) -> list[Figure]:
    """Ours reads every page twice refused and once whole, sorts, writes Parquet and CSV, and stores them in Azurite.

    The peer reads the same pages and writes one CSV file to the disk: no Parquet, no order, no storage.
    """
    ours: list[float] = []
    peer: list[float] = []
    memory: list[float] = []
    with child("benchmarks.export_server", ["--rows", str(ROWS), "--people", str(PEOPLE)]) as server:
        served = server.hear()
        for _ in range(runs or RUNS):
            seconds, mebibytes = _export(served)
            ours.append(seconds / ROWS * 1e6)
            memory.append(mebibytes)
            peer.append(_collect(served))
    what = f"{ROWS:,} rows of usage from Graph's pages to"
    return [
        Figure(
            name="export",
            what=f"{what} Parquet and CSV in storage, per million rows",
            unit="s",
            ours=tuple(ours),
            peer_name="SDK models in a list, csv to the disk, without Parquet and storage",
            peer=tuple(peer),
            goal=Goal("ratio", GOAL),
            limit="reading JSON; Graph itself allows 100 requests in 10 minutes",
        ),
        Figure(
            name="export_memory",
            what=f"peak memory above idle for {what} Parquet and CSV",
            unit="MiB",
            ours=tuple(memory),
            peer_name="none",
            peer=(),
            goal=Goal("ours", GOAL_MEBIBYTES),
            limit="the rows that are sorted at once, and a row group of Parquet",
        ),
    ]


def _export(served: dict[str, Any]) -> tuple[float, float]:
    """Seconds, and mebibytes above idle. Raises RuntimeError where rows are missing."""
    with azurite_process() as azurite, child("benchmarks.export_worker") as worker:
        worker.tell({"storage": azurite.connection_string, "url": served["url"]})
        worker.hear()
        watch = MemoryWatch(worker.pid)
        with watch.watching():
            worker.tell({"first": served["firstDate"], "last": served["lastDate"]})
            done = worker.hear()
    _check(done, served["rows"], served["totals"]["pageCount"])
    return float(done["seconds"]), (watch.peak - watch.idle) / 2**20


def _collect(served: dict[str, Any]) -> float:
    """Seconds for a million rows."""
    with TemporaryDirectory(prefix="benchmark-") as folder, child("benchmarks.export_peer") as process:
        process.hear()
        process.tell({"url": served["url"], "csv": str(Path(folder) / "usage.csv"), "rows": PEER_ROWS})
        done = process.hear()
    return float(done["seconds"]) / int(done["rows"]) * 1e6


def _check(done: dict[str, Any], rows: int, pages: int) -> None:
    if (done["rows"], done["pageCount"]) != (rows, pages):
        raise RuntimeError(f"the export is not whole: {done}, of {rows} rows and {pages} pages")
