"""An operator sets a kiosk and badges up by commands, and a tap works against real storage."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from emulator.azurite import StorageAccount
from printops.cli import app
from shared.audit import AUDIT_PREFIX
from shared.held.entry import HeldEntry
from shared.kiosk.http import answer_jobs, answer_session, serve
from shared.kiosk.records import Person
from shared.kiosk.services import KioskServices, open_kiosk_services
from shared.names import CATALOG_PATH, STATE
from shared.services import open_services
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from shared.storage.day_log import BlobDayLog
from shared.tasks.services import make_task_services
from tests.support.kiosk_world import held_entry
from tests.support.task_world import OFFICE, catalog_document

ANNA = Person("a0000000-0000-0000-0000-00000000000a", "anna@contoso.example", "anna@contoso.example")
ADDRESS = re.compile(r"https://print\.example/api/kiosk#kiosk=([a-z0-9-]+)&secret=([\w-]{43})")


@pytest.fixture
def settings(storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {
        "PrintStorage": storage_account.connection_string,
        "GRAPH_TENANT_ID": "01234567-89ab-cdef-0123-000000000000",
        "GRAPH_CLIENT_ID": "01234567-89ab-cdef-0123-456789abcdef",
        "GRAPH_CLIENT_SECRET": "unused",
        "PRINT_ACCOUNTS": "print1@contoso.example",
        "TOKEN_CACHE_KEY": Fernet.generate_key().decode(),
        "KIOSK_KEY": Fernet.generate_key().decode(),
        "NOTIFICATION_URL": "https://print.example",
        "NOTIFICATION_CLIENT_STATE": "secret",
    }
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    asyncio.run(_prepare(storage_account))
    return values


async def _prepare(account: StorageAccount) -> None:
    async with open_storage(StorageConnection(account.connection_string)) as storage:
        await storage.container(STATE).create_container()
        await storage.state.create(CATALOG_PATH, json.dumps(catalog_document()).encode())


def printops(*arguments: str, typed: str = "") -> str:
    ran = CliRunner().invoke(app, arguments, input=typed)
    assert ran.exit_code == 0, ran.output
    return ran.output


def refused(*arguments: str) -> str:
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 1
    assert "Traceback" not in ran.output
    return ran.output


@asynccontextmanager
async def kiosks(settings: dict[str, str]) -> AsyncIterator[KioskServices]:
    async with AsyncExitStack() as stack:
        base = await open_services(settings, stack)
        yield open_kiosk_services(base, make_task_services(base))


async def ask(services: KioskServices, answer: Any, headers: dict[str, str], body: Any = None) -> tuple[int, Any]:
    async def opened() -> KioskServices:
        return services

    content = json.dumps(body).encode() if body is not None else b""
    request = func.HttpRequest("POST", "/api/kiosk/x", headers=headers, body=content)
    answered = await serve(answer, request, opened)
    return answered.status_code, json.loads(answered.get_body())


def test_a_kiosk_and_badges_set_up_by_commands_work_until_they_are_removed(
    settings: dict[str, str], tmp_path: Path
) -> None:
    found = ADDRESS.search(printops("kiosk", "add", "Floor 2, east", "--printer", "office colour"))
    assert found is not None
    kiosk, secret = found.groups()
    assert kiosk == "floor-2-east"
    assert secret not in printops("kiosk", "list")
    badges = tmp_path / "badges.csv"
    badges.write_text(f"upn,badge,id,pin\n{ANNA.user_principal_name},04A2B3C4D5E680,{ANNA.user_id},4802\n", "utf-8")
    assert "1 badges added" in printops("badge", "import", str(badges), "--user-id", "id")
    assert "known already" in printops(
        "badge", "add", ANNA.user_principal_name, "--user-id", ANNA.user_id, typed="80E6D5C4B3A204\n"
    )
    headers = {"X-Kiosk-Id": kiosk, "Authorization": f"Bearer {secret}"}

    async def taps() -> HeldEntry:
        async with kiosks(settings) as services:
            entry = held_entry(ANNA, "100", "70000000-0000-0000-0000-000000000100", services)
            await services.tasks.entries.hold(entry)
            status, answer = await ask(services, answer_session, headers, {"badge": "80:E6:D5:C4:B3:A2:04"})
            assert status == 200, answer
            assert answer["kiosk"]["printer"]["id"] == OFFICE
            assert [job["document"] for job in answer["jobs"]] == [entry.document_name]
            by_pin = {"userName": ANNA.user_principal_name, "pin": "4802"}
            assert (await ask(services, answer_session, headers, by_pin))[0] == 200
            with_session = {**headers, "X-Kiosk-Session": answer["session"]}
            assert (await ask(services, answer_jobs, with_session))[0] == 200
            for _ in range(services.bounds.kiosk_free_failures + 1):
                assert (await ask(services, answer_session, headers, {"badge": "DEADBEEF"}))[0] == 403
            assert (await ask(services, answer_session, headers, {"badge": "04A2B3C4D5E680"}))[0] == 429
            return entry

    asyncio.run(taps())
    assert ADDRESS.search(printops("kiosk", "rotate", kiosk))
    printops("kiosk", "disable", kiosk)
    assert asyncio.run(_tap(settings, headers)) == (401, "unknownDevice")
    printops("kiosk", "enable", kiosk)
    assert asyncio.run(_tap(settings, headers)) == (429, "slowDown")
    assert "1 removed" in printops("badge", "remove", "--user", ANNA.user_principal_name)
    printops("kiosk", "remove", kiosk)
    assert asyncio.run(_tap(settings, headers)) == (401, "unknownDevice")
    assert asyncio.run(_audited(settings)) == {"session": 2, "tapRefused": 8}


async def _tap(settings: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
    async with kiosks(settings) as services:
        status, answer = await ask(services, answer_session, headers, {"badge": "04A2B3C4D5E680"})
        return status, answer["code"]


async def _audited(settings: dict[str, str]) -> dict[str, int]:
    async with open_storage(StorageConnection(settings["PrintStorage"])) as storage:
        log = BlobDayLog(storage.container(STATE), AUDIT_PREFIX)
        events = [line["event"] async for day in log.days() async for line in log.read(day)]
    return {event: events.count(event) for event in events}


def test_what_cannot_be_done_is_told_in_a_sentence(settings: dict[str, str], tmp_path: Path) -> None:
    assert "virtual" in refused("kiosk", "add", "Lobby", "--printer", "Follow me")
    assert "There is no kiosk nowhere" in refused("kiosk", "remove", "nowhere")
    badges = tmp_path / "badges.csv"
    badges.write_text("anna@contoso.example,04A2B3C4\nben,1\n", "utf-8")
    assert "line 2" in refused("badge", "import", str(badges))
    assert "neither badge nor PIN" in refused("badge", "remove", "--user", "anna@contoso.example")
    settings.pop("KIOSK_KEY")
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": settings}), encoding="utf-8")
    assert "KIOSK_KEY is missing" in refused("kiosk", "list")
