"""What came back from Graph is put into our own words, and only what may be repeated is repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.errors import (
    AccountLapsed,
    GraphConflict,
    GraphDenied,
    GraphError,
    GraphNotFound,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
    PrintFunctionsError,
)
from shared.graph.print_client import JobView, PrintClient
from shared.graph.retry import Retry
from shared.graph.translation import LONGEST_WAIT_SECONDS, retry_after, translated
from tests.support.clock import Clock

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BOUNDS = Bounds()
JOB = {"id": "7", "createdDateTime": "2026-03-02T08:00:00Z"}


class Tokens:
    """A token for everybody."""

    async def access_token(self, user_principal_name: str) -> str:
        return f"token of {user_principal_name}"

    def invalidate(self, user_principal_name: str) -> None: ...


async def _create(*answers: httpx.Response | Exception) -> tuple[JobView, int]:
    sent = 0
    remaining = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        answer = remaining.pop(0)
        if isinstance(answer, Exception):
            raise answer
        answer.request = request
        return answer

    clock = Clock()
    client = PrintClient(
        "https://localhost/v1.0",
        lambda: httpx.AsyncClient(transport=httpx.MockTransport(handle)),
        Tokens(),
        bounds=BOUNDS,
        sleep=clock.sleep,
        random=lambda: 0.5,
    )
    view = await client.create_job("print1@contoso.com", "share", {"copies": 2})
    return view, sent


async def test_an_answer_becomes_a_view() -> None:
    view, sent = await _create(
        httpx.Response(201, json={**JOB, "status": {"state": "paused", "details": ["uploadPending"]}})
    )
    assert (view.id, view.state, view.upload_pending, sent) == ("7", "paused", True, 1)


async def test_states_and_details_newer_than_the_sdk_do_not_upset_the_reading() -> None:
    status = {"state": "resting", "details": ["dreaming", "interpreting"]}
    view, _ = await _create(httpx.Response(201, json={**JOB, "status": status}))
    assert (view.state, view.details) == ("unknown", ("interpreting",))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, GraphError),
        (403, GraphDenied),
        (404, GraphNotFound),
        (408, GraphUnavailable),
        (409, GraphConflict),
        (410, GraphNotFound),
        (412, GraphError),
        (429, GraphThrottled),
        (500, GraphUnavailable),
        (503, GraphUnavailable),
        (509, GraphUnavailable),
    ],
)
@pytest.mark.parametrize("body", ["graph", "html", "empty", "odd"])
async def test_an_error_status_is_its_branch_whatever_the_body(status: int, kind: type[GraphError], body: str) -> None:
    headers = {"request-id": "abc-1", "retry-after": "12"}
    answers: Mapping[str, Callable[[], httpx.Response]] = {
        "graph": lambda: httpx.Response(status, headers=headers, json={"error": {"code": "busy", "message": "wait"}}),
        "html": lambda: httpx.Response(status, headers=headers, html="<html>gateway</html>"),
        "empty": lambda: httpx.Response(status, headers=headers),
        "odd": lambda: httpx.Response(status, headers=headers, json={"error": "text"}),
    }
    with pytest.raises(GraphError) as caught:
        await _create(answers[body]())
    error = caught.value
    assert type(error) is kind
    assert (error.operation, error.status, error.request_id) == ("create job", status, "abc-1")
    assert error.code == ("busy" if body == "graph" else "unknownError")
    if isinstance(error, (GraphThrottled, GraphUnavailable)):
        assert error.retry_after == 12


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201, content=b'{"id":', headers={"content-type": "application/json"}),
        httpx.Response(201, content=b"\xff\xfe", headers={"content-type": "application/json"}),
        httpx.Response(201, html="<html>captive portal</html>"),
        httpx.Response(201, stream=httpx.ByteStream(b"no gzip"), headers={"content-encoding": "gzip"}),
        httpx.ReadTimeout("silence"),
        httpx.RemoteProtocolError("cut"),
        httpx.ReadError("reset"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_reply_because_the_job_may_exist(
    answer: httpx.Response | Exception,
) -> None:
    with pytest.raises(NoReply):
        await _create(answer)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("far"), httpx.PoolTimeout("full")]
)
async def test_a_connection_that_was_never_made_is_only_a_wait(error: Exception) -> None:
    with pytest.raises(NotNow) as caught:
        await _create(error)
    assert (caught.value.code, caught.value.delay) == ("graphUnreachable", 15.0)


@pytest.mark.parametrize("error", [AccountLapsed("a@b", "revoked", 60), KeyError("ours"), NotNow("x", "y", 1)])
def test_our_own_errors_and_mistakes_are_not_disguised(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translated("get job"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 400, LONGEST_WAIT_SECONDS),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 02 Mar 2026 08:00:30 GMT", 30),
        ("Mon, 02 Mar 2026 08:00:30 -0000", 30),
        ("Mon, 02 Mar 2026 09:00:30 +0100", 30),
        ("Mon, 02 Mar 2026 07:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_SECONDS),
        ("Mon, 99 Mar 2026 08:00:30 GMT", None),
    ],
)
def test_a_wait_is_read_in_both_forms_and_never_believed_beyond_a_day(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,6} \d\d?:\d\d?:\d\d? \S{1,5}"))
def test_no_header_upsets_the_reading_of_a_wait(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS


@given(st.integers(0, 86_000))
def test_a_date_means_the_seconds_until_then(seconds: int) -> None:
    assert retry_after(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds


async def test_a_date_is_read_by_the_clock_of_the_service() -> None:
    headers = {"date": "Mon, 02 Mar 1998 08:00:00 GMT", "retry-after": "Mon, 02 Mar 1998 08:00:20 GMT"}
    with pytest.raises(GraphThrottled) as caught:
        await _create(httpx.Response(429, headers=headers))
    assert caught.value.retry_after == 20


class Sender:
    """Raises what it was given, one by one, then answers. `tokens` has after which send each token was renewed."""

    def __init__(self, *troubles: PrintFunctionsError) -> None:
        self.troubles = list(troubles)
        self.sent = 0
        self.tokens: list[int] = []

    async def __call__(self) -> str:
        self.sent += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return "done"


def _throttled(seconds: float | None) -> GraphThrottled:
    error = GraphThrottled("get job", 429, "busy", "wait")
    error.retry_after = seconds
    return error


def _unavailable(seconds: float | None = None) -> GraphUnavailable:
    error = GraphUnavailable("get job", 503, "down", "wait")
    error.retry_after = seconds
    return error


async def _call(sender: Sender, clock: Clock, *, repeatable: bool) -> str:
    retry = Retry(BOUNDS, clock.sleep, lambda: 0.5)
    return await retry.call(sender, repeatable=repeatable, renew_token=lambda: sender.tokens.append(sender.sent))


@pytest.mark.parametrize(
    "trouble", [_throttled(1), _throttled(None), _unavailable(), NoReply("start job", "cut"), NotNow("x", "y", 1)]
)
async def test_what_may_not_be_repeated_is_sent_once(trouble: PrintFunctionsError) -> None:
    clock, sender = Clock(), Sender(trouble)
    with pytest.raises(type(trouble)):
        await _call(sender, clock, repeatable=False)
    assert (sender.sent, clock.slept) == (1, [])


async def test_a_read_is_repeated_with_growing_waits_or_as_graph_asks() -> None:
    clock, sender = Clock(), Sender(_unavailable(), NoReply("get job", "cut"), _throttled(3))
    assert await _call(sender, clock, repeatable=True) == "done"
    assert clock.slept == [0.25, 0.5, 3]


@pytest.mark.parametrize(
    ("trouble", "code"), [(_throttled(6), "graphThrottled"), (_unavailable(60), "graphUnavailable")]
)
async def test_a_wait_too_long_for_a_running_function_is_put_off(trouble: PrintFunctionsError, code: str) -> None:
    clock, sender = Clock(), Sender(trouble)
    with pytest.raises(NotNow) as caught:
        await _call(sender, clock, repeatable=True)
    assert (caught.value.code, sender.sent, clock.slept) == (code, 1, [])


@pytest.mark.parametrize(
    ("trouble", "raised"), [(_throttled(0), NotNow), (_unavailable(), GraphUnavailable), (NoReply("a", "b"), NoReply)]
)
async def test_repeats_end(trouble: PrintFunctionsError, raised: type[Exception]) -> None:
    clock, sender = Clock(), Sender(*[trouble] * 50)
    with pytest.raises(raised):
        await _call(sender, clock, repeatable=True)
    assert sender.sent == BOUNDS.graph_attempts
    assert sum(clock.slept) <= BOUNDS.graph_attempts * BOUNDS.in_process_wait_seconds


@pytest.mark.parametrize("kind", [GraphDenied, GraphNotFound, GraphConflict, GraphError])
async def test_a_refusal_is_not_repeated(kind: type[GraphError]) -> None:
    sender = Sender(kind("get job", 400, "no", "no"))
    with pytest.raises(kind):
        await _call(sender, Clock(), repeatable=True)
    assert sender.sent == 1


@pytest.mark.parametrize("repeatable", [False, True])
async def test_a_refused_token_is_renewed_once_for_each_send_whether_it_may_be_repeated_or_not(
    repeatable: bool,
) -> None:
    denied = GraphDenied("create job", 401, "InvalidAuthenticationToken", "expired")
    sender = Sender(denied)
    assert await _call(sender, Clock(), repeatable=repeatable) == "done"
    assert (sender.sent, sender.tokens) == (2, [1])

    refused = Sender(denied, denied)
    with pytest.raises(GraphDenied):
        await _call(refused, Clock(), repeatable=repeatable)
    assert (refused.sent, refused.tokens) == (2, [1])
