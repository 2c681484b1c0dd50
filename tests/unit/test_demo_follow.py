"""Following the demo's documents: until all have a receipt, or the time is over, or a process has ended."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from emulator.demo.follow import Follower
from emulator.demo.outcomes import Expected, Receipt
from emulator.demo.processes import ProcessFailed

EXPECTED: dict[str, Expected] = {"finance/wrong.pdf": "failed"}
RECEIPT = Receipt("finance/wrong.pdf", 22, "failed", "It is a zip archive.", None, None, "print-failed/x/wrong.pdf")


class Script:
    """Storage that moves on by one step at each look, and the clock and sleep that go with it."""

    def __init__(self, *states: str, receipt_after: int) -> None:
        self._states = states
        self._receipt_after = receipt_after
        self.looks = 0
        self.time = 0.0

    async def states(self) -> dict[str, str]:
        self.looks += 1
        return {"finance/wrong.pdf": self._states[min(self.looks, len(self._states)) - 1]}

    async def receipts(self) -> list[Receipt]:
        return [RECEIPT] if self.looks > self._receipt_after else []

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    def now(self) -> float:
        return self.time


def follower(script: Script, tmp_path: Path) -> tuple[Follower, io.StringIO]:
    text = io.StringIO()
    return Follower(script, tmp_path, Console(file=text, width=120)), text


async def test_each_change_is_one_line_until_the_receipt_is_there(tmp_path: Path) -> None:
    script = Script("accepted", "accepted", "closing", receipt_after=3)
    subject, text = follower(script, tmp_path)
    rows, receipts = await subject.follow(EXPECTED, lambda: None, seconds=60, now=script.now, sleep=script.sleep)
    assert ([row.fault for row in rows], receipts) == ([None], [RECEIPT])
    assert [line.strip() for line in text.getvalue().splitlines()] == [
        "finance/wrong.pdf: accepted", "finance/wrong.pdf: closing", "finance/wrong.pdf: failed"
    ]  # fmt: skip


async def test_it_gives_up_after_its_time_with_the_open_documents_named(tmp_path: Path) -> None:
    script = Script("accepted", receipt_after=10**6)
    subject, _ = follower(script, tmp_path)
    rows, _ = await subject.follow(EXPECTED, lambda: None, seconds=60, now=script.now, sleep=script.sleep)
    assert [row.fault for row in rows] == ["has no receipt yet"]
    assert script.time >= 60


async def test_a_process_that_ended_is_told_at_once(tmp_path: Path) -> None:
    script = Script("accepted", receipt_after=10**6)
    subject, _ = follower(script, tmp_path)

    def check() -> None:
        raise ProcessFailed("The functions host ended with code 1.")

    with pytest.raises(ProcessFailed, match="ended with code 1"):
        await subject.follow(EXPECTED, check, seconds=60, now=script.now, sleep=script.sleep)
