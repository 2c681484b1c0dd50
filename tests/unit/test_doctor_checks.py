"""What single checks find, with stand-ins for the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from pypdf import PdfReader

from shared.accounts.pool import AccountStatus
from shared.catalog import Printer, Share, parse_catalog
from shared.doctor.account_checks import check_printing, check_reports, check_sign_in, share_finding, share_of
from shared.doctor.application_checks import certificate_finding, compare_tenant, proof
from shared.doctor.asked import Asked
from shared.doctor.catalog_checks import VirtualPrinter, check_trigger, section_problems
from shared.doctor.claims import application_permissions, delegated_permissions, read_claims
from shared.doctor.clock_checks import check_clock
from shared.doctor.finding import Status
from shared.doctor.settings_checks import check_kiosk_key, check_notification_address, check_settings, check_webhook
from shared.doctor.storage_checks import check_queue, place_of
from shared.doctor.subscription_checks import subscription_finding
from shared.doctor.trial_page import make_page, outcome
from shared.errors import GraphConflict, GraphDenied, GraphError, StorageConflict
from shared.graph.print_client import JobView
from shared.graph.subscription_client import Subscription
from shared.graph.task_client import Task
from shared.names import EVENTS_QUEUE, QUEUES, job_owner_path
from shared.permissions import Kind
from shared.settings import Settings, StorageConnection
from shared.submission.claims import Drop, decide
from shared.submission.messages import read_message
from shared.submission.record import State
from shared.subscriptions.deciding import Decision, Move
from shared.subscriptions.record import SubscriptionRecord
from shared.tasks.messages import read_event, read_released
from shared.upload.session import UploadSession
from tests.support.memory_state import MemoryStateStore
from tests.support.sign_in import KEY

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ACCOUNT = "print1@contoso.com"
CLIENT = "5c1d7e90-3a2b-4c6d-9e8f-0a1b2c3d4e5f"
TENANT = "0f9a2c1e-7b4d-4f55-8e21-64c0d7a1b9e2"
HALL = Share("hall", "share-1", "printer-1", printer_name="Hall MFP")
FOLLOW_ME = VirtualPrinter(Printer("printer-2", "Follow me", virtual=True), "definition-1", CLIENT)


def settings(**changes: Any) -> Settings:
    storage = StorageConnection("UseDevelopmentStorage=true")
    values = {"graph_tenant_id": TENANT, "graph_client_id": CLIENT, "print_accounts": (ACCOUNT,)}
    return Settings(storage, **{**values, "reports_account": ACCOUNT, "token_cache_keys": (KEY,), **changes})


class FakeGraph:
    """Makes job 7; `refusals` are raised by the operations that they name."""

    def __init__(self, **refusals: GraphError) -> None:
        self.refusals = refusals
        self.done: list[str] = []

    async def create_job(self, account: str, share_id: str, configuration: Mapping[str, Any]) -> JobView:
        assert (account, share_id, configuration) == (ACCOUNT, "share-1", {})
        self._do("create")
        return JobView("7", "paused", ("uploadPending",), "", False, NOW, "document", False)

    async def create_upload_session(
        self, account: str, share_id: str, job_id: str, document_id: str, name: str, content_type: str, size: int
    ) -> UploadSession:
        assert (account, share_id, job_id, document_id, content_type) == (
            *(ACCOUNT, "share-1", "7", "document"),
            "application/pdf",
        )
        assert name
        self._do("session")
        return UploadSession.opened(upload_url="https://upload", expires=NOW, next_expected_ranges=["0-"], size=size)

    async def cancel(self, account: str, printer_id: str, job_id: str) -> None:
        assert (account, printer_id, job_id) == (ACCOUNT, "printer-1", "7")
        self._do("cancel")

    def _do(self, name: str) -> None:
        self.done.append(name)
        if name in self.refusals:
            raise self.refusals[name]


class FakeTokens:
    async def access_token(self, user_principal_name: str) -> str:
        return f"a token of {user_principal_name}"

    async def keep_alive(self, user_principal_name: str) -> None:
        assert user_principal_name == ACCOUNT


async def tried(graph: FakeGraph, state: MemoryStateStore | None = None) -> tuple[Status, str, str]:
    asked = Asked(Kind.DELEGATED, CLIENT, account=ACCOUNT, subject="hall")
    found = await check_printing(ACCOUNT, HALL, graph, FakeTokens(), state or MemoryStateStore(), asked)
    return found.status, found.cause, found.words


async def test_a_trial_job_is_cancelled_and_no_submission_takes_it_then() -> None:
    graph, state = FakeGraph(), MemoryStateStore()
    assert (await tried(graph, state))[0] is Status.OK
    assert graph.done == ["create", "session", "cancel"]
    # One that looks for a job whose making was not answered may have listed this one while it could still be used.
    with pytest.raises(StorageConflict):
        await state.create(job_owner_path("share-1", "7"), b'{"submission": "abc"}')


async def test_a_trial_job_is_cancelled_also_where_its_upload_is_refused() -> None:
    words = '"The token does not have one or more required security scopes."'
    graph = FakeGraph(session=GraphDenied("create upload session", 403, "UnknownError", words))
    status, cause, _ = await tried(graph)
    assert (status, cause) == (Status.FAILED, "permissionMissing")
    assert graph.done[-1] == "cancel"


async def test_a_trial_job_that_a_submission_took_for_its_own_is_left_to_it() -> None:
    graph, state = FakeGraph(), MemoryStateStore()
    await state.create(job_owner_path("share-1", "7"), b'{"submission": "abc"}')
    assert (await tried(graph, state))[0] is Status.OK
    assert graph.done == ["create"]
    with pytest.raises(StorageConflict):
        await state.create(job_owner_path("share-1", "7"), b"{}")


async def test_a_trial_job_that_cannot_be_cancelled_is_told_of() -> None:
    status, _, words = await tried(FakeGraph(cancel=GraphConflict("cancel job", 409, "conflict", "no")))
    assert status is Status.WARNING
    assert "never started" in words


class FakeQueue:
    """Takes messages, and gives none back."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, int]] = []

    async def peek_messages(self, **_: Any) -> list[Any]:
        return []

    async def send_message(self, content: str, *, visibility_timeout: int, time_to_live: int) -> None:
        self.sent.append((content, visibility_timeout, time_to_live))

    async def delete_message(self, _message: object) -> None:
        raise HttpResponseError("AuthorizationPermissionMismatch")


@pytest.mark.parametrize("name", QUEUES)
async def test_a_trial_message_that_was_not_taken_back_asks_no_function_for_anything(name: str) -> None:
    queue, place = FakeQueue(), place_of(StorageConnection("x"), "http://127.0.0.1:10000/test1", "test1")
    with pytest.raises(HttpResponseError):
        await check_queue(cast("QueueClient", queue), name, place)
    ((content, hidden, lives),) = queue.sent
    # Storage lets no message be hidden for as long as it lives, so a function may see it in the end.
    assert 0 < lives - hidden <= 1
    if name == EVENTS_QUEUE:
        event = read_released(read_event(content.encode()))
        # Nobody's id is a word, so nothing is held there.
        assert event.path.startswith("held/doctor/")
    else:
        _, sequence = read_message(content.encode())
        assert isinstance(decide(None, sequence, NOW, frozenset(State)), Drop)


async def test_a_sign_in_that_nobody_renewed_for_days_is_told_of() -> None:
    old = AccountStatus(ACCOUNT, None, None, None, 5 * 86400.0, 0, {})
    found = await check_sign_in(ACCOUNT, FakeTokens(), old)
    assert (found.status, found.cause) == (Status.WARNING, "signInStale")
    assert "5 days" in found.words


@pytest.mark.parametrize(
    ("values", "status", "cause"),
    [
        ({"isAcceptingJobs": True, "status": {"state": "idle"}}, Status.OK, ""),
        ({"displayName": "what people without a role are shown"}, Status.OK, ""),
        ({"isAcceptingJobs": False, "status": {"state": "idle"}}, Status.FAILED, "printerNotAccepting"),
        ({"status": {"state": "stopped", "description": "No paper."}}, Status.WARNING, "printerStopped"),
    ],
)
def test_a_share_is_as_graph_shows_it(values: dict[str, Any], status: Status, cause: str) -> None:
    found = share_finding(HALL, ACCOUNT, values)
    assert (found.status, found.cause) == (status, cause)


def test_a_trial_takes_a_share_that_is_not_paused_and_is_for_the_account() -> None:
    paused = Share("a", "1", "1", paused=True)
    theirs = Share("b", "2", "2", accounts=frozenset({"other@contoso.com"}))
    assert share_of(ACCOUNT, [paused, theirs, HALL]) is HALL
    assert share_of(ACCOUNT, [paused, theirs]) is paused
    assert share_of(ACCOUNT, [theirs]) is None


@pytest.mark.parametrize(("named", "status"), [(True, Status.FAILED), (False, Status.WARNING)])
async def test_reports_are_missed_only_where_an_account_was_named_for_them(named: bool, status: Status) -> None:
    async def read() -> None:
        raise GraphDenied("read report", 403, "accessDenied", "required security scopes")

    found = await check_reports(read, named=named, asked=Asked(Kind.DELEGATED, CLIENT, account=ACCOUNT))
    assert (found.status, found.cause) == (status, "permissionMissing")
    assert "Reports.Read.All" in found.portal


async def test_a_clock_is_compared_with_what_the_service_says() -> None:
    async def date() -> str:
        return format_datetime(NOW, usegmt=True)

    async def nothing() -> None:
        return None

    assert (await check_clock(date, "Graph", 60, lambda: NOW + timedelta(seconds=59))).status is Status.OK
    late = await check_clock(date, "Graph", 60, lambda: NOW - timedelta(seconds=61))
    assert (late.status, late.cause, "61 s behind" in late.words) == (Status.FAILED, "clockOff", True)
    assert (await check_clock(nothing, "Graph", 60, lambda: NOW)).status is Status.SKIPPED


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (None, Status.SKIPPED),
        ("https://prints.azurewebsites.net", Status.OK),
        ("https://20.50.2.1", Status.OK),
        ("https://10.0.0.4", Status.FAILED),
        ("https://prints", Status.FAILED),
        ("https://prints.corp.internal", Status.FAILED),
        ("http://localhost:7071", Status.FAILED),
    ],
)
async def test_graph_calls_only_public_addresses(url: str | None, status: Status) -> None:
    assert (await check_notification_address(settings(notification_url=url))).status is status


@pytest.mark.parametrize(("echo", "status"), [("", Status.OK), ("another", Status.FAILED)])
async def test_the_webhook_answers_with_the_token(echo: str, status: Status) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=echo or request.url.params["validationToken"])

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        found = await check_webhook(http, "https://prints.example", "to ken")
    assert found.status is status


def test_every_problem_of_the_settings_has_a_line_of_its_own() -> None:
    found, lines = check_settings({"GRAPH_TENANT_ID": "?", "PRINT_ACOUNTS": "a@b.c"})
    assert found is None
    assert {"GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "PRINT_ACCOUNTS", "PRINT_ACOUNTS", "TOKEN_CACHE_KEY"} <= {
        line.subject for line in lines
    }
    assert all(line.finding.status is Status.FAILED and line.finding.command for line in lines)


async def test_kiosks_without_their_key_are_told_of() -> None:
    assert (await check_kiosk_key(settings(), 0)).status is Status.SKIPPED
    assert (await check_kiosk_key(settings(), 2)).status is Status.FAILED
    assert (await check_kiosk_key(settings(kiosk_keys=(KEY,)), 2)).status is Status.OK


@pytest.mark.parametrize(("days", "status"), [(-1, Status.FAILED), (10, Status.WARNING), (100, Status.OK)])
def test_a_certificate_is_told_of_before_it_ends(days: int, status: Status) -> None:
    assert certificate_finding(NOW + timedelta(days=days), Path("app.pem"), NOW).status is status


def test_the_app_proves_itself_in_the_best_way_that_is_set() -> None:
    assert proof(settings()) is None
    both = settings(graph_client_secret="s", graph_federated_client_id=CLIENT)
    assert "managed identity" in str(proof(both))


def test_a_token_of_another_tenant_or_app_is_told_of() -> None:
    assert compare_tenant(TENANT, CLIENT, settings()).status is Status.OK
    assert compare_tenant("another", CLIENT, settings()).cause == "wrongTenant"
    assert compare_tenant(TENANT, "another", settings()).cause == "wrongTenant"
    assert compare_tenant(TENANT, CLIENT, settings(graph_tenant_id="contoso.com")).status is Status.OK


def test_claims_are_read_out_of_a_token_and_of_nothing_else() -> None:
    # {"scp": "A B", "roles": ["C"]}
    claims = read_claims("e30.eyJzY3AiOiAiQSBCIiwgInJvbGVzIjogWyJDIl19.e30")
    assert delegated_permissions(claims) == {"A", "B"}
    assert application_permissions(claims) == {"C"}
    assert read_claims("opaque") == read_claims("a.b.c") == {}


def test_the_storage_account_is_named_with_what_reaches_it() -> None:
    local = place_of(StorageConnection("x"), "http://127.0.0.1:10000/test1/print-state", "test1")
    azure = place_of(StorageConnection(None), "https://prints.blob.core.windows.net/print-state", "prints")
    assert (local.is_azurite, local.arguments) == (True, '--connection-string "$PrintStorage"')
    assert (azure.is_azurite, azure.arguments) == (False, "--account-name prints --auth-mode login")


def test_each_part_of_the_catalog_that_cannot_be_read_is_told() -> None:
    catalog = parse_catalog(b'{"version": 1, "shares": [], "policies": 5, "delegates": 5}')
    assert len(section_problems(catalog)) == 2


async def _no_tasks() -> Sequence[Task]:
    return []


async def _one_task() -> Sequence[Task]:
    return [Task("1", "processing", "PRINTER-2", "9")]


async def _refused_expansion(with_definition: bool) -> Sequence[Mapping[str, Any]]:
    if with_definition:
        raise GraphError("list task triggers", 400, "BadRequest", "The query option is not supported.")
    return [{"id": "t", "event": "jobStarted"}]


async def test_where_graph_does_not_say_what_a_trigger_starts_a_task_proves_it() -> None:
    assert (await check_trigger(FOLLOW_ME, _refused_expansion, _one_task)).status is Status.OK
    unknown = await check_trigger(FOLLOW_ME, _refused_expansion, _no_tasks)
    assert (unknown.status, unknown.cause) == (Status.WARNING, "triggerUnknown")
    assert (await check_trigger(FOLLOW_ME, None, _one_task)).status is Status.OK
    assert (await check_trigger(FOLLOW_ME, None, _no_tasks)).status is Status.SKIPPED


@pytest.mark.parametrize(
    ("decision", "trouble", "status", "cause"),
    [
        (Decision(Move.KEEP), None, Status.OK, ""),
        (Decision(Move.RENEW, "it ends soon"), None, Status.WARNING, "subscriptionOld"),
        (Decision(Move.REPLACE, "NOTIFICATION_URL has changed"), None, Status.FAILED, "subscriptionWrong"),
    ],
)
def test_a_subscription_is_as_upkeep_sees_it(
    decision: Decision, trouble: str | None, status: Status, cause: str
) -> None:
    there = Subscription("s", "print/taskDefinitions/d/tasks", "created", "https://a/api/notifications", None, NOW)
    found = subscription_finding(decision, there, None, SubscriptionRecord(trouble=trouble))
    assert (found.status, found.cause) == (status, cause)


def test_a_subscription_that_the_state_does_not_know_is_told_of() -> None:
    theirs = Subscription("s", "print/taskDefinitions/d/tasks", "created", "https://a/api/notifications", None, NOW)
    record = SubscriptionRecord(trouble="Graph said no")
    found = subscription_finding(Decision(Move.CREATE, "there is none"), None, theirs, record)
    assert found.cause == "subscriptionUnknown"
    assert "Graph said no" in found.words


def test_the_test_page_is_one_page_of_pdf() -> None:
    reader = PdfReader(BytesIO(make_page(["Test page (1)", "Zürich"])))
    assert len(reader.pages) == 1
    assert reader.pages[0].extract_text().split() == ["Test", "page", "(1)", "Zürich"]


@pytest.mark.parametrize(
    ("state", "status"),
    [("completed", Status.OK), ("aborted", Status.FAILED), ("paused", Status.WARNING)],
)
def test_a_page_came_out_or_it_is_said_why_not(state: str, status: Status) -> None:
    assert outcome(HALL, "7", state, "In words.").status is status
