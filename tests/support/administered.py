"""Commands of an administrator against the emulator: real storage, and a browser where the codes are typed."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from emulator.azurite import StorageAccount
from emulator.universal_print.world import AppRegistration
from printops import administrator
from printops.cli import app
from shared.graph.admin_permissions import NEEDS, least_permissions
from shared.names import CATALOG_PATH, STATE
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from tests.support.emulated_service import CLIENT, SECRET, TENANT, quick_settings, running_service, small_tenant
from tests.support.managed_tenant import SetUp
from tests.support.sign_in import KEY

APPLICATION = frozenset({"Printer.Read.All", "Printer.ReadWrite.All", "PrintTaskDefinition.ReadWrite.All"})
OTHER_CLIENT = "9d2e4f60-1b3c-4a5d-8e7f-001122334455"
_CODE = re.compile(r"(https://\S+/devicelogin)\b.*?\b([A-Z0-9]{9})\b")


@dataclass(slots=True)
class AdministratorsDesk:
    """`asked` are the scopes of each sign-in; whoever is `at_the_desk` signs in where a code is shown."""

    set_up: SetUp
    storage: StorageAccount
    at_the_desk: str
    asked: list[set[str]] = field(default_factory=list)

    async def printops(self, *arguments: str, typed: str = "") -> Result:
        """Run a command."""
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments, input=typed))

    async def done(self, *arguments: str, typed: str = "") -> str:
        """Run a command that must succeed; what it says."""
        ended = await self.printops(*arguments, typed=typed)
        assert ended.exit_code == 0, ended.output
        return words(ended)

    async def answer(self, *arguments: str) -> Any:
        """Run a command with `--json` that must succeed; its answer, or a list where it is one a line."""
        ended = await self.printops(*arguments, "--json")
        assert ended.exit_code == 0, ended.output
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        return lines[0] if len(lines) == 1 else lines

    async def refused(self, *arguments: str, typed: str = "") -> str:
        """Run a command that must be refused; what it says."""
        ended = await self.printops(*arguments, typed=typed)
        assert ended.exit_code == 1, ended.output
        return words(ended)

    async def publish(self, document: dict[str, Any]) -> None:
        """Put a catalog where the functions read it."""
        async with open_storage(StorageConnection(self.storage.connection_string)) as storage:
            await storage.container(STATE).create_container()
            await storage.state.create(CATALOG_PATH, json.dumps(document).encode())

    async def catalog(self) -> dict[str, Any]:
        """The published catalog."""
        async with open_storage(StorageConnection(self.storage.connection_string)) as storage:
            stored = await storage.state.read(CATALOG_PATH)
            assert stored is not None
            document: dict[str, Any] = json.loads(stored.content)
            return document

    def changes(self) -> list[str]:
        """The operations that were asked for and change something, sign-ins left out."""
        log = self.set_up.service.emulator.requests
        return [entry.operation for entry in log if entry.method != "GET" and "/print/" in entry.path]

    def type_code(self, message: str) -> None:
        """What the person does who reads a sign-in's message."""
        found = _CODE.search(message)
        if found is None:
            return
        emulator = self.set_up.service.emulator
        codes = emulator.authority.sign_ins.device_codes.values()
        self.asked.extend(set(entry.scopes.permissions) for entry in codes if entry.user_code == found[2])
        with httpx.Client(verify=ssl.create_default_context(cafile=str(emulator.ca_bundle))) as http:
            page = {"otc": found[2], "userPrincipalName": self.at_the_desk}
            http.post(found[1], data=page).raise_for_status()


def words(ended: Result) -> str:
    """What a command said on both streams, on one line."""
    return " ".join(ended.output.split())


@asynccontextmanager
async def administrators_desk(
    storage: StorageAccount, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AdministratorsDesk]:
    """The small tenant with all consent that commands ask for, and settings in the folder."""
    tenant = small_tenant()
    tenant.app.delegated |= frozenset(least_permissions(NEEDS)) | frozenset(
        permission for need in NEEDS.values() for permission in need.least
    )
    tenant.app.application |= APPLICATION
    tenant.world.add_app(AppRegistration(OTHER_CLIENT, "Another", frozenset(), APPLICATION, secrets=(SECRET,)))
    settings = quick_settings(registration_time=timedelta(0), registration_retry_seconds=0)
    async with running_service(folder / "emulator", tenant, settings) as service:
        values = {
            "PrintStorage": storage.connection_string,
            "GRAPH_BASE_URL": f"{service.url}/v1.0",
            "GRAPH_AUTHORITY": service.url,
            "GRAPH_TENANT_ID": TENANT,
            "GRAPH_CLIENT_ID": CLIENT,
            "GRAPH_CLIENT_SECRET": SECRET,
            "GRAPH_CA_BUNDLE": str(service.emulator.ca_bundle),
            "PRINT_ACCOUNTS": tenant.anna.user_principal_name,
            "TOKEN_CACHE_KEY": KEY,
        }
        (folder / "local.settings.json").write_text(json.dumps({"Values": values}), encoding="utf-8")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")
        desk = AdministratorsDesk(SetUp(service), storage, tenant.administrator.user_principal_name)
        monkeypatch.setattr(administrator, "told", desk.type_code)
        yield desk
