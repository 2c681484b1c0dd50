"""In which trace a request runs on the local host (W3C Trace Context)."""

from __future__ import annotations

import pytest

from emulator.functions_host.http_values import child_of


def test_a_request_goes_on_in_the_trace_of_its_caller_by_a_span_of_the_hosts_own() -> None:
    caller = f"00-{'a1' * 16}-{'b2' * 8}-01"
    version, trace, span, flags = child_of(caller).split("-")
    assert (version, trace, flags) == ("00", "a1" * 16, "01")
    assert span != "b2" * 8
    assert len(span) == 16


@pytest.mark.parametrize(
    "header",
    ["", "x", f"00-{'0' * 32}-{'b2' * 8}-01", f"00-{'a1' * 16}-{'0' * 16}-01", f"00-{'A1' * 16}-{'b2' * 8}-01"],
)
def test_a_header_that_is_no_trace_context_begins_no_trace(header: str) -> None:
    assert child_of(header) == ""
