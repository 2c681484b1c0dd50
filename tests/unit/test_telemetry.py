"""Ids of traces, hidden names, and a switch whose trouble stops nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry import signals
from shared.telemetry.names import hide_names, shown
from shared.telemetry.open_telemetry import OpenTelemetryRecorder, _credential
from shared.telemetry.switch import switch
from tests.support.telemetry import Telemetry


@given(st.text())
def test_every_key_has_a_trace_that_is_always_the_same(key: str) -> None:
    trace = signals.trace_of(key)
    assert len(trace) == 32
    assert int(trace, 16) > 0
    assert signals.trace_of(key) == trace


def test_the_trace_of_a_submission_is_its_key_and_of_a_task_its_id() -> None:
    assert signals.trace_of("0123456789abcdef0123456789abcdef") == "0123456789abcdef0123456789abcdef"
    assert signals.trace_of("3D2F6F0E-52A5-4F3E-9C0B-6A1F5E7C9B10") == "3d2f6f0e52a54f3e9c0b6a1f5e7c9b10"


def test_a_hidden_name_tells_documents_apart_and_not_what_they_are() -> None:
    assert shown("office/plans.pdf") == "office/plans.pdf"
    hide_names(True)
    try:
        assert shown("office/plans.pdf") == shown("office/plans.pdf") != shown("office/other.pdf")
        assert "plans" not in shown("office/plans.pdf")
    finally:
        hide_names(False)


async def test_a_step_is_linked_to_what_the_host_records_of_its_invocation_and_steps_within_it_are_not() -> None:
    host, carried = f"00-{'1' * 32}-{'2' * 16}-01", f"00-{'3' * 32}-{'4' * 16}-01"
    recorded = Telemetry()
    signals.use(recorded.recorder)

    async def invocation(traceparent: str | None) -> None:
        signals.invoked(traceparent)
        with signals.span("step", "5" * 32, carried=carried), signals.span("call"):
            pass

    try:
        # Each in a context of its own, as the worker runs them: only the first one has a trace of the host.
        await asyncio.gather(invocation(host), invocation(""), invocation("nonsense"), invocation(carried))
    finally:
        signals.use(None)
    links = [
        (span.name, [f"{link.context.trace_id:032x}"[0] for link in span.links])
        for span in recorded.spans
        if span.name == "step"
    ]
    assert links == [("step", ["1", "3"]), ("step", ["3"]), ("step", ["3"]), ("step", ["3"])]
    assert not [span for span in recorded.spans if span.name == "call" and span.links]
    assert {f"{span.context.trace_id:032x}"[0] for span in recorded.spans} == {"5"}


def test_a_call_that_belongs_to_no_document_is_a_part_of_its_invocation() -> None:
    recorded = Telemetry()
    signals.use(recorded.recorder)
    try:
        signals.invoked(f"00-{'1' * 32}-{'2' * 16}-01")
        with signals.span("Graph: get printer"):
            pass
        signals.invoked(None)
        with signals.span("Graph: list tasks"):
            pass
    finally:
        signals.use(None)
        signals.invoked(None)
    joined, alone = recorded.spans
    assert joined.parent is not None
    assert f"{joined.context.trace_id:032x} {joined.parent.span_id:016x}" == f"{'1' * 32} {'2' * 16}"
    assert alone.parent is None


def test_without_a_place_to_send_to_nothing_is_recorded_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    switch({}, telemetry=True, log_names=True)
    assert signals._recorder is None
    assert "APPLICATIONINSIGHTS_CONNECTION_STRING" in caplog.text


def test_a_broken_connection_string_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        switch({"APPLICATIONINSIGHTS_CONNECTION_STRING": "nonsense"}, telemetry=True, log_names=True)
    assert signals._recorder is None
    assert "could not be switched on" in caplog.text


def test_no_client_of_microsoft_logs_addresses_with_the_names_of_documents() -> None:
    from azure.core.pipeline.policies import HttpLoggingPolicy

    assert HttpLoggingPolicy.__module__.startswith("azure.core.")
    switch({}, telemetry=False, log_names=True)
    assert not logging.getLogger("azure.core.pipeline.policies.http_logging_policy").isEnabledFor(logging.INFO)


def test_with_a_connection_string_it_records_to_application_insights() -> None:
    connection = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:9/"
    try:
        switch({"APPLICATIONINSIGHTS_CONNECTION_STRING": connection}, telemetry=True, log_names=True)
        assert isinstance(signals._recorder, OpenTelemetryRecorder)
    finally:
        signals.use(None)


def test_the_identity_that_publishes_is_the_one_that_is_named() -> None:
    assert _credential(None) is None
    assert _credential("ClientId=abc") is None
    credential = _credential("ClientId=01234567-89ab-cdef-0123-456789abcdef;Authorization=AAD")
    assert type(credential).__name__ == "ManagedIdentityCredential"
