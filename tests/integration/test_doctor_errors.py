"""The errors that people meet, made for real on the emulator, and the name and remedy that each is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import typer
from azure.core.exceptions import ServiceRequestError

from emulator.universal_print.world import AppRegistration, User
from printops.session import guarded, read_environment
from shared.bounds import Bounds
from shared.doctor.asked import Asked, Explanation
from shared.doctor.explain import explain
from shared.doctor.on_this_machine import machine_of
from shared.errors import GraphError
from shared.graph.print_client import JobView, PrintClient
from shared.permissions import Kind
from tests.support.administrator import administrator
from tests.support.emulated_service import CLIENT, PRINT_SCOPES, SECRET, quick_settings, running_service, small_tenant
from tests.support.managed_tenant import SET_UP_SCOPES, SetUp

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

OTHER_CLIENT = "9d2e4f60-1b3c-4a5d-8e7f-001122334455"
BASIC = ("PrintJob.ReadWriteBasic", "PrinterShare.ReadBasic.All")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def set_up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SetUp]:
    tenant = small_tenant()
    tenant.app.delegated |= {*SET_UP_SCOPES, *BASIC}
    tenant.world.add_app(AppRegistration(OTHER_CLIENT, "Another", secrets=(SECRET,)))
    async with running_service(tmp_path_factory.mktemp("errors"), tenant, quick_settings()) as service:
        yield SetUp(service)


class KnownToken:
    """One token for every account."""

    def __init__(self, authorization: dict[str, str]) -> None:
        self._token = authorization["Authorization"].removeprefix("Bearer ")

    async def access_token(self, user_principal_name: str) -> str:
        assert user_principal_name
        return self._token

    def invalidate(self, user_principal_name: str) -> None:
        raise AssertionError(f"Graph refused the token of {user_principal_name}")


def client(set_up: SetUp, authorization: dict[str, str]) -> PrintClient:
    """The client of print accounts with this token, whoever's it is."""
    service = set_up.service

    def new_http() -> httpx.AsyncClient:
        return service.http

    return PrintClient(
        *(f"{service.url}/v1.0", new_http, KnownToken(authorization)),
        bounds=Bounds(),
        sleep=asyncio.sleep,
        random=lambda: 0.5,
    )


async def made(set_up: SetUp, user: User, *scopes: str) -> JobView:
    """A job on the share, made with these permissions."""
    graph = client(set_up, await set_up.service.bearer(user, *scopes))
    return await graph.create_job(user.user_principal_name, set_up.tenant.share.id, {})


def asked(user: User, *granted: str) -> Asked:
    """As whom a print account's call was made."""
    known = frozenset(granted) if granted else None
    return Asked(Kind.DELEGATED, CLIENT, account=user.user_principal_name, subject="Finance", granted=known)


def named(error: GraphError, about: Asked | None = None) -> Explanation:
    """The explanation, which there must be, with and without what is known of the call."""
    alone, found = explain(error), explain(error, about or Asked())
    assert alone is not None
    assert found is not None
    assert alone.cause == found.cause
    assert found.remedy
    return found


async def test_a_missing_scope_on_create_upload_session(set_up: SetUp) -> None:
    anna = set_up.tenant.anna
    job = await made(set_up, anna, *BASIC)
    graph = client(set_up, await set_up.service.bearer(anna, *BASIC))
    share = set_up.tenant.share.id
    with pytest.raises(GraphError) as refused:
        await graph.create_upload_session(
            anna.user_principal_name, share, job.id, job.document_id or "", "a.pdf", "application/pdf", 10
        )
    # The words that people have met, which name neither permission nor reason.
    assert refused.value.code == "UnknownError"
    found = named(refused.value, asked(anna, *BASIC))
    assert found.cause == "permissionMissing"
    assert "lacks the delegated permission PrintJob.ReadWrite" in found.what
    assert "Delegated permissions > PrintJob.ReadWrite, then Grant admin consent" in found.portal
    assert f"printops login {anna.user_principal_name}" in found.portal


async def test_an_app_token_on_a_delegated_call(set_up: SetUp) -> None:
    graph = client(set_up, await set_up.service.app_bearer())
    with pytest.raises(GraphError) as refused:
        await graph.create_job("the app", set_up.tenant.share.id, {})
    found = named(refused.value, Asked(Kind.APPLICATION, CLIENT))
    assert found.cause == "appTokenOnDelegatedCall"
    assert "PrintJob.ReadWrite" in found.what
    assert "printops login" in found.command


async def test_a_trigger_for_another_apps_definition(set_up: SetUp) -> None:
    world = set_up.tenant.world
    theirs = set_up.service.emulator.tasks.define(world.apps[OTHER_CLIENT], "Theirs")
    admin = administrator(set_up)
    with pytest.raises(GraphError) as refused:
        await admin.create_task_trigger(set_up.tenant.printer.id, theirs.id)
    granted = frozenset(SET_UP_SCOPES)
    found = named(refused.value, Asked(Kind.DELEGATED, CLIENT, subject="Recorder", granted=granted))
    assert found.cause == "triggerOfOtherApp"
    assert CLIENT in found.what
    assert "trigger create Recorder" in found.command


async def test_a_share_that_is_not_granted(set_up: SetUp) -> None:
    stranger = set_up.tenant.stranger
    with pytest.raises(GraphError) as refused:
        await made(set_up, stranger, *PRINT_SCOPES)
    found = named(refused.value, asked(stranger, *PRINT_SCOPES))
    assert found.cause == "shareNotGranted"
    assert found.command == f"python -m printops share allow Finance --user {stranger.user_principal_name}"


async def test_a_printer_that_takes_no_jobs(set_up: SetUp) -> None:
    device = set_up.tenant.device
    device.is_accepting_jobs = False
    try:
        with pytest.raises(GraphError) as refused:
            await made(set_up, set_up.tenant.anna, *PRINT_SCOPES)
    finally:
        device.is_accepting_jobs = True
    found = named(refused.value, asked(set_up.tenant.anna))
    assert found.cause == "printerNotAccepting"
    assert "Universal Print > Printers" in found.portal


async def test_a_user_who_is_no_printer_administrator(set_up: SetUp) -> None:
    admin = administrator(set_up, "Printer.Read.All", user=set_up.tenant.anna)
    with pytest.raises(GraphError) as refused:
        await admin.printers()
    assert named(refused.value).cause == "roleMissing"


async def test_a_tenant_without_universal_print(set_up: SetUp) -> None:
    world = set_up.tenant.world
    bought, world.licences = world.licences, {}
    try:
        with pytest.raises(GraphError) as refused:
            await made(set_up, set_up.tenant.anna, *PRINT_SCOPES)
    finally:
        world.licences = bought
    assert named(refused.value, asked(set_up.tenant.anna)).cause == "universalPrintMissing"


async def test_a_command_that_met_such_an_error_says_what_mends_it(
    set_up: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GraphError) as refused:
        await made(set_up, set_up.tenant.stranger, *PRINT_SCOPES)

    async def work() -> int:
        raise refused.value

    assert await asyncio.to_thread(guarded, work) == 1
    told = capsys.readouterr().err
    assert "create job: 403 accessDenied" in told
    assert "To mend it: run `python -m printops share allow" in told


async def test_a_command_that_storage_did_not_answer_says_so_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> int:
        raise ServiceRequestError("Cannot connect to host 127.0.0.1:1")

    assert await asyncio.to_thread(guarded, work) == 1
    told = capsys.readouterr().err
    assert told.startswith("storage cannot be reached (Cannot connect to host 127.0.0.1:1)")
    assert "To mend it: check the address in PrintStorage" in told
    here = machine_of({"PrintStorage": "UseDevelopmentStorage=true"}, "local.settings.json")
    assert await asyncio.to_thread(guarded, work, here) == 1
    assert "To mend it: run `python dev.py run --real`" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", '{"Values": []}', "{"])
async def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(typer.BadParameter, match="is no settings file"):
        read_environment(file)
