"""One trace from file to receipt, metrics of what came of it, and nothing at all while telemetry is off."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.faults import Fault
from shared import alerts
from shared.alerts import Observed
from shared.bounds import Bounds
from shared.health import update_alerts
from shared.names import EVENTS_QUEUE, INBOX, JOBS_QUEUE, QUEUES, STATE
from shared.services import Services
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from shared.submission.accepting import accept
from shared.submission.record import State
from shared.telemetry.names import hide_names
from shared.telemetry.switch import switch
from shared.watching import stuck_text
from tests.support.accounts import ONE, TWO, make_pool
from tests.support.clock import Clock
from tests.support.documents import pdf
from tests.support.drop_world import DropWorld, drop_world
from tests.support.telemetry import Telemetry, recording
from tests.support.tenant import ROOT


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
async def world(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[DropWorld]:
    async with drop_world(storage_account, tmp_path) as built:
        yield built


async def test_a_document_has_one_trace_from_the_file_to_its_receipt(world: DropWorld, telemetry: Telemetry) -> None:
    key = await world.drop("office/letter.pdf", pdf())
    await world.settle()
    names = telemetry.of_trace(key)
    assert names[0] == "accept document"
    assert {"print document", "follow job", "Graph: create job", "Graph: start job", "Graph: get job"} <= set(names), (
        names
    )
    stray = [span.name for span in telemetry.spans if f"{span.context.trace_id:032x}" != key]
    assert stray == []


async def test_metrics_tell_what_came_of_documents_and_how_long_it_took(world: DropWorld, telemetry: Telemetry) -> None:
    content = pdf()
    await world.drop("office/letter.pdf", content)
    await world.drop("office/empty.zip", b"PK\3\4 not printable")
    await world.settle()
    metrics = telemetry.metrics()
    assert metrics["print.submitted"] == [({}, 2)]
    assert metrics["print.printed"] == [({"source": "drop", "reason": "completed"}, 1)]
    ((failed, number),) = metrics["print.failed"]
    assert (failed["source"], number) == ("drop", 1)
    assert metrics["print.upload_bytes"] == [({}, len(content))]
    assert metrics["print.upload_seconds"][0][0] == {}
    assert metrics["print.drop_to_paper"][0][1] > 0


async def test_each_minute_tells_how_queues_and_accounts_stand(
    storage_account: StorageAccount, telemetry: Telemetry
) -> None:
    clock = Clock(datetime.now(UTC))
    connection = StorageConnection(storage_account.connection_string)
    async with open_storage(connection) as storage, httpx.AsyncClient() as http:
        await storage.container(STATE).create_container()
        for name in (JOBS_QUEUE, EVENTS_QUEUE):
            await storage.queue_client(name).create_queue()
        await storage.queue(EVENTS_QUEUE).send({"key": "x"})
        await storage.queue(JOBS_QUEUE).send({"key": "x"}, 3600)
        settings = SimpleNamespace(notification_url=None, alert_webhook_url=None, bounds=Bounds())
        pool = make_pool(storage.state, clock)
        ready = SimpleNamespace(storage=storage, http=http, settings=settings, pool=pool)
        await update_alerts(cast("Services", ready))
        assert await storage.queue(EVENTS_QUEUE).late_seconds(datetime.now(UTC) + timedelta(minutes=1)) >= 60
    metrics = telemetry.metrics()
    depths = {str(attributes["queue"]): depth for attributes, depth in metrics["print.queue_depth"]}
    assert (depths[JOBS_QUEUE], depths[EVENTS_QUEUE], depths["print-jobs-poison"]) == (1, 1, 0)
    ages = {str(attributes["queue"]): seconds for attributes, seconds in metrics["print.queue_age"]}
    assert set(ages) == set(QUEUES)
    assert ages[EVENTS_QUEUE] >= ages[JOBS_QUEUE] == 0, "nobody is late with what is hidden"
    left = [(attributes["account"], share) for attributes, share in metrics["print.account_budget_left"]]
    assert {account for account, _ in left} == {ONE, TWO}
    assert {share for _, share in left} == {1.0}


@pytest.mark.parametrize("named", [True, False])
async def test_the_log_names_documents_only_where_it_may(
    world: DropWorld, caplog: pytest.LogCaptureFixture, named: bool
) -> None:
    # The level of the worker in Azure.
    caplog.set_level(logging.INFO)
    # An earlier test may have quieted the clients.
    logging.getLogger("azure.core").setLevel(logging.NOTSET)
    switch({}, telemetry=False, log_names=named)
    try:
        await world.drop("office/secret-plans.pdf", pdf())
        await world.drop("office/secret-archive.zip", b"PK\3\4 not printable")
        await world.drop("office/secret-change.pdf", pdf())
        await world.put("office/secret-change.pdf", pdf(pages=2))
        await accept(INBOX, "office/secret-ghost.pdf", world.services)
        await world.recover()
        record = (await world.records())[0]
        alert = stuck_text([replace(record, state=State.ACCEPTED)], False, timedelta(hours=2))
        await alerts.update(Observed({"document-stuck": str(alert)}), world.state, httpx.AsyncClient(), None)
    finally:
        hide_names(False)
    told = [line for line in caplog.records if line.name.startswith(("shared.", "azure."))]
    naming = {line.name for line in told if "secret-" in f"{line.getMessage()} {line.exc_text}"}
    assert naming == ({"shared.submission.accepting", "shared.alerts"} if named else set())


async def test_a_refused_call_tells_what_support_asks_for_and_nothing_secret(
    world: DropWorld, telemetry: Telemetry
) -> None:
    world.emulator.faults.add(Fault("status", "startShareJob", status=400, code="invalidRequest", count=None))
    await world.drop("office/secret-plans.pdf", pdf())
    await world.settle()
    (refused,) = [span for span in telemetry.spans if span.name == "Graph: start job"]
    attributes = dict(refused.attributes or {})
    assert (attributes["http.response.status_code"], attributes["graph.error.code"]) == (400, "invalidRequest")
    assert attributes["graph.request_id"]
    told = "".join(f"{span.name} {dict(span.attributes or {})} {span.events}" for span in telemetry.spans)
    assert "secret-plans" not in told
    assert "uploads/" not in told


def test_nothing_of_telemetry_is_imported_while_it_is_off() -> None:
    code = (
        "import sys; import shared.services, shared.telemetry.switch as s; "
        "s.switch({'APPLICATIONINSIGHTS_CONNECTION_STRING': 'x'}, telemetry=False, log_names=True); "
        "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
