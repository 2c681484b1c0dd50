"""The pure parts of the local host: host.json, functions, messages, frames, paths, keys."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import timedelta
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.functions_host.__main__ import read_settings
from emulator.functions_host.blobs import path_values, trigger_message
from emulator.functions_host.connections import Connections, container_and_name, setting_of
from emulator.functions_host.errors import InvocationFailed, StartError
from emulator.functions_host.frames import FrameError, pack, read_frame, receive_frame
from emulator.functions_host.functions import read_functions
from emulator.functions_host.host_json import QueueOptions, host_options, load_host_options, parse_time_span
from emulator.functions_host.keys import Keys, given_key
from emulator.functions_host.outputs import queue_messages, resolve
from emulator.functions_host.packages import Without, forbidden_modules, missing_module
from emulator.functions_host.queues import Undecodable, after_failure, decode, next_delay

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_frame_carries_values_and_bytes(message: dict[str, Any]) -> None:
    assert read_frame(io.BytesIO(pack(message) + b"next")) == message


async def test_frames_are_read_from_a_stream_too() -> None:
    stream = asyncio.StreamReader()
    message = {"kind": "invoke", "body": bytes(100_000), "nothing": b""}
    stream.feed_data(pack(message) * 2)
    assert [await receive_frame(stream), await receive_frame(stream)] == [message, message]


@pytest.mark.parametrize("kept", [1, 8, 20, -1])
def test_half_a_frame_is_an_error_and_no_frame_is_the_end(kept: int) -> None:
    assert read_frame(io.BytesIO()) is None
    with pytest.raises(FrameError):
        read_frame(io.BytesIO(pack({"body": b"12345", "text": "12345"})[:kept]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00:30", timedelta(seconds=30)),
        ("1.02:03:04.5", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("00:05", timedelta(minutes=5)),
    ],
)
def test_time_spans(text: str, expected: timedelta) -> None:
    assert parse_time_span(text) == expected


@pytest.mark.parametrize("text", ["", "30", "24:00:00", "00:60:00", "-00:00:30", "PT30S"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time span"):
        parse_time_span(text)


def test_host_json_defaults_are_the_hosts() -> None:
    options = host_options({"version": "2.0"})
    assert options.queues == QueueOptions(16, 8, 5, timedelta(), timedelta(seconds=2), base64=True)
    assert (options.route_prefix, options.function_timeout) == ("api", timedelta(minutes=30))


def test_settings_override_host_json(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"queues": {"batchSize": 2}}}')
    settings = {
        "AzureFunctionsJobHost__extensions__Queues__BATCHSIZE": "9",
        "AzureFunctionsJobHost__functionTimeout": "-1",
    }
    options = load_host_options(tmp_path, settings)
    assert (options.queues.batch_size, options.queues.new_batch_threshold) == (9, 4)
    assert options.function_timeout is None


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"extensions": {"queues": {"batchSize": 33}}}, "queues.batchSize"),
        ({"extensions": {"queues": {"maxDequeueCount": 0}}}, "queues.maxDequeueCount"),
        ({"extensions": {"queues": {"visibilityTimeout": "30"}}}, "queues.visibilityTimeout"),
        ({"extensions": {"queues": {"messageEncoding": "utf8"}}}, "queues.messageEncoding"),
        ({"extensions": {"blobs": []}}, "extensions.blobs"),
        ({"functionTimeout": "soon"}, "functionTimeout"),
    ],
)
def test_a_wrong_value_of_host_json_is_named(content: dict[str, Any], named: str) -> None:
    with pytest.raises(StartError, match=named):
        host_options(content)


@pytest.mark.parametrize("content", [None, "[]", "{", '{"version": "1.0"}'])
def test_a_missing_or_foreign_host_json_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "host.json").write_text(content)
    with pytest.raises(StartError, match=r"host\.json"):
        load_host_options(tmp_path, {})


def described(*bindings: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": "1", "name": "f", "retry": None, "bindings": [json.dumps(binding) for binding in bindings]}]


BLOB = {
    "type": "blobTrigger",
    "direction": "IN",
    "name": "b",
    "path": "c/{name}",
    "connection": "X",
    "source": "EventGrid",
}
DEFERRED = {**BLOB, "properties": {"SupportsDeferredBinding": True}}


@pytest.mark.parametrize(
    ("bindings", "message"),
    [
        ([{"type": "eventHubTrigger", "direction": "IN", "name": "e"}], "f has a eventHubTrigger"),
        ([{**BLOB, "source": "LogsAndContainerScan"}], "blob trigger of f polls"),
        ([{**BLOB, "source": None}], "blob trigger of f polls"),
        ([BLOB, {"type": "blob", "direction": "IN", "name": "i", "path": "c/x"}], "f has an in binding"),
        ([BLOB, {"type": "signalR", "direction": "OUT", "name": "o"}], "type signalR"),
        ([BLOB, {**BLOB, "name": "other"}], "f has 2 triggers"),
        ([{**BLOB, "path": "%PLACE%/{name}"}], "needs the setting PLACE"),
    ],
)
def test_what_this_host_cannot_run_is_refused_by_name(bindings: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(StartError, match=message):
        read_functions(described(*bindings), {})


def test_settings_fill_bindings_but_never_connections() -> None:
    trigger = {"type": "queueTrigger", "direction": "IN", "name": "m", "queueName": "%Q%-1", "connection": "%Q%"}
    [function] = read_functions(described(trigger), {"Q": "orders", "AzureWebJobs.f.Disabled": "true"})
    assert function.trigger["queueName"] == "orders-1"
    assert function.connection == "%Q%"
    assert function.disabled


def test_an_expression_in_another_binding_turns_a_reference_into_bytes() -> None:
    output = {"type": "queue", "direction": "OUT", "name": "$return", "queueName": "q", "properties": {}}
    assert read_functions(described(DEFERRED, output), {})[0].deferred
    assert not read_functions(described(DEFERRED, {**output, "queueName": "{name}"}), {})[0].deferred


def test_scale_groups_are_those_of_flex_consumption() -> None:
    http = {"type": "httpTrigger", "direction": "IN", "name": "r"}
    timer = {"type": "timerTrigger", "direction": "IN", "name": "t", "schedule": "* * * * *"}
    groups = [read_functions(described(trigger), {})[0].scale_group for trigger in (http, BLOB, timer)]
    assert groups == ["http", "blob", "function:f"]


def test_a_failed_message_is_poisoned_when_it_has_been_received_often_enough() -> None:
    options = QueueOptions(max_dequeue_count=3, visibility_timeout=timedelta(seconds=30))
    assert [after_failure(count, options).poison for count in (1, 2, 3, 4)] == [False, False, True, True]
    assert after_failure(1, options).visible_after == timedelta(seconds=30)


def test_message_texts() -> None:
    assert decode("YQ==", is_base64=True) == b"a"
    assert decode("YQ==", is_base64=False) == b"YQ=="
    for text in ("not base64!", "YQ", "<a/>"):
        with pytest.raises(Undecodable):
            decode(text, is_base64=True)


def test_polling_slows_down_to_its_bound() -> None:
    delays = [0.0]
    for _ in range(30):
        delays.append(next_delay(delays[-1], 2.0))
    assert delays[1] == 0.1
    assert delays == sorted(delays)
    assert delays[-1] == 2.0


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (("string", "a"), [b"a"]),
        (("bytes", b"\x00"), [b"\x00"]),
        (("json", '["a", {"b": 1}]'), [b"a", b'{"b":1}']),
        (("json", '{"id": null, "body": "a"}'), [b"a"]),
        (("json", "[]"), []),
    ],
)
def test_queue_outputs_become_messages(value: tuple[str, Any], messages: list[bytes]) -> None:
    assert queue_messages(value) == messages


def test_expressions_take_values_of_the_trigger() -> None:
    metadata = {"Name": ("string", "x"), "number": ("json", "7")}
    assert resolve("out/{name}/{NUMBER}.txt", metadata) == "out/x/7.txt"
    assert len(resolve("{rand-guid}", {})) == 36
    with pytest.raises(InvocationFailed, match="other"):
        resolve("{other}", metadata)


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("in/{name}", "in/a/b.pdf", {"name": "a/b.pdf"}),
        ("in/{name}.{ext}", "in/a.b.pdf", {"name": "a.b", "ext": "pdf"}),
        ("in/{name}.pdf", "in/a.txt", {}),
    ],
)
def test_tokens_of_a_blob_path(pattern: str, path: str, values: dict[str, str]) -> None:
    assert path_values(pattern, path) == values


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("http://127.0.0.1:1/acc/in/a%20b/c.pdf", "http://127.0.0.1:1/acc/"),
        ("https://acc.blob.core.windows.net/in/a%20b/c.pdf", "https://acc.blob.core.windows.net/"),
    ],
)
def test_an_event_becomes_the_hosts_message(url: str, service: str) -> None:
    message = trigger_message("f", {"data": {"url": url, "eTag": "0x8"}}, service)
    assert (message["ContainerName"], message["BlobName"], message["ETag"]) == ("in", "a b/c.pdf", '"0x8"')


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/other/in/a", "http://127.0.0.1:1/acc/in"])
def test_what_is_no_blob_of_the_account_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        container_and_name(url, "http://127.0.0.1:1/acc")


def test_connections_are_names_of_settings() -> None:
    settings = {"AzureWebJobsPrint": "one", "Other": "UseDevelopmentStorage=true"}
    assert setting_of("Print", settings) == "one"
    assert "127.0.0.1:10000" in (setting_of("Other", settings) or "")
    connections = Connections({"Print__blobServiceUri": "https://acc.blob.core.windows.net"})
    assert "Print" in connections
    with pytest.raises(StartError, match="Print__queueServiceUri"):
        connections.queues("Print")


def test_who_a_key_lets_through() -> None:
    keys = Keys("m", frozenset({"h"}), {"blobs_extension": "s"}, {"f": frozenset({"k"})})
    allowed = {
        level: [key for key in ("m", "h", "k", "s", "x", None) if keys.opens(level, "F", key)]
        for level in ("anonymous", "function", "admin")
    }
    assert allowed == {"anonymous": ["m", "h", "k", "s", "x", None], "function": ["m", "h", "k"], "admin": ["m"]}
    assert not keys.opens("function", "other", "k")
    assert [key for key in ("m", "h", "k", "s", None) if keys.opens_webhook(key)] == ["m", "s"]


def test_the_key_of_the_header_wins() -> None:
    assert given_key({"x-functions-key": "a"}, {"code": "b"}) == "a"
    assert given_key({}, {"code": "b"}) == "b"
    assert given_key({}, {}) is None


def test_settings_come_from_the_values_of_the_file(tmp_path: Path) -> None:
    assert read_settings(None, tmp_path) == {}
    (tmp_path / "local.settings.json").write_text('{"Values": {"A": "1"}}', encoding="utf-8-sig")
    assert read_settings(None, tmp_path) == {"A": "1"}
    (tmp_path / "other.json").write_text('{"Values": {"A": 1}}')
    for name in ("other.json", "missing.json"):
        with pytest.raises(StartError, match=name):
            read_settings(tmp_path / name, tmp_path)


class _Finder(PathFinder):
    """Some packages replace this method of the standard finder by their own."""

    @classmethod
    def find_distributions(cls, *_arguments: object) -> list[str]:  # type: ignore[override]
        return ["its own"]


def test_an_app_finds_the_packages_of_its_requirements_and_no_others(tmp_path: Path) -> None:
    assert forbidden_modules(tmp_path) == []
    lines = ["# ours", "--require-hashes", "Azure_Functions==2.3.0 \\", "    --hash=sha256:1", "httpx>=0.2"]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    forbidden = set(forbidden_modules(tmp_path))
    assert {"pytest", "psutil", "starlette", "msal"} <= forbidden
    assert forbidden.isdisjoint({"azure", "httpx", "httpcore", "anyio", "werkzeug", "azure_functions_runtime"})
    assert missing_module("ImportError: No module named 'pytest.x'", forbidden) == "pytest"
    assert missing_module("ImportError: No module named 'gone'", forbidden) is None
    finder = Without(_Finder, {"pytest"})
    assert finder.find_spec("pytest", None) is None
    assert finder.find_spec("psutil", None) is not None
    assert finder.find_distributions() == ["its own"], "the rest is the finder's"
