"""What a benchmark says: measured values beside its peer's, its goal and the limit that physics or the service sets."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import psutil


@dataclass(frozen=True, slots=True)
class Goal:
    """What must hold: `ratio` (the peer's cost over ours) at least `value`, or `ours` at most `value`."""

    of: Literal["ratio", "ours"]
    value: float

    def __str__(self) -> str:
        return f"ratio >= {self.value:g}" if self.of == "ratio" else f"ours <= {self.value:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured cost. `ours` and `peer` hold a value for each run, in `unit`; smaller is better.

    `limit` says in words what bounds the figure from below, whoever is measured.
    """

    name: str
    what: str
    unit: str
    ours: tuple[float, ...]
    peer_name: str
    peer: tuple[float, ...]
    goal: Goal
    limit: str

    @property
    def ratio(self) -> float | None:
        """The peer's median cost over ours: more than 1 means that we are ahead. None without a peer."""
        return median(self.peer) / median(self.ours) if self.peer and median(self.ours) else None

    @property
    def reached(self) -> bool:
        """Whether the goal holds for the medians."""
        if self.goal.of == "ours":
            return median(self.ours) <= self.goal.value
        return self.ratio is not None and self.ratio >= self.goal.value

    def as_json(self) -> dict[str, Any]:
        """The entry of the JSON list. `ours` and `peer` are medians, `spread` the least and the most of each."""
        return {
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "ours": round(median(self.ours), 4),
            "peer_name": self.peer_name,
            "peer": round(median(self.peer), 4) if self.peer else None,
            "ratio": round(self.ratio, 3) if self.ratio is not None else None,
            "goal": str(self.goal),
            "runs": len(self.ours),
            "spread": {"ours": _span(self.ours), "peer": _span(self.peer)},
        }


def machine() -> str:
    """The machine that the figures were taken on, without its name."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}"
    )


def _span(values: tuple[float, ...]) -> list[float] | None:
    return [round(min(values), 4), round(max(values), 4)] if values else None
