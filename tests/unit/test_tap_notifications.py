"""What a POST to the webhook is read as: good items become messages, and nothing else of it goes anywhere."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessageOutConverter
from hypothesis import given
from hypothesis import strategies as st

from functions import notifications
from shared.bounds import KIBIBYTE, MOST_TASKS_PER_MESSAGE
from shared.notifications import receiving
from shared.notifications.messages import messages_of, trace_of
from shared.notifications.reading import (
    LifecycleNotice,
    Notices,
    NotificationUnreadable,
    TaskNotice,
    read_notifications,
)
from shared.notifications.receiving import Received, answer_validation, receive, receive_notifications
from shared.settings import load_settings
from shared.tasks.messages import read_event, read_tasks
from tests.support.notices import BEFORE, DEFINITION, SECRET, SETTINGS, body_of, lifecycle, notice, task_id
from tests.support.tenant import ROOT, TENANT_ID
from tests.unit.test_repository_imports import HEAVY

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def read(*items: Any) -> Notices:
    return read_notifications(body_of(*items), (SECRET, BEFORE), TENANT_ID)


def received(body: bytes, **settings: str) -> Received:
    return receive_notifications(body, TRACE, load_settings({**SETTINGS, **settings}), NOW)


def answered(result: Received) -> tuple[int, dict[str, Any]]:
    assert result.answer.mimetype == "application/problem+json"
    assert result.messages == []
    return result.answer.status_code, json.loads(result.answer.get_body())


@pytest.mark.parametrize(
    "resource",
    [
        f"print/taskDefinitions/{DEFINITION}/tasks/{task_id(1)}",
        f"/print/taskdefinitions/{DEFINITION}/tasks/{task_id(1)}",
        f"/print/printtaskdefinition/{DEFINITION}/tasks/{task_id(1)}",
        f"PRINT/TASKDEFINITIONS/{DEFINITION}/TASKS/{task_id(1)}",
        f"print/taskDefinitions('{DEFINITION}')/tasks('{task_id(1)}')",
        f"/print/printTaskDefinition/{DEFINITION}/tasks",
    ],
)
def test_a_task_is_found_in_every_spelling_of_its_resource(resource: str) -> None:
    assert read(notice(resource=resource)).tasks == (TaskNotice(DEFINITION, task_id(1)),)


def test_members_that_nobody_knows_are_let_be() -> None:
    item = notice(1, sequence=5, **{"@odata.type": "#microsoft.graph.changeNotification"}, changeType="updated")
    assert len(read(item).tasks) == 1


def test_the_secret_of_before_is_taken_too() -> None:
    assert len(read(notice(clientState=BEFORE)).tasks) == 1


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (notice(clientState="another"), "clientState"),
        (notice(clientState=None), "clientState"),
        (notice(clientState=SECRET.upper()), "clientState"),
        (notice(clientState=SECRET + "\x00"), "clientState"),
        (notice(clientState="\ud800"), "clientState"),
        (notice(clientState=[SECRET]), "clientState"),
        (notice(tenantId="aaaaaaaa-0000-0000-0000-000000000000"), "tenant"),
        (notice(tenantId=None), "tenant"),
        (notice(tenantId=7), "tenant"),
        (notice(resource=None), "resource"),
        (notice(resource=["print"]), "resource"),
        (notice(resource=f"print/printers/{task_id(1)}/jobs/1"), "resource"),
        (notice(resource=f"print/taskDefinitions/{DEFINITION}/tasks/../../x"), "resource"),
        (notice(resource=f"print/taskDefinitions/{DEFINITION}/tasks/.."), "resource"),
        (notice(resource=f"print/taskDefinitions/{DEFINITION}/tasks", resourceData={"id": ".."}), "taskId"),
        (notice(resource=f"print/taskDefinitions/{DEFINITION}/tasks", resourceData={"id": "a/b"}), "taskId"),
        (notice(resource=f"print/taskDefinitions/{DEFINITION}/tasks", resourceData=[]), "taskId"),
        (lifecycle(event="<script>"), "lifecycleEvent"),
        (notice(lifecycleEvent=3), "lifecycleEvent"),
        (lifecycle(subscriptionId="../x"), "subscriptionId"),
        ("text", "notAnObject"),
        (None, "notAnObject"),
    ],
)
def test_a_bad_item_is_passed_over_and_the_good_one_beside_it_is_not(item: Any, reason: str) -> None:
    found = read(item, notice(2), item)
    assert found.tasks == (TaskNotice(DEFINITION, task_id(2)),)
    assert found.lifecycle == ()
    assert found.refused == {reason: 2}


def test_what_is_said_twice_is_taken_once() -> None:
    again = notice(1, resource=f"/PRINT/taskdefinitions/{DEFINITION.upper()}/tasks/{task_id(1).upper()}")
    found = read(notice(1), again, notice(2), lifecycle(), lifecycle(), lifecycle("missed"))
    assert [task.task_id for task in found.tasks] == [task_id(1), task_id(2)]
    assert [one.event for one in found.lifecycle] == ["reauthorizationRequired", "missed"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"value"', b'{"value": {}}', b"{}", b"\xff\xfe", b"[" * 100_000, b'{"value":' * 9_000],
)
def test_a_body_without_notifications_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        read_notifications(body, (SECRET,), TENANT_ID)
    assert answered(received(body))[0] == 400


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_whatever_is_queued_without_the_secret(body: bytes) -> None:
    result = received(body)
    assert result.answer.status_code in (202, 400)
    assert result.messages == []


@given(st.lists(JSON, max_size=4), st.dictionaries(st.sampled_from(sorted(notice())), JSON, max_size=3))
def test_no_item_whatever_keeps_a_good_one_from_the_queue(items: list[Any], changes: dict[str, Any]) -> None:
    found = read(*items, {**notice(1), **changes}, notice(2))
    assert TaskNotice(DEFINITION, task_id(2)) in found.tasks


def test_a_hundred_tasks_are_one_message_that_the_queue_function_reads() -> None:
    result = received(body_of(*(notice(number) for number in range(100))))
    assert result.answer.status_code == 202
    (text,) = result.messages
    assert len(text) < 48 * 1024
    tasks = read_tasks(read_event(text.encode()))
    assert [task.task_id for task in tasks] == [task_id(number) for number in range(100)]
    assert {(task.definition_id, task.source) for task in tasks} == {(DEFINITION, "notification")}
    assert json.loads(text)["traceparent"] == TRACE


def test_more_tasks_than_a_message_takes_are_several_messages() -> None:
    found = Notices(tuple(TaskNotice(DEFINITION, task_id(number)) for number in range(5)))
    messages = messages_of(found, TRACE, NOW, most=2)
    assert [len(message["tasks"]) for message in messages] == [2, 2, 1]


def test_a_lifecycle_event_is_queued_with_when_it_came() -> None:
    (message,) = messages_of(Notices(lifecycle=(LifecycleNotice("s1", "missed"),)), TRACE, NOW, most=2)
    assert message == {
        "kind": "lifecycle",
        "subscriptionId": "s1",
        "event": "missed",
        "at": "2026-11-01T00:00:00+00:00",
        "traceparent": TRACE,
    }


def test_the_largest_message_fits_into_a_queue() -> None:
    tasks = tuple(TaskNotice("d" * 100, f"{number:0100}") for number in range(MOST_TASKS_PER_MESSAGE))
    (message,) = messages_of(Notices(tasks=tasks), TRACE, NOW, most=MOST_TASKS_PER_MESSAGE)
    assert len(base64.b64encode(json.dumps(message).encode())) <= 64 * KIBIBYTE


def test_a_forged_batch_is_accepted_and_forgotten_and_the_log_names_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        result = received(body_of(notice(clientState="guessed-secret"), notice(tenantId="foreign")))
    assert (result.answer.status_code, result.messages) == (202, [])
    assert "1 notifications were passed over: clientState" in caplog.text
    assert "1 notifications were passed over: tenant" in caplog.text
    assert not any(word in caplog.text for word in ("guessed-secret", SECRET, BEFORE))


def test_a_body_above_the_bound_is_refused_unread() -> None:
    status, problem = answered(received(body_of(notice()), NOTIFICATION_BODY_BYTES="100"))
    assert status == problem["status"] == 413


def test_without_a_secret_nothing_is_taken() -> None:
    assert answered(received(body_of(notice()), NOTIFICATION_URL="", NOTIFICATION_CLIENT_STATE=""))[0] == 503


@pytest.mark.parametrize("token", ["a b+c%&", "<script>alert(1)</script>", "ключ", "x" * 4000, "\ud800", ""])
def test_the_validation_token_comes_back_as_text_that_no_browser_runs(token: str) -> None:
    answer = answer_validation(token)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.get_body() == token.encode(errors="replace")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_wrong_settings_are_no_business_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_settings", None)
    monkeypatch.setattr(os, "environ", {"GRAPH_TENANT_ID": "hush hush"})
    request = func.HttpRequest("POST", "/api/notifications", body=body_of(notice()))
    status, problem = answered(receive(request, None))
    assert status == 503
    assert "hush" not in json.dumps(problem)


@pytest.mark.parametrize(
    ("given_traces", "expected"),
    [
        ((TRACE, None), TRACE),
        ((None, TRACE), TRACE),
        (("", f" {TRACE} "), TRACE),
        (("00-zz", None), "00-new16-new8-01"),
        ((f"00-{'0' * 32}-{'b' * 16}-01", TRACE.upper()), "00-new16-new8-01"),
        ((f"ff-{'a' * 32}-{'b' * 16}-01", None), "00-new16-new8-01"),
    ],
)
def test_a_message_carries_the_trace_of_its_request_or_a_new_one(given_traces: Any, expected: str) -> None:
    assert trace_of(*given_traces, token_hex=lambda size: f"new{size}") == expected


@pytest.mark.parametrize("items", [1, 2, 3])
def test_the_host_is_given_each_message_once_whether_one_or_several(
    items: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "_settings", load_settings({**SETTINGS, "NOTIFICATION_TASKS_PER_MESSAGE": "1"}))
    given_to_host: list[Any] = []

    class Events:
        def set(self, value: Any) -> None:
            given_to_host.append(value)

    events: Any = Events()
    context: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=TRACE))
    request = func.HttpRequest("POST", "/", body=body_of(*(notice(number) for number in range(items))))
    answer = notifications._receive(request, events, context)
    assert answer.status_code == 202
    (value,) = given_to_host
    # What leaves the worker is Microsoft's encoding: the host makes a message of text, and one of each entry of JSON.
    datum: Any = QueueMessageOutConverter.encode(value, expected_type=None)
    texts = json.loads(datum.value) if datum.type == "json" else [datum.value]
    assert [task.task_id for text in texts for task in read_tasks(read_event(text.encode()))] == [
        task_id(number) for number in range(items)
    ]


def test_the_webhook_loads_no_client_and_nothing_else_that_is_heavy() -> None:
    program = (
        "import sys, azure.functions as func, function_app\n"
        "from shared.notifications.receiving import receive\n"
        "received = receive(func.HttpRequest('POST', '/', body=sys.stdin.buffer.read()), None)\n"
        "assert (received.answer.status_code, len(received.messages)) == (202, 1), received\n"
        "print('\\n'.join(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **SETTINGS},
        input=body_of(notice()),
        capture_output=True,
        check=True,
    )
    assert HEAVY & set(ran.stdout.decode().split()) == set()
