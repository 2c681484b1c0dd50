"""Whatever Graph or storage answers is read, or raises one of our errors and nothing else."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.errors import GraphError, NoReply, PrintFunctionsError
from shared.graph.application_calls import ApplicationCalls
from shared.graph.print_client import PrintClient
from shared.graph.reports_client import ReportsClient
from shared.graph.subscription_client import SubscriptionClient
from shared.graph.task_client import TaskClient
from shared.graph.times import read_time
from shared.graph.translation import refusal
from shared.upload.answers import read_document, read_error_code, read_object
from tests.support.clock import Clock
from tests.support.json_values import bodies, changed, json_values

BASE = "https://graph.example/v1.0"
SOME = settings(max_examples=50, deadline=None)
VALUES = json_values("id", "state", "status", "value", "code", "error", "details", "documents", "@odata.nextLink")
TASK = {"id": "t", "parentUrl": f"{BASE}/print/printers/p/jobs/7", "status": {"state": "processing"}}
JOB = {
    "id": "7",
    "status": {"state": "paused", "details": ["x"], "description": "y"},
    "documents": [{"id": "d", "displayName": "a", "contentType": "application/pdf", "size": 5}],
    "configuration": {"copies": 2},
    "createdDateTime": "2026-11-01T08:00:00Z",
    "createdBy": {"id": "u", "userPrincipalName": "anna@contoso.example"},
    "redirectedTo": f"{BASE}/print/printers/q/jobs/8",
}
SUBSCRIPTION = {"id": "s", "resource": "print/x", "expirationDateTime": "2026-11-01T08:00:00Z"}
SESSION = {"uploadUrl": "https://upload.example/s", "expirationDateTime": "x", "nextExpectedRanges": ["0-"]}
GOOD: dict[str, dict[str, Any]] = {"task": TASK, "job": JOB, "subscription": SUBSCRIPTION, "session": SESSION}
ONE = st.one_of(*(changed(good, VALUES) for good in GOOD.values())) | VALUES
ANSWERS = bodies(
    ONE | st.fixed_dictionaries({"value": ONE | st.lists(ONE, max_size=3)}, optional={"@odata.nextLink": VALUES})
)


class Tokens:
    """Tokens of the app and of accounts."""

    async def access_token(self, *_: str) -> str:
        return "token"

    def invalidate(self, *_: str) -> None: ...


async def _consumed(pieces: Any) -> list[Any]:
    return [piece async for piece in pieces]


def _calls(http: httpx.AsyncClient) -> list[Callable[[], Awaitable[Any]]]:
    clock = Clock()
    options: dict[str, Any] = {"bounds": Bounds(), "sleep": clock.sleep, "random": lambda: 0.5}
    tasks = TaskClient(ApplicationCalls(BASE, http, Tokens(), **options))
    subscriptions = SubscriptionClient(ApplicationCalls(BASE, http, Tokens(), **options))
    reports = ReportsClient(BASE, http, Tokens(), "reports@contoso.example", **options)
    expires = datetime(2026, 11, 2, tzinfo=UTC)
    return [
        lambda: tasks.list_tasks("d"),
        lambda: tasks.get_task("d", "t"),
        lambda: tasks.get_job("p", "7"),
        lambda: tasks.redirect("p", "7", "q", None),
        lambda: tasks.create_upload_session("p", "7", "d", "a.pdf", "application/pdf", 5),
        lambda: tasks.get_printer("p"),
        lambda: tasks.get_user("anna@contoso.example"),
        lambda: tasks.member_of("u", ["g"]),
        lambda: _consumed(tasks.download("p", "7", "d", most=100)),
        lambda: subscriptions.create("r", "https://n.example", "https://l.example", "s", expires),
        lambda: subscriptions.get("s"),
        lambda: subscriptions.list_own(),
        lambda: subscriptions.renew("s", expires),
        lambda: reports.page(reports.archived_address("p", date(2026, 11, 1), date(2026, 11, 1))),
    ]


async def test_an_answer_that_cannot_be_read_tells_nothing_of_its_secrets() -> None:
    content = b'{"uploadUrl": "https://upload.example/a-secret-of-its-own", "documentName": "\xff"}'
    transport = httpx.MockTransport(lambda request: httpx.Response(201, content=content, request=request))
    async with httpx.AsyncClient(transport=transport) as http:
        tasks = TaskClient(
            ApplicationCalls(BASE, http, Tokens(), bounds=Bounds(), sleep=Clock().sleep, random=lambda: 0.5)
        )
        with pytest.raises(NoReply) as raised:
            await tasks.create_upload_session("p", "7", "d", "a.pdf", "application/pdf", 5)
    assert "UnicodeDecodeError" in str(raised.value)
    assert "a-secret" not in "".join(traceback.format_exception(raised.value))


@SOME
@given(ANSWERS, st.sampled_from([200, 200, 200, 201, 302, 400, 404, 429, 503]), st.sampled_from(["", "http://[", "/x"]))
def test_any_answer_of_graph_is_read_or_is_one_of_our_errors(content: bytes, status: int, location: str) -> None:
    pages = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal pages
        pages += 1
        # A list that always names a next page ends somewhere, or no test would.
        last = pages > 5
        return httpx.Response(
            status, headers={"location": location}, content=b"{}" if last else content, request=request
        )

    async def ask() -> None:
        nonlocal pages
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            for call in _calls(http):
                pages = 0
                try:
                    await call()
                except PrintFunctionsError:
                    continue

    asyncio.run(ask())


PRINT: list[dict[str, Any]] = [JOB, SESSION, {"value": [JOB]}, {**JOB, "printer": {"id": "p"}}]


@settings(max_examples=30, deadline=None)
@given(
    bodies(st.one_of(*(changed(each, VALUES) for each in PRINT)) | VALUES), st.sampled_from([200, 201, 400, 409, 500])
)
def test_any_answer_to_the_sdk_is_read_or_is_one_of_our_errors(content: bytes, status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        return httpx.Response(status, content=content, headers=headers, request=request)

    async def ask() -> None:
        clock = Clock()
        client = PrintClient(
            BASE, lambda: httpx.AsyncClient(transport=httpx.MockTransport(answer)), Tokens(),
            bounds=Bounds(), sleep=clock.sleep, random=lambda: 0.5,
        )  # fmt: skip
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: client.create_job("anna", "share", {"copies": 2}),
            lambda: client.get_job("anna", "share", "7"),
            lambda: client.list_own_jobs("anna", "share"),
            lambda: client.create_upload_session("anna", "share", "7", "d", "a.pdf", "application/pdf", 5),
        ]
        for call in calls:
            try:
                await call()
            except PrintFunctionsError:
                continue

    asyncio.run(ask())


HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "request-id", "x"]), st.text(max_size=30) | st.sampled_from(["1e9", "-1"])
)


@SOME
@given(st.integers(0, 999), HEADERS, bodies(VALUES | st.fixed_dictionaries({"error": VALUES})))
def test_any_refusal_is_a_branch_of_the_tree(status: int, headers: dict[str, str], content: bytes) -> None:
    error = refusal("ask", status, headers, content)
    assert isinstance(error, GraphError)
    assert error.status == status
    wait = getattr(error, "retry_after", None)
    assert wait is None or 0 <= wait <= 86400


@SOME
@given(bodies(changed({**SESSION, "id": "d", "size": 5, "error": {"code": "x"}}, VALUES) | VALUES))
def test_any_answer_to_a_part_tells_something_or_nothing(body: bytes) -> None:
    content = read_object(body)
    assert isinstance(content, dict)
    time = read_time(content.get("expirationDateTime"))
    assert time is None or time.tzinfo is not None
    document = read_document(body, certain=True)
    assert document is not None
    assert document.size is None or isinstance(document.size, int)
    # Only a word, which cannot name a secret address.
    assert "/" not in read_error_code(body)


@pytest.mark.parametrize("link", ["http://[", "https://elsewhere.example/x", "/relative", "https://graph.example:x/"])
async def test_a_next_page_elsewhere_gets_no_token(link: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link}, request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        clock = Clock()
        calls = ApplicationCalls(BASE, http, Tokens(), bounds=Bounds(), sleep=clock.sleep, random=lambda: 0.5)
        with pytest.raises(PrintFunctionsError):
            await _consumed(calls.entries("list", f"{BASE}/first"))
        assert asked == [f"{BASE}/first"]
        account = "reports@contoso.example"
        reports = ReportsClient(BASE, http, Tokens(), account, bounds=Bounds(), sleep=clock.sleep, random=lambda: 0.5)
        with pytest.raises(PrintFunctionsError):
            await reports.page(link)
    assert asked == [f"{BASE}/first"]


async def test_pages_that_lead_in_a_circle_end() -> None:
    links = {"first": "second", "second": "first"}
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        assert len(asked) <= len(links)
        following = links[str(request.url).rpartition("/")[2]]
        return httpx.Response(200, json={"value": [], "@odata.nextLink": f"{BASE}/{following}"}, request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        clock = Clock()
        calls = ApplicationCalls(BASE, http, Tokens(), bounds=Bounds(), sleep=clock.sleep, random=lambda: 0.5)
        with pytest.raises(GraphError, match="pagesInCircle"):
            await _consumed(calls.entries("list", f"{BASE}/first"))
