"""Alerts that are told once, problems without traces, seals, and the reference that a blob trigger gets."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import httpx
import pytest
from azurefunctions.extensions.base import Datum
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from shared.alerts import ALERTS_PATH, Change, changes, update
from shared.blob_reference import BlobReference, BlobReferenceConverter
from shared.errors import (
    DocumentRejected,
    GraphNotFound,
    GraphThrottled,
    NoReply,
    NotNow,
    PrintFunctionsError,
    SettingsError,
    StorageConflict,
)
from shared.problems import answer_json, answering
from shared.sealing import SealBroken, Sealer
from shared.storage.state import Stored
from tests.support.crashes import Crash, CrashingStore, CrashPlan
from tests.support.memory_state import MemoryStateStore

ALERTS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4)
WEBHOOK = "https://alerts.example/hook?secret=abc"


@given(ALERTS, ALERTS)
def test_changes_lead_from_one_set_of_alerts_to_the_other(before: dict[str, str], now: dict[str, str]) -> None:
    names = set(before)
    for change in changes(before, now):
        assert (change.name not in names) is change.active
        names ^= {change.name}
    assert names == set(now)


class Receiver:
    """Takes alerts, or fails in a chosen way."""

    def __init__(self, trouble: Exception | int = 200) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.trouble = trouble

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return httpx.Response(self.trouble)


async def test_an_alert_is_posted_when_it_begins_and_when_it_ends_and_not_between() -> None:
    state, receiver = MemoryStateStore(), Receiver()
    async with receiver.client() as http:
        for now in ({"lapsed": "print1 must sign in"}, {"lapsed": "print1 must sign in"}, {}, {}):
            await update(now, state, http, WEBHOOK)
    assert receiver.bodies == [
        {"alert": "lapsed", "active": True, "text": "Universal Print: print1 must sign in (began)"},
        {"alert": "lapsed", "active": False, "text": "Universal Print: print1 must sign in (ended)"},
    ]


@pytest.mark.parametrize("trouble", [500, httpx.ConnectError("refused")])
async def test_a_receiver_that_is_down_does_not_stop_the_timer_or_show_its_address(
    trouble: Exception | int, caplog: pytest.LogCaptureFixture
) -> None:
    state, receiver = MemoryStateStore(), Receiver(trouble)
    with caplog.at_level(logging.INFO):
        async with receiver.client() as http:
            changed = await update({"a": "b"}, state, http, WEBHOOK)
            await update({"a": "b"}, state, http, "http://[broken")
            await update({"c": "d"}, state, http, "http://[broken")
    assert changed == [Change("a", "b", active=True)]
    assert "began: a: b" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_run_that_dies_at_any_write_leaves_no_alert_untold(at: int, after: bool) -> None:
    state, receiver, plan = MemoryStateStore(), Receiver(), CrashPlan()
    plan.arm(at, after=after)
    async with receiver.client() as http:
        with pytest.raises(Crash):
            await update({"a": "b"}, CrashingStore(state, plan), http, WEBHOOK)
        for now in ({"a": "b"}, {"a": "b"}, {}, {}):
            await update(now, state, http, WEBHOOK)
    told = [body["active"] for body in receiver.bodies]
    # Where it died between telling and noting that it was told, it is told twice.
    assert told == ([True, True, False] if (at, after) == (3, False) else [True, False])


async def test_nothing_is_written_while_nothing_changes() -> None:
    state, plan = MemoryStateStore(), CrashPlan()
    async with Receiver().client() as http:
        for _ in range(3):
            await update({"a": "b"}, CrashingStore(state, plan), http, WEBHOOK)
    assert len(plan.log) == 3


async def test_of_two_instances_one_tells() -> None:
    state = MemoryStateStore()

    class Late(MemoryStateStore):
        async def create(self, path: str, content: bytes, summary: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002 - the protocol's signature
            raise StorageConflict(path)

    async with Receiver().client() as http:
        assert len(await update({"a": "b"}, state, http, None)) == 1
        assert await update({"a": "b"}, Late(), http, None) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 100_000])
async def test_damaged_alerts_are_told_anew(content: bytes) -> None:
    state = MemoryStateStore()
    state.documents[ALERTS_PATH] = Stored(content, '"x"')
    async with Receiver().client() as http:
        assert await update({"a": "b"}, state, http, None) == [Change("a", "b", active=True)]
        assert await update({"a": "b"}, state, http, None) == []


async def _answer(error: Exception) -> tuple[int, dict[str, Any], func.HttpResponse]:
    async def work() -> func.HttpResponse:
        raise error

    response = await answering(work)
    return response.status_code, json.loads(response.get_body()), response


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsError(["GRAPH_TENANT_ID is missing"]), 503),
        (NotNow("a", "later", 5), 503),
        (GraphThrottled("list", 429, "busy", "wait"), 503),
        (GraphNotFound("get", 404, "gone", "gone"), 502),
        (NoReply("get", "cut"), 502),
        (StorageConflict("x"), 409),
        (DocumentRejected("settingInvalid", "copies must be a whole number"), 422),
        (PrintFunctionsError("odd"), 500),
    ],
)
async def test_our_errors_are_answered_as_problems_that_nobody_caches(error: Exception, status: int) -> None:
    code, body, response = await _answer(error)
    assert code == body["status"] == status
    assert body["detail"] == str(error)
    assert response.mimetype == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"


async def test_an_error_that_nobody_foresaw_shows_nothing_of_itself() -> None:
    code, body, _ = await _answer(RuntimeError("token eyJ0eXAi"))
    assert code == 500
    assert "eyJ0eXAi" not in json.dumps(body)


async def test_a_good_answer_passes_as_it_is() -> None:
    async def work() -> func.HttpResponse:
        return answer_json({"name": "Büro"}, 201)

    response = await answering(work)
    assert (response.status_code, json.loads(response.get_body())) == (201, {"name": "Büro"})


@given(st.binary(max_size=100))
def test_what_was_sealed_opens_with_an_older_key_too_and_does_not_show(content: bytes) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = Sealer((old,)).seal(content)
    assert Sealer((new, old)).open(sealed) == content
    assert len(content) < 8 or content not in sealed
    with pytest.raises(SealBroken):
        Sealer((new,)).open(sealed)


@given(st.binary(max_size=200))
def test_what_was_not_sealed_does_not_open(content: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer((Fernet.generate_key().decode(),)).open(content)


def test_one_altered_byte_breaks_a_seal() -> None:
    sealer = Sealer((Fernet.generate_key().decode(),))
    sealed = bytearray(sealer.seal(b"content"))
    sealed[20] ^= 1
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed))


def _decode(content: str | bytes, source: str = "AzureStorageBlobs", kind: str = "model_binding_data") -> BlobReference:
    value = SimpleNamespace(version="1.0", source=source, content_type="application/json", content=content)
    return BlobReferenceConverter.decode(Datum(value, kind), trigger_metadata=None, pytype=BlobReference)


def test_a_reference_says_which_blob_it_is() -> None:
    content = {"Connection": "PrintStorage", "ContainerName": "print-inbox", "BlobName": "finance/ä/a.pdf"}
    reference = _decode(json.dumps(content))
    assert (reference.container, reference.name) == ("print-inbox", "finance/ä/a.pdf")
    assert reference.get_sdk_type() is reference
    assert _decode(json.dumps(content).encode()).name == "finance/ä/a.pdf"


@pytest.mark.parametrize(
    ("content", "source", "kind"),
    [
        ("{}", "AzureStorageBlobs", "model_binding_data"),
        ("[]", "AzureStorageBlobs", "model_binding_data"),
        ("", "AzureStorageBlobs", "model_binding_data"),
        ('{"ContainerName": "a", "BlobName": 5}', "AzureStorageBlobs", "model_binding_data"),
        ('{"ContainerName": "", "BlobName": "b"}', "AzureStorageBlobs", "model_binding_data"),
        ('{"ContainerName": "a", "BlobName": "b"}', "AzureEventHubs", "model_binding_data"),
        ('{"ContainerName": "a", "BlobName": "b"}', "AzureStorageBlobs", "bytes"),
    ],
)
def test_anything_but_a_reference_to_a_blob_is_refused(content: str, source: str, kind: str) -> None:
    with pytest.raises(ValueError):
        _decode(content, source, kind)


def test_the_converter_serves_its_own_type_only() -> None:
    check = BlobReferenceConverter.check_input_type_annotation
    assert check(BlobReference)
    assert not any(check(other) for other in (bytes, func.InputStream, list[str], None))
    assert not BlobReferenceConverter.has_implicit_output()
