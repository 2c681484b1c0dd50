"""Follows the dropped documents to their end and shows how far each has come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.live import Live

from emulator.demo.outcomes import Expected, Receipt, Row, join, read_slips
from emulator.demo.table import outcome_table

LOOK_SECONDS = 0.4


class Watched(Protocol):
    """What storage says of the documents; `DemoStorage` is one."""

    async def receipts(self) -> list[Receipt]:
        """The receipts so far."""
        ...

    async def states(self) -> dict[str, str]:
        """How far each submission has come, by the document's name."""
        ...


class Follower:
    """Looks at storage and paper until every expected document has a receipt.

    On a terminal the table is drawn in place; elsewhere each change is a line.
    """

    def __init__(self, storage: Watched, paper: Path, console: Console) -> None:
        self._storage = storage
        self._paper = paper
        self._console = console
        self._said: dict[str, str] = {}

    async def follow(
        self,
        expected: Mapping[str, Expected],
        check: Callable[[], None],
        *,
        seconds: float,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> tuple[list[Row], list[Receipt]]:
        """Rows and receipts at the end, or after `seconds`. `check` raises when a process of the demo has ended."""
        deadline = now() + seconds
        with self._live() as live:
            while True:
                check()
                states = await self._storage.states()
                receipts = await self._storage.receipts()
                rows = join(expected, receipts, read_slips(self._paper))
                if live:
                    live.update(outcome_table(rows, states))
                else:
                    self._say(rows, states)
                if all(row.outcome != "open" for row in rows) or now() >= deadline:
                    return rows, receipts
                await sleep(LOOK_SECONDS)

    def _live(self) -> AbstractContextManager[Live | None]:
        if not self._console.is_terminal:
            return nullcontext()
        return Live(console=self._console, refresh_per_second=5, transient=True)

    def _say(self, rows: list[Row], states: Mapping[str, str]) -> None:
        for row in rows:
            state = states.get(row.document, "") if row.outcome == "open" else row.outcome
            if state and self._said.get(row.document) != state:
                self._said[row.document] = state
                self._console.print(f"          {row.document}: {state}", highlight=False, markup=False)
