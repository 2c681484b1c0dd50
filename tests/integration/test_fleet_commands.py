"""`printops init`, `plan`, `apply` and `drift` as an administrator runs them: sign-in, real storage, exit codes."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from emulator.azurite import StorageAccount
from emulator.universal_print.empty_tenant import ADMINISTRATOR, PRINT_ACCOUNTS, TENANT_ID
from printops import administrator
from printops.cli import app
from shared.catalog import parse_catalog
from shared.names import CATALOG_PATH, STATE
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from tests.support.empty_tenant import EmptyTenant, empty_tenant
from tests.support.fleet_world import consented_app
from tests.support.sign_in import KEY

CODE = re.compile(r"(https://\S+/devicelogin)\b.*?\b([A-Z0-9]{9})\b")
MORE = """
[task_definition]
name = "Follow me"

[[virtual_printers]]
name = "Follow me"
capabilities = { contentTypes = ["application/pdf"] }

[[shares]]
name = "Follow me"
alias = "follow-me"
printer = "Follow me"
everyone = true
"""


@dataclass(slots=True)
class Desk:
    """An administrator's desk: a folder, a shell, and a browser where device codes are typed."""

    tenant: EmptyTenant
    storage: StorageAccount
    folder: Path
    signed_in: list[str]

    async def printops(self, *arguments: str, typed: str = "") -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments, input=typed))

    @property
    def file(self) -> Path:
        return self.folder / "fleet.toml"

    async def overwrite_catalog(self, content: bytes) -> None:
        async with open_storage(StorageConnection(self.storage.connection_string)) as storage:
            await storage.container(STATE).upload_blob(CATALOG_PATH, content, overwrite=True)

    async def catalog(self) -> dict[str, Any]:
        shown = await self.printops("catalog", "show")
        assert shown.exit_code == 0, shown.output
        document: dict[str, Any] = json.loads(shown.stdout)
        return document


def browser(ca_bundle: Path, signed_in: list[str]) -> Callable[[str], None]:
    """Signs the administrator in where a command shows a code."""

    def read(message: str) -> None:
        found = CODE.search(message)
        if found:
            signed_in.append(found[2])
            with httpx.Client(verify=ssl.create_default_context(cafile=str(ca_bundle))) as http:
                page = {"otc": found[2], "userPrincipalName": ADMINISTRATOR}
                http.post(found[1], data=page).raise_for_status()

    return read


@pytest.fixture
async def desk(storage_account: StorageAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with empty_tenant(tmp_path / "emulator") as tenant:
        registration = await consented_app(tenant)
        values = {
            "PrintStorage": storage_account.connection_string,
            "GRAPH_BASE_URL": f"{tenant.url}/v1.0",
            "GRAPH_AUTHORITY": tenant.url,
            "GRAPH_TENANT_ID": TENANT_ID,
            "GRAPH_CLIENT_ID": registration.client_id,
            "GRAPH_CLIENT_SECRET": registration.secret,
            "GRAPH_CA_BUNDLE": str(tenant.emulator.ca_bundle),
            "PRINT_ACCOUNTS": ",".join(PRINT_ACCOUNTS),
            "TOKEN_CACHE_KEY": KEY,
        }
        (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        signed_in: list[str] = []
        monkeypatch.setattr(administrator, "told", browser(tenant.emulator.ca_bundle, signed_in))
        yield Desk(tenant, storage_account, tmp_path, signed_in)


async def test_a_tenant_is_made_ready_by_init_and_apply_and_drift_tells_of_changes(desk: Desk) -> None:
    started = await desk.printops("init")
    assert started.exit_code == 0, started.output
    text = desk.file.read_text("utf-8")
    assert 'name = "Hall MFP"' in text
    again = await desk.printops("init")
    assert again.exit_code == 2
    assert desk.file.read_text("utf-8") == text
    only_catalog = json.loads((await desk.printops("drift", "--json")).stdout)
    assert [step["kind"] for step in only_catalog["steps"]] == ["publishCatalog"]

    desk.file.write_text(text + MORE, encoding="utf-8")
    shown = await desk.printops("plan")
    assert "Share the printer 'Follow me' as 'Follow me' with everyone  [people notice]" in shown.output
    assert "needs PrinterShare.ReadWrite.All with the role Printer Administrator" in shown.output
    refused = await desk.printops("apply", typed="n\n")
    assert (refused.exit_code, "Nothing was changed." in refused.output) == (1, True)
    assert desk.tenant.emulator.world.shares == {}
    assert (await desk.printops("catalog", "show")).exit_code == 1

    applied = await desk.printops("apply", typed="y\n")
    assert applied.exit_code == 0, applied.output
    assert "The tenant is as the file says." in applied.output
    catalog = parse_catalog(json.dumps(await desk.catalog()).encode())
    share = catalog.find("follow-me")
    assert share is not None
    assert share.capabilities == {"contentTypes": ["application/pdf"]}
    assert [printer.virtual for printer in catalog.printers] == [True, False, False, False]

    same = await desk.printops("drift")
    assert (same.exit_code, "Nothing to do" in same.output) == (0, True)
    repeated = await desk.printops("apply")
    assert (repeated.exit_code, "Nothing to do" in repeated.output) == (0, True)
    only = next(iter(desk.tenant.emulator.world.shares.values()))
    only.allow_all_users = False
    told = await desk.printops("drift", "--json")
    assert told.exit_code == 2
    assert [step["kind"] for step in json.loads(told.stdout)["steps"]] == ["changeEveryone", "publishCatalog"]
    alone = await desk.printops("catalog", "publish")
    assert (alone.exit_code, "Apply the file" in alone.output) == (1, True)


async def test_a_file_from_a_tenant_that_is_ready_changes_nothing(desk: Desk) -> None:
    desk.file.write_text(MORE, encoding="utf-8")
    assert (await desk.printops("apply", "--yes")).exit_code == 0
    desk.file.unlink()
    assert (await desk.printops("init")).exit_code == 0
    assert "not in this file" in desk.file.read_text("utf-8")
    drifted = await desk.printops("drift")
    assert (drifted.exit_code, "Nothing to do" in drifted.output) == (0, True), drifted.output


async def test_a_cost_center_bears_the_people_of_its_groups_and_of_groups_in_them(desk: Desk) -> None:
    world = desk.tenant.emulator.world
    finance = next(group for group in world.groups.values() if group.display_name == "Finance")
    names = {user.user_principal_name for user in world.users.values() if finance.id in user.groups}
    desk.file.write_text('[[cost_centers]]\nname = "Finance"\ngroups = ["Finance"]\n', encoding="utf-8")
    assert (await desk.printops("apply", "--yes")).exit_code == 0
    [center] = (await desk.catalog())["costCenters"]
    assert (center["name"], set(center["members"])) == ("Finance", names)

    trainees = world.add_group("Trainees")
    trainees.groups.add(finance.id)
    world.add_user("tom@fabrikam.example", groups=[trainees])
    assert (await desk.printops("apply", "--yes")).exit_code == 0
    [center] = (await desk.catalog())["costCenters"]
    assert set(center["members"]) == {*names, "tom@fabrikam.example"}


async def test_a_file_that_is_wrong_is_told_before_anybody_signs_in(desk: Desk) -> None:
    missing = await desk.printops("drift")
    assert (missing.exit_code, "printops init" in missing.output) == (1, True)
    desk.file.write_text("[[share]]\n[[printers]]\nnane = 1", encoding="utf-8")
    wrong = await desk.printops("apply", "--yes")
    assert wrong.exit_code == 1
    assert "there is no section 'share' (did you mean 'shares'?)" in wrong.output
    assert "printers, entry 1 has no name" in wrong.output
    assert desk.signed_in == []


async def test_a_published_catalog_that_is_broken_is_replaced(desk: Desk) -> None:
    desk.file.write_text(MORE, encoding="utf-8")
    assert (await desk.printops("apply", "--yes")).exit_code == 0
    for broken in (b"{", b"[]", b'{"version": 1, "shares": [1]}', b'{"version": 1, "shares": [], "policies": [{}]}'):
        await desk.overwrite_catalog(broken)
        assert (await desk.printops("drift")).exit_code == 2
        desk.file.rename(desk.file.with_suffix(".kept"))
        assert (await desk.printops("init")).exit_code == 0
        assert ("\n[[shares]]\n" in desk.file.read_text(encoding="utf-8")) == (b'"shares": []' not in broken)
        desk.file.with_suffix(".kept").rename(desk.file)
    again = await desk.printops("apply", "--yes")
    assert again.exit_code == 0, again.output
    assert (await desk.printops("drift")).exit_code == 0


async def test_messages_name_the_file_that_was_given(desk: Desk) -> None:
    away = await desk.printops("plan", "--file", "main site.toml")
    assert (away.exit_code, "There is no main site.toml." in away.output) == (1, True)
    assert "python -m printops init --file 'main site.toml'" in away.output
    other = desk.folder / "main site.toml"
    for text, told in (
        ("[", "it is not TOML"),
        ("a = " + "[" * 5000, "too deeply"),
        ("[[share]]", "no section 'share'"),
    ):
        other.write_text(text, encoding="utf-8")
        refused = await desk.printops("drift", "--file", "main site.toml")
        assert (refused.exit_code, told in refused.output) == (1, True), refused.output
        assert "main site.toml needs attention:" in refused.output
    other.write_bytes(b"\xff")
    assert "main site.toml is no text in UTF-8" in (await desk.printops("apply", "-f", "main site.toml")).output
    assert desk.signed_in == []
    other.write_text('[[printers]]\nname = "Nobody\'s"\n', encoding="utf-8")
    lacking = await desk.printops("plan", "--file", "main site.toml")
    assert "main site.toml needs attention:" in lacking.output
    assert "fleet.toml" not in lacking.output


async def test_a_sign_in_that_is_remembered_serves_a_pipeline(desk: Desk) -> None:
    desk.file.write_text(MORE, encoding="utf-8")
    applied = await desk.printops("apply", "--yes", "--remember", "--administrator", ADMINISTRATOR)
    assert applied.exit_code == 0, applied.output
    assert len(desk.signed_in) == 1
    assert (await desk.printops("drift", "--administrator", ADMINISTRATOR)).exit_code == 0
    assert len(desk.signed_in) == 1
