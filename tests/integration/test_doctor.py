"""The doctor on a tenant where everything works, and on one where parts are broken: those lines fail, and no other."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

import printops.app_survey
import printops.doctor
from emulator.azurite import Azurite
from printops.cli import app
from shared.doctor.finding import Status
from shared.errors import NotNow
from shared.names import CATALOG_PATH, job_owner_path, kiosk_path
from tests.support.doctor_world import ACCOUNT, FOLLOW_ME, DoctorWorld, broken, doctor_world

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

PRINTING, SHARE = f"account.printing {ACCOUNT}", f"catalog.share finance {ACCOUNT}"
TRIGGER, SUBSCRIPTION = f"catalog.trigger {FOLLOW_ME}", "subscription.alive"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    azurite: Azurite, _account_numbers: Iterator[int], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DoctorWorld]:
    account = azurite.account(f"test{next(_account_numbers)}")
    async with doctor_world(account, tmp_path_factory.mktemp("doctor")) as running:
        yield running


@contextmanager
def instead[Value](owner: object, name: str, value: Value) -> Iterator[None]:
    """For the length of the block the attribute has another value."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


async def test_where_everything_works_every_line_says_so_and_nothing_is_left_to_do(world: DoctorWorld) -> None:
    found = await world.examine()
    assert {name: one.words for name, one in found.items() if one.status is not Status.OK} == {}
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert {name.split()[0] for name in found if f"`{name.split()[0]}`" not in page} == set()
    assert world.set_up.tenant.device.documents == []
    storage = world.services.storage
    paths = [path async for path in storage.state.list_paths("")]
    assert [path for path in paths if path.startswith("doctor")] == []
    assert await storage.queue("print-jobs").depth() == 0
    share = world.set_up.tenant.share
    jobs = world.set_up.service.emulator.jobs.of_share(share)
    assert {job.state for job in jobs} == {"canceled"}
    # What is left is that no document may be sent to them.
    assert {path for path in paths if path.startswith("jobs/")} == {job_owner_path(share.id, job.id) for job in jobs}


async def test_access_trigger_subscription_queue_and_kiosk_fail_by_themselves(world: DoctorWorld) -> None:
    emulator, tenant, storage = world.set_up.service.emulator, world.set_up.tenant, world.services.storage
    tasks, subscription = emulator.tasks, next(iter(emulator.subscriptions))
    trigger = tasks.trigger_of(world.virtual)
    assert trigger is not None
    other = tasks.define(tenant.world.apps[_other(tenant.app.client_id, world)], "Theirs")
    kiosk = await storage.state.read(kiosk_path("hall"))
    assert kiosk is not None
    gone = {**json.loads(kiosk.content), "printerId": "no-such-printer"}
    kiosk_etag = await storage.state.replace(kiosk_path("hall"), json.dumps(gone).encode(), kiosk.etag)
    await storage.queue_client("print-jobs").delete_queue()
    emulator.subscriptions.remove(subscription)
    tasks.remove_trigger(trigger)
    theirs = tasks.add_trigger(world.virtual, other)
    with instead(tenant.share, "users", set()):
        found = await world.examine()
    tasks.remove_trigger(theirs)
    tasks.add_trigger(world.virtual, trigger.definition)
    tasks.forget(other)
    await storage.queue_client("print-jobs").create_queue()
    await storage.state.replace(kiosk_path("hall"), kiosk.content, kiosk_etag)
    await world.maintain()
    assert {name: found[name].cause for name in broken(found)} == {
        SHARE: "shareNotGranted",
        PRINTING: "shareNotGranted",
        TRIGGER: "triggerOfOtherApp",
        SUBSCRIPTION: "subscriptionMissing",
        "storage.queue print-jobs": "queueMissing",
        "kiosk.printer hall": "kioskPrinterGone",
    }
    assert found[SHARE].command == f"python -m printops share allow finance --user {ACCOUNT}"
    assert "Access control" in found[SHARE].portal
    assert f"printops trigger create '{FOLLOW_ME}'" in found[TRIGGER].command
    assert "az storage queue create --name print-jobs" in found["storage.queue print-jobs"].command
    assert "upkeep" in found[SUBSCRIPTION].command
    assert "printops kiosk add" in found["kiosk.printer hall"].command


async def test_printer_secret_of_the_webhook_clock_and_container_fail_by_themselves(world: DoctorWorld) -> None:
    storage, device = world.services.storage, world.set_up.tenant.device
    await storage.container("print-usage").delete_container()
    environ = world.environ | {"NOTIFICATION_CLIENT_STATE": "another secret"}
    with instead(device, "is_accepting_jobs", False):
        found = await world.examine(environ=environ, clock=timedelta(minutes=7))
    await storage.container("print-usage").create_container()
    assert {name: found[name].cause for name in broken(found)} == {
        SHARE: "printerNotAccepting",
        PRINTING: "printerNotAccepting",
        "catalog.printer Recorder": "printerNotAccepting",
        SUBSCRIPTION: "subscriptionWrong",
        "clock.graph": "clockOff",
        "clock.storage": "clockOff",
        "storage.container print-usage": "containerMissing",
    }
    assert "printops printer show Recorder" in found[PRINTING].command
    assert "NOTIFICATION_CLIENT_STATE has changed" in found[SUBSCRIPTION].words
    assert "CLOCK_SKEW_SECONDS" in found["clock.graph"].words


async def test_an_account_and_an_app_without_a_token_fail_and_what_needs_them_is_skipped(world: DoctorWorld) -> None:
    user = world.set_up.tenant.anna
    environ = world.environ | {"GRAPH_CLIENT_SECRET": "not a secret of this app"}
    with instead(user, "sign_in_valid_from", datetime.now(UTC) + timedelta(hours=1)):
        found = await world.examine(environ=environ)
    sign_in = f"account.sign-in {ACCOUNT}"
    assert {name: found[name].cause for name in broken(found)} == {
        sign_in: "accountLapsed",
        "application.token": "secretWrong",
    }
    assert found[sign_in].command == f"python -m printops login {ACCOUNT}"
    assert "AADSTS50173" in found[sign_in].words
    assert "printops app create --new-secret" in found["application.token"].command
    for name in (PRINTING, SHARE, SUBSCRIPTION, TRIGGER, "catalog.printer Recorder"):
        assert found[name].status is Status.SKIPPED
        assert "because" in found[name].words


async def test_no_consent_and_a_permission_that_the_app_lacks_are_named(world: DoctorWorld) -> None:
    registration, tasks = world.set_up.tenant.app, world.set_up.service.emulator.tasks
    trigger = tasks.trigger_of(world.virtual)
    assert trigger is not None
    tasks.remove_trigger(trigger)
    with ExitStack() as breaking:
        less = registration.delegated - {"PrintJob.ReadWrite"}
        breaking.enter_context(instead(registration, "delegated", less))
        breaking.enter_context(instead(registration, "application", registration.application - {"User.Read.All"}))
        found = await world.examine()
    tasks.add_trigger(world.virtual, trigger.definition)
    lacked = "application.permission User.Read.All"
    assert {name: found[name].cause for name in broken(found)} == {
        f"account.sign-in {ACCOUNT}": "consentMissing",
        lacked: "permissionMissing",
        TRIGGER: "triggerMissing",
    }
    assert "Grant admin consent" in found[f"account.sign-in {ACCOUNT}"].portal
    assert "Application permissions > User.Read.All" in found[lacked].portal


async def test_licence_role_and_multi_factor_are_told_apart(world: DoctorWorld) -> None:
    tenant = world.set_up.tenant
    with instead(tenant.anna, "licences", frozenset()), instead(tenant.administrator, "roles", frozenset()):
        found = await world.examine()
    assert {name: found[name].cause for name in broken(found)} == {
        PRINTING: "licenceMissing",
        "administrator.role": "roleMissing",
        TRIGGER: "roleMissing",
    }
    assert "Licenses and apps" in found[PRINTING].portal
    assert "Printer Administrator" in found["administrator.role"].portal
    with instead(tenant.anna, "needs_interaction", True):
        found = await world.examine(administered=False)
    assert {name: found[name].cause for name in broken(found)} == {f"account.sign-in {ACCOUNT}": "interactionRequired"}


async def test_storage_that_cannot_be_reached_is_told_once(world: DoctorWorld) -> None:
    nowhere = re.sub(r":[0-9]+/", ":1/", world.environ["PrintStorage"])
    found = await world.examine(administered=False, environ=world.environ | {"PrintStorage": nowhere})
    assert {name: found[name].cause for name in broken(found)} == {"storage.account": "unreachable"}
    assert "Azurite" in found["storage.account"].portal
    assert found["storage.queue print-jobs"].status is Status.SKIPPED
    assert found["application.token"].status is Status.OK


async def test_without_a_catalog_what_it_names_is_skipped(world: DoctorWorld) -> None:
    await world.services.storage.state.delete(CATALOG_PATH)
    found = await world.examine(administered=False)
    await world.publish()
    assert broken(found) == {"catalog.published"}
    assert "printops apply" in found["catalog.published"].command
    assert found["catalog.share"].status is Status.SKIPPED


async def test_the_command_answers_programs_and_prints_a_page_where_it_is_told_to(
    world: DoctorWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"Values": world.environ}), encoding="utf-8")
    ended = await _printops("doctor", "--json", "--print", "finance", "--yes")
    assert ended.exit_code == 0, ended.output
    document = json.loads(ended.stdout)
    checks = {f"{one['id']} {one['subject']}".strip(): one for one in document["checks"]}
    assert document["exitCode"] == 0
    assert checks[TRIGGER]["status"] == "skipped"
    assert checks["print.page finance"]["status"] == "ok"
    assert [paper.path.name for paper in world.set_up.tenant.device.documents] != []

    wrong = {**world.environ, "GRAPH_TENANT_ID": "?", "KIOSK_KEY": "short"}
    settings.write_text(json.dumps({"Values": wrong}), encoding="utf-8")
    ended = await _printops("doctor")
    assert ended.exit_code == 2
    assert "FAILED  read GRAPH_TENANT_ID" in ended.output
    assert "FAILED  read KIOSK_KEY" in ended.output
    assert "> local.settings.json: KIOSK_KEY" in ended.output
    assert "Function App" not in ended.output

    (tmp_path / "bundle.pem").write_text("no certificate", encoding="utf-8")
    wrong = {**world.environ, "GRAPH_CA_BUNDLE": str(tmp_path / "bundle.pem")}
    settings.write_text(json.dumps({"Values": wrong}), encoding="utf-8")
    ended = await _printops("doctor")
    assert ended.exit_code == 2
    assert "FAILED  read GRAPH_CA_BUNDLE" in ended.output
    assert "> local.settings.json: GRAPH_CA_BUNDLE" in ended.output


async def test_commands_say_what_mends_an_error_on_this_machine(
    world: DoctorWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"Values": world.environ}), encoding="utf-8")

    async def refuse(*_: object) -> None:
        raise NotNow("graphUnreachable", "it cannot be reached", 15)

    monkeypatch.setattr(printops.doctor, "examine_all", refuse)
    monkeypatch.setattr(printops.app_survey, "_survey", refuse)
    for command in (("doctor",), ("app", "check"), ("app", "create")):
        ended = await _printops(*command)
        assert ended.exit_code == 1
        assert "To mend it: run `python dev.py run`" in ended.output
    # Another cloud is no stand-in of this machine.
    ended = await _printops("app", "check", "--cloud", "global")
    assert "To mend it: check GRAPH_BASE_URL" in ended.output


async def test_an_app_command_names_a_bundle_that_cannot_be_read(
    world: DoctorWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle.pem").write_text("no certificate", encoding="utf-8")
    wrong = {**world.environ, "GRAPH_CA_BUNDLE": "bundle.pem"}
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": wrong}), encoding="utf-8")
    ended = await _printops("app", "check")
    assert ended.exit_code == 1
    assert "GRAPH_CA_BUNDLE names bundle.pem, which cannot be read as certificates in PEM" in ended.output


async def _printops(*arguments: str) -> Result:
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments))


def _other(client_id: str, world: DoctorWorld) -> str:
    return next(one for one in world.set_up.tenant.world.apps if one != client_id)
