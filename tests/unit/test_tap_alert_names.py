"""Alerts of held jobs keep the names of documents to themselves where the settings say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared.errors import GraphDenied
from shared.graph.task_client import PrinterStatus
from shared.held.releasing import ReleaseCode, release
from shared.telemetry.names import hide_names, shown
from tests.support.task_world import OFFICE, TaskWorld, task_world

DENIED = GraphDenied("call", 403, "accessDenied", "no")


@pytest.fixture(autouse=True)
def _hidden() -> Iterator[None]:
    hide_names(True)
    yield
    hide_names(False)


@pytest.mark.parametrize(
    ("code", "action", "method", "accepting"),
    [
        ("noPrinterReady", {"do": "redirect", "printer": OFFICE}, "none", False),
        ("redirectRefused", {"do": "redirect", "printer": OFFICE}, "redirect", True),
        ("abortRefused", {"do": "abort", "reason": "No."}, "abort", True),
    ],
)
async def test_an_alert_of_a_policy_names_no_document(
    code: str, action: dict[str, Any], method: str, accepting: bool
) -> None:
    world = task_world()
    world.catalog["policies"] = [{"name": "rule", "action": action}]
    world.graph.printers[OFFICE] = PrinterStatus(OFFICE, "Office colour", "idle", accepting=accepting)
    world.graph.faults[method] = [(DENIED, False)]
    entry = await world.hold()

    assert await _alert(world, f"print-task:{code}") == shown(entry.document_name)


async def test_an_alert_of_a_released_job_that_did_not_print_names_no_document() -> None:
    world = task_world()
    entry = await world.hold()
    answer = await release(
        entry.path, None, to_printer=OFFICE, kiosk_id="k", by="anna", changes={}, services=world.services
    )
    assert answer.code is ReleaseCode.RELEASED
    world.graph.set_state(OFFICE, str(answer.destination_job_id), "aborted")
    await world.settle()

    assert await _alert(world, "print-task:releasedJobFailed") == shown(entry.document_name)


async def _alert(world: TaskWorld, name: str) -> str:
    """What the alert calls the document."""
    reconciled = await world.reconcile()
    assert reconciled is not None
    return reconciled.alerts[name].split(" of ")[0]
