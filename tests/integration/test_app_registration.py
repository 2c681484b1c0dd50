"""`printops app create` and `check` from an empty tenant, as an administrator runs them, until the app works."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from azure.identity import CertificateCredential
from typer.testing import CliRunner, Result

from emulator.universal_print.directory.published import COMMAND_LINE_TOOLS
from emulator.universal_print.empty_tenant import ADMINISTRATOR, PRINT_ACCOUNTS, TENANT_ID
from emulator.universal_print.tokens import managed_identity
from emulator.universal_print.world import AppRegistration
from printops import administrator
from printops.cli import app
from shared.accounts.authority import PERMISSIONS
from shared.directory.registration import LISTED_TAG
from shared.directory.wanted import DEFAULT_PARTS, SIGN_IN_SCOPES
from shared.permissions import Kind, permissions
from tests.integration.test_emulator_management_directory import JWT_BEARER
from tests.integration.test_fleet_commands import browser
from tests.support.certificates import self_signed
from tests.support.empty_tenant import EmptyTenant, empty_tenant
from tests.support.tenant import ROOT, browser_command
from tests.support.tenant import printops as printops_process

NAME = "Universal Print Functions"
COLLEAGUES = "0c0ffee0-0000-4000-8000-000000000001"
DOMAIN = "fabrikam.example"
IDENTITY = managed_identity.principal_id(TENANT_ID)


@dataclass(slots=True)
class Desk:
    """An administrator's desk before set-up: no settings but where the tenant is."""

    tenant: EmptyTenant
    folder: Path

    async def printops(self, *arguments: str, typed: str = "") -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, ("app", *arguments), input=typed))

    async def done(self, *arguments: str) -> str:
        ended = await self.printops(*arguments)
        assert ended.exit_code == 0, ended.output
        return " ".join(ended.output.split())

    async def failed(self, *arguments: str, code: int = 1) -> str:
        ended = await self.printops(*arguments)
        assert ended.exit_code == code, ended.output
        return " ".join(ended.output.split())

    @property
    def values(self) -> dict[str, str]:
        document = json.loads((self.folder / "local.settings.json").read_text("utf-8"))
        values: dict[str, str] = document["Values"]
        return values

    @property
    def made(self) -> AppRegistration:
        """The one app of the tenant's own."""
        (own,) = [one for one in self.tenant.emulator.world.apps.values() if not one.is_foreign]
        return own

    def changes(self) -> int:
        """How many requests to Graph would change something."""
        log = self.tenant.emulator.requests
        return sum(entry.method != "GET" and "/v1.0/" in entry.path for entry in log)

    def give_roles(self, *roles: str) -> None:
        user = self.tenant.emulator.world.user_named(ADMINISTRATOR)
        assert user is not None
        user.roles = frozenset(roles)


def environment(tenant: EmptyTenant) -> dict[str, str]:
    return {
        "GRAPH_BASE_URL": f"{tenant.url}/v1.0",
        "GRAPH_AUTHORITY": tenant.url,
        "GRAPH_CA_BUNDLE": str(tenant.emulator.ca_bundle),
        "GRAPH_TENANT_ID": TENANT_ID,
    }


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with empty_tenant(tmp_path / "emulator") as tenant:
        for name, value in environment(tenant).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(administrator, "told", browser(tenant.emulator.ca_bundle, []))
        yield Desk(tenant, tmp_path)


async def test_an_app_made_from_nothing_proves_itself_in_each_way_and_a_print_account_signs_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, both = self_signed()
    (desk.folder / "print.pem").write_bytes(both)
    example = (ROOT / "local.settings.example.json").read_text("utf-8")
    (desk.folder / "local.settings.json").write_text(example, encoding="utf-8")
    kept = {name: value for name, value in json.loads(example)["Values"].items() if not name.startswith("GRAPH_")}
    monkeypatch.delenv("GRAPH_TENANT_ID")
    proofs = ("--secret", "--certificate", "print.pem", "--managed-identity", IDENTITY)
    said = await desk.done("create", "--tenant", DOMAIN, *proofs, "--write", "local.settings.json", "--yes")
    assert "needs AppRoleAssignment.ReadWrite.All with the role Privileged Role Administrator" in said
    assert "send a held job on to the printer where its owner stands" in said

    made, values = desk.made, desk.values
    assert (made.display_name, made.allow_public_client, made.redirect_uris) == (NAME, True, ("http://localhost",))
    assert sorted(made.application) == list(permissions(Kind.APPLICATION, DEFAULT_PARTS))
    assert made.delegated == {*permissions(Kind.DELEGATED, DEFAULT_PARTS), *SIGN_IN_SCOPES}
    assert len(made.asked) == len(made.application) + len(made.delegated)
    secret = values.pop("GRAPH_CLIENT_SECRET")
    assert secret not in said
    identity = next(one for one in (await principals(desk)) if one["id"] == IDENTITY)
    assert values == {
        **environment(desk.tenant),
        **kept,
        "GRAPH_CLIENT_ID": made.client_id,
        "GRAPH_FEDERATED_CLIENT_ID": identity["appId"],
        "GRAPH_CLIENT_CERTIFICATE_PATH": str(desk.folder / "print.pem"),
    }

    by_secret = await desk.tenant.app_token(made.client_id, client_secret=secret)
    assertion = await desk.tenant.managed_identity_assertion()
    by_identity = await desk.tenant.app_token(
        made.client_id, client_assertion=assertion, client_assertion_type=JWT_BEARER
    )
    credential = CertificateCredential(
        *(TENANT_ID, made.client_id, str(desk.folder / "print.pem")),
        authority=desk.tenant.url,
        disable_instance_discovery=True,
        connection_verify=str(desk.tenant.emulator.ca_bundle),
    )
    by_certificate = (await asyncio.to_thread(credential.get_token, "https://graph.microsoft.com/.default")).token
    for token in (by_secret.json()["access_token"], by_identity.json()["access_token"], by_certificate):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await desk.tenant.http.get("/v1.0/print/taskDefinitions", headers=headers)).status_code == 200
    signed_in = await desk.tenant.sign_in(PRINT_ACCOUNTS[0], made.client_id, *PERMISSIONS)
    assert signed_in.status_code == 200, signed_in.text
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert (await desk.tenant.http.get("/v1.0/print/shares", headers=headers)).status_code == 200

    before = desk.changes()
    again = await desk.done("create", *proofs)
    assert "Nothing to do" in again
    assert "cannot be shown again" in again
    assert (await desk.printops("check")).exit_code == 0
    assert desk.changes() == before
    assert public in made.certificates[0]


async def principals(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.tenant.call("GET", "/servicePrincipals")).json()["value"]
    return found


async def test_nothing_is_made_unless_somebody_agrees_and_a_secret_is_shown_once(desk: Desk) -> None:
    refused = await desk.printops("create", "--secret", typed="n\n")
    assert (refused.exit_code, "Nothing was changed." in refused.output) == (1, True)
    assert desk.changes() == 0
    made = await desk.printops("create", "--secret", typed="y\n")
    assert made.exit_code == 0, made.output
    lines = [line for line in made.stdout.splitlines() if line.startswith("GRAPH_CLIENT_SECRET=")]
    (secret,) = [line.partition("=")[2] for line in lines]
    assert list(desk.made.expiring_secrets) == [secret]
    another = await desk.done("create", "--new-secret", "--yes")
    assert secret not in another
    assert len(desk.made.expiring_secrets) == 2


async def test_without_the_role_to_consent_the_rest_is_done_and_somebody_with_it_finishes(desk: Desk) -> None:
    desk.give_roles("Cloud Application Administrator")
    said = await desk.failed("create", "--secret", "--write", "local.settings.json", "--yes")
    assert "It takes the directory role Privileged Role Administrator" in said
    assert "4 of 10 steps are done" in said
    page = f"{desk.tenant.url}/{TENANT_ID}/adminconsent?client_id={desk.made.client_id}"
    assert page in said
    assert (desk.values["GRAPH_CLIENT_ID"], desk.made.application) == (desk.made.client_id, frozenset())
    differs = json.loads((await desk.printops("check", "--json")).stdout)
    assert {step["action"] for step in differs["steps"]} == {"consentToApplication"}

    desk.give_roles("Privileged Role Administrator")
    said = await desk.done("create", "--yes")
    assert "Create the app registration" not in said
    assert sorted(desk.made.application) == list(permissions(Kind.APPLICATION, DEFAULT_PARTS))


async def test_without_any_role_it_is_told_which_and_nothing_is_made(desk: Desk) -> None:
    desk.give_roles()
    said = await desk.failed("create", "--yes")
    assert "It takes the directory role Cloud Application Administrator" in said
    assert all(one.is_foreign for one in desk.tenant.emulator.world.apps.values())


async def test_check_tells_what_differs_to_programs_and_people_and_changes_nothing(desk: Desk) -> None:
    assert "which is to be made" in await desk.failed("check", code=2)
    await desk.done("create", "--yes")
    assert "cannot prove itself yet" in await desk.failed("check", code=2)
    await desk.done("create", "--secret", "--yes")
    made = desk.made
    made.delegated -= {"PrintJob.ReadWrite"}
    made.application |= {"Directory.Read.All"}
    before = desk.changes()
    ended = await desk.printops("check", "--json")
    answer = json.loads(ended.stdout)
    assert ended.exit_code == 2
    assert [step["action"] for step in answer["steps"]] == ["consentToDelegated"]
    assert answer["steps"][0]["details"][0].startswith("PrintJob.ReadWrite: ")
    assert answer["surplus"] == [{"kind": "application", "name": "Directory.Read.All"}]
    assert desk.changes() == before

    await desk.done("create", "--yes")
    assert "Directory.Read.All" in made.application
    await desk.done("create", "--yes", "--exact", "--without", "usage", "--with", "deleting")
    assert "Directory.Read.All" not in made.application
    assert ("Reports.Read.All" in made.delegated, "Printer.FullControl.All" in made.delegated) == (False, True)
    assert (await desk.printops("check", "--exact", "--with", "deleting", "--without", "usage")).exit_code == 0


async def test_a_trust_of_another_audience_is_corrected(desk: Desk) -> None:
    await desk.done("create", "--yes", "--managed-identity", IDENTITY)
    (trust,) = desk.made.federated
    trusted = (
        await desk.tenant.call("GET", f"/applications/{desk.made.object_id}/federatedIdentityCredentials")
    ).json()
    path = f"/applications/{desk.made.object_id}/federatedIdentityCredentials/{trusted['value'][0]['id']}"
    await desk.tenant.call("PATCH", path, {"audiences": ["api://AzureADTokenExchangeChina"]})
    said = await desk.failed("check", "--managed-identity", IDENTITY, code=2)
    assert "Change the audience" in said
    await desk.done("create", "--yes", "--managed-identity", IDENTITY)
    assert desk.made.federated == (trust,)


async def test_wrong_names_are_told_before_anything_is_made(desk: Desk) -> None:
    before = desk.changes()
    assert "no managed identity" in await desk.failed("create", "--yes", "--managed-identity", TENANT_ID)
    assert "no app registration" in await desk.failed("create", "--yes", "--app-id", COMMAND_LINE_TOOLS)
    (desk.folder / "print.pem").write_text("nothing", encoding="utf-8")
    assert "no certificate" in await desk.failed("create", "--certificate", "print.pem")
    (desk.folder / "list.json").write_text("[]", encoding="utf-8")
    assert "no settings file" in await desk.failed("create", "--write", "list.json")
    assert "there is no folder" in await desk.failed("create", "--write", "away/local.settings.json")
    other = "71c5e2a4-0000-4f06-9a17-e4b2c8d05f63"
    assert f"knows no tenant {other}. Correct GRAPH_TENANT_ID" in await desk.failed("check", "--tenant", other)
    assert desk.changes() == before
    for _ in range(2):
        await desk.tenant.new_app()
    assert "2 apps named" in await desk.failed("create", "--yes")


async def test_no_consent_goes_unasked_to_an_app_that_has_the_name_alone_and_had_none_before(desk: Desk) -> None:
    # Whoever may register apps in the tenant can name one so, and keep a secret of it.
    await desk.tenant.new_app()
    stranger = desk.made
    stranger.created = datetime.now(UTC) - timedelta(days=1)
    before = desk.changes()
    said = await desk.failed("create", "--yes")
    assert f"--app-id {stranger.client_id}" in said
    asked = await desk.printops("create", typed="n\n")
    assert "whoever owns it gets what you consent to" in " ".join(asked.output.split())
    assert desk.changes() == before
    await desk.done("create", "--yes", "--app-id", stranger.client_id)
    assert stranger.application
    stranger.application -= {"User.Read.All"}
    await desk.done("create", "--yes")
    assert "User.Read.All" in stranger.application


async def test_what_somebody_else_did_before_the_answer_is_shown_and_asked_about_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answering(*meanwhile: Callable[[], None]) -> None:
        """Each answer is yes, and comes after what happens meanwhile."""
        happenings = list(meanwhile)

        def confirm(question: str) -> bool:
            print(question)
            if happenings:
                happenings.pop(0)()
            return True

        monkeypatch.setattr(typer, "confirm", confirm)

    def made_by_somebody_else() -> None:
        app = AppRegistration(COLLEAGUES, NAME, object_id=COLLEAGUES, created=datetime.now(UTC))
        desk.tenant.emulator.world.apps[COLLEAGUES] = app

    answering(made_by_somebody_else)
    said = await desk.done("create", "--secret")
    assert "The tenant changed meanwhile, and nothing was done." in said
    assert f"--app-id {COLLEAGUES}" in said.partition("changed meanwhile")[2]
    assert said.count("Consent to this for the whole tenant?") == 2
    assert desk.made.client_id == COLLEAGUES
    assert sorted(desk.made.application) == list(permissions(Kind.APPLICATION, DEFAULT_PARTS))

    lost = desk.made.application
    desk.made.application = frozenset()

    def consented_by_somebody_else() -> None:
        desk.made.application = lost

    before = desk.changes()
    answering(consented_by_somebody_else)
    said = await desk.done("create")
    assert (said.count("Consent to this"), "Nothing to do" in said) == (1, True)
    assert f"GRAPH_CLIENT_ID={COLLEAGUES}" in said
    assert desk.changes() == before

    desk.made.application = lost - {"User.Read.All"}
    answering()
    said = await desk.done("create")
    assert (said.count("Consent to this"), "changed meanwhile" in said) == (1, False)


async def test_the_portal_lists_the_app_and_one_that_it_does_not_list_is_mended(desk: Desk) -> None:
    await desk.done("create", "--secret", "--yes")
    assert desk.made.principal_tags == (LISTED_TAG,)
    desk.made.principal_tags = ("kept",)
    assert "Let the portal list it under Enterprise applications" in await desk.failed("check", code=2)
    await desk.done("create", "--yes")
    assert {*desk.made.principal_tags} == {"kept", LISTED_TAG}
    assert (await desk.printops("check")).exit_code == 0


async def test_an_administrator_signs_in_with_a_browser(desk: Desk) -> None:
    settings = {
        **environment(desk.tenant),
        "BROWSER": browser_command(desk.folder, desk.tenant.emulator, ADMINISTRATOR),
    }
    ended = await printops_process(["app", "check", "--browser", "--administrator", ADMINISTRATOR], settings)
    assert ended.code == 2, ended.errors
    assert "Create the app registration" in ended.output
