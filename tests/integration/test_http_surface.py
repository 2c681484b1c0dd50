"""Whatever is sent to the app over HTTP, it answers as docs/openapi.yaml says, and never with a server error."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from emulator.azurite import Azurite
from shared.kiosk.badges import badge_hash
from shared.kiosk.devices import secret_hash
from shared.kiosk.keys import KioskKeys
from shared.kiosk.records import DeviceSecret, Kiosk, badge_summary, encode_badge, encode_kiosk
from shared.names import CATALOG_PATH, CONTAINERS, badge_path, kiosk_path
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from tests.support.full_stack import NEVER
from tests.support.kiosk_world import ANNA_BADGE, ANNA_PERSON, KEY
from tests.support.notices import SECRET, SETTINGS
from tests.support.task_world import OFFICE, catalog_document
from tests.support.tenant import ROOT, TENANT_ID

DOCUMENT = ROOT / "docs" / "openapi.yaml"
LOBBY = "lobby"
LOBBY_SECRET = "the secret of the lobby"
EXAMPLES = 25
load_all_checks()
PROMISES: Any = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
SCHEMA = schemathesis.openapi.from_path(DOCUMENT)


@dataclass(frozen=True)
class Surface:
    """The running app, and the headers of everybody whom it knows."""

    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def surface(
    azurite: Azurite, _account_numbers: Iterator[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Surface]:
    account = azurite.account(f"test{next(_account_numbers)}")
    asyncio.run(_publish(account.connection_string))
    values = SETTINGS | {
        "PrintStorage": account.connection_string,
        "AzureWebJobsStorage": account.connection_string,
        "KIOSK_KEY": KEY,
        "GRAPH_BASE_URL": "https://localhost:1/v1.0",
        "GRAPH_AUTHORITY": "https://localhost:1",
        # A kiosk or a badge that is guessed at random is slowed, and then nothing else would be tried.
        "KIOSK_FREE_FAILURES": "100000",
        "RECONCILE_SCHEDULE": NEVER,
        "UPKEEP_SCHEDULE": NEVER,
        "USAGE_EXPORT_SCHEDULE": NEVER,
        "AzureWebJobs.print_tasks.Disabled": "true",
    }
    file = tmp_path_factory.mktemp("surface") / "settings.json"
    file.write_text(json.dumps({"Values": values}), encoding="utf-8")
    command = [sys.executable, "-m", "emulator.functions_host", "--app", str(ROOT), "--port", "0", "--no-events"]
    with subprocess.Popen(
        [*command, "--one-worker", "--settings", str(file)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        try:
            assert host.stdout is not None
            ready = json.loads(host.stdout.readline())
            headers = {
                "X-Kiosk-Id": LOBBY,
                "Authorization": f"Bearer {LOBBY_SECRET}",
                "x-functions-key": ready["masterKey"],
            }
            tap = httpx.post(
                f"{ready['url']}/api/kiosk/session", json={"badge": ANNA_BADGE}, headers=headers, timeout=30
            )
            assert tap.status_code == 200, tap.text
            yield Surface(ready["url"], headers | {"X-Kiosk-Session": tap.json()["session"]})
        finally:
            host.terminate()


async def _publish(connection_string: str) -> None:
    """A catalog, a kiosk and a badge."""
    keys = KioskKeys((KEY,))
    kiosk = Kiosk(
        LOBBY, "Lobby", OFFICE, (DeviceSecret(secret_hash(LOBBY, LOBBY_SECRET, keys)),), "2026-11-01T00:00:00Z", True
    )
    async with open_storage(StorageConnection(connection_string)) as storage:
        for container in CONTAINERS:
            await storage.container(container).create_container()
        await storage.state.create(CATALOG_PATH, json.dumps(catalog_document()).encode())
        await storage.state.create(kiosk_path(LOBBY), encode_kiosk(kiosk))
        path = badge_path(badge_hash(ANNA_BADGE, keys))
        await storage.state.create(path, encode_badge(ANNA_PERSON), badge_summary(ANNA_PERSON))


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_is_answered_as_documented(surface: Surface, case: Any) -> None:
    items = case.body.get("value") if isinstance(case.body, dict) else None
    for item in items[::2] if isinstance(items, list) else []:
        if isinstance(item, dict):
            # What carries no secret is passed over unread, and would try nothing behind that.
            item |= {"clientState": SECRET, "tenantId": TENANT_ID}
    case.call_and_validate(base_url=surface.url, headers=surface.headers, checks=PROMISES)


@SCHEMA.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_strangers_are_answered_as_documented(surface: Surface, case: Any) -> None:
    answer = case.call_and_validate(base_url=surface.url, checks=PROMISES)
    if case.operation.path.startswith(("/api/status", "/api/usage", "/api/kiosk")):
        assert answer.status_code in (400, 401, 404)


def test_the_document_has_every_route_of_the_app_but_the_page_of_the_kiosk(surface: Surface) -> None:
    headers = {"x-functions-key": surface.headers["x-functions-key"]}
    functions: list[dict[str, Any]] = httpx.get(f"{surface.url}/admin/functions", headers=headers).json()
    triggers = [function["config"]["bindings"][0] for function in functions]
    served = {
        (method.lower(), f"/api/{trigger['route']}")
        for trigger in triggers
        if trigger["type"] == "httpTrigger"
        for method in trigger["methods"]
    }
    page = {("get", "/api/kiosk"), ("get", "/api/kiosk/assets/{name}")}
    operations: list[Any] = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
    described = {(operation.method.lower(), operation.path) for operation in operations}
    assert served - page == described
