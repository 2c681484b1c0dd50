"""What a run did, for whoever relies on the files: which partitions changed, and by how much. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shared.errors import NotNow, PrintFunctionsError
from shared.usage.tables import PartitionResult
from shared.usage.watermark import Span

MANIFESTS = "runs/"

type Ending = Literal["done", "waiting", "busy", "failed"]


@dataclass(slots=True)
class SeriesRun:
    """What a run did to one series. `kept` are partitions of which nothing was reported now: they stay as they were.

    `ending`: `waiting` goes on soon by itself, `busy` was in the hands of another run. `reason` says why not `done`.
    """

    name: str
    ending: Ending = "done"
    reason: str = ""
    spans: list[Span] = field(default_factory=list)
    rows: int = 0
    pages: int = 0
    selection: str = ""
    skipped_printers: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    partitions: list[PartitionResult] = field(default_factory=list)

    @property
    def changed(self) -> list[PartitionResult]:
        """The partitions that are new or other than before."""
        return [result for result in self.partitions if result.changed]


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run. `wait` is after how many seconds it should go on, None where nothing is left to do.

    `failure` is the first error that no wait mends, `waiting` why there is a wait, where it was not another run.
    """

    begun: datetime
    ended: datetime
    series: Sequence[SeriesRun]
    wait: float | None = None
    failure: PrintFunctionsError | None = None
    waiting: NotNow | None = None

    @property
    def span(self) -> Span | None:
        """The days that were read in it, from the first to the last; None for none."""
        spans = [span for one in self.series for span in one.spans]
        return Span(min(span.first for span in spans), max(span.last for span in spans)) if spans else None

    @property
    def path(self) -> str:
        """Where its manifest lies. Runs that begin in the same second would be one run: claims keep them apart."""
        return f"{MANIFESTS}{self.begun.astimezone(UTC):%Y-%m-%dT%H-%M-%S-%fZ}.json"


def manifest(run: Run) -> bytes:
    """The document at `Run.path`."""
    document = {
        "version": 1,
        "begun": _moment(run.begun),
        "ended": _moment(run.ended),
        "series": [_series(one) for one in run.series],
    }
    return json.dumps(document, indent=1).encode()


def _series(run: SeriesRun) -> Mapping[str, Any]:
    return {
        "name": run.name,
        "ending": run.ending,
        "reason": run.reason,
        "read": [{"from": span.first.isoformat(), "to": span.last.isoformat()} for span in run.spans],
        "selection": run.selection,
        "rows": run.rows,
        "pages": run.pages,
        "skippedPrinters": run.skipped_printers,
        "keptPartitions": run.kept,
        "partitions": [_partition(result) for result in run.partitions],
    }


def _partition(result: PartitionResult) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "key": result.key,
        "changed": result.changed,
        "rows": result.rows,
        "sha256": result.sha256,
        "bytes": result.bytes,
        "csvSha256": result.csv_sha256,
        "totals": dict(result.totals),
    }
    if result.changed:
        # What a change was is what people ask when last week's figures are other ones today.
        shown["before"] = None if result.before is None else {"rows": result.rows_before, "totals": dict(result.before)}
    return shown


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
