"""Whatever comes from outside is read, or refused with the designed error and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import azure.functions as func
from azurefunctions.extensions.base import Datum
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.blob_reference import BLOB_SOURCE, BlobReference, BlobReferenceConverter
from shared.catalog import CatalogUnreadable
from shared.costs.cost_centers import parse_cost_centers
from shared.costs.licence_pool import parse_licence_pool
from shared.costs.price_list import LARGEST_PRICE, parse_price_list
from shared.ledger import LedgerRow, LedgerRowUnreadable, decode_row, encode_row
from shared.ledger_export import ledger_cells
from shared.notifications.messages import trace_of
from shared.notifications.receiving import answer_validation
from shared.storage.day_log import _entry
from shared.storage.state import read_summary, summary_metadata
from shared.subscriptions.lifecycle import LifecycleUnreadable, _read
from shared.telemetry.signals import traceparent_in
from shared.usage.pending import PENDING_PATH, Pending, read_pending
from shared.usage.series import SERIES, Series
from shared.usage.tables import RowUnfit
from shared.usage.watermark import SeriesState, SeriesStateUnreadable, decode_state, encode_state
from tests.support.json_values import bodies, changed, json_values
from tests.support.memory_state import MemoryStateStore

SOME = settings(max_examples=50, deadline=None)
ANY = json_values()
REFERENCE = {"ContainerName": "print-inbox", "BlobName": "office/é.pdf", "Connection": "PrintStorage"}
LIFECYCLE = {"kind": "lifecycle", "subscriptionId": "s", "event": "missed", "at": "2026-11-01T08:00:00+00:00"}
PRICES = {"currency": "EUR", "blackPage": "0.01", "colorPage": 0.05, "sheet": 1, "printers": [{"printerId": "p"}]}
CENTERS = {"name": "Sales", "users": ["anna@contoso.example"], "default": True}
USAGE = {
    "usageDate": "2026-11-01T00:00:00Z",
    "userPrincipalName": "anna@contoso.example",
    "printerId": "p",
    "printerName": "P",
    "completedJobCount": 3,
    "pageCount": None,
}
ENDED = {
    "id": "7",
    "printerId": "p",
    "createdDateTime": "2026-11-01T08:00:00Z",
    "processingState": "completed",
    "acquiredByPrinter": True,
    "acquiredDateTime": None,
    "copiesPrinted": 2,
    "createdBy": {"id": "u"},
}
ROW = encode_row(LedgerRow("7", "tap", "2026-11-01T08:00:00.000Z", "completed", "completed", "It was printed."))


def read_or_fault[T](read: Callable[[], T], place: str) -> T | None:
    """What it gives, None where the catalog is refused with the place of the fault."""
    try:
        return read()
    except CatalogUnreadable as error:
        named = place in str(error)
    assert named
    return None


@SOME
@given(
    st.sampled_from([BLOB_SOURCE, "AzureEventHubs", ""]),
    bodies(changed(REFERENCE, ANY) | ANY),
    st.sampled_from(["model_binding_data", "bytes", "json"]),
)
def test_any_reference_of_the_host_is_read_or_refused(source: str, content: bytes, kind: str) -> None:
    data = Datum(SimpleNamespace(source=source, content=content), kind)
    try:
        found = BlobReferenceConverter.decode(data, trigger_metadata={}, pytype=BlobReference)
    except ValueError:
        return
    assert found.container
    assert found.name


@SOME
@given(st.text(min_size=1), st.text(min_size=1))
def test_a_reference_names_the_blob_whatever_its_name(container: str, name: str) -> None:
    content = json.dumps({"ContainerName": container, "BlobName": name}).encode()
    data = Datum(SimpleNamespace(source=BLOB_SOURCE, content=content), "model_binding_data")
    found = BlobReferenceConverter.decode(data, trigger_metadata={}, pytype=BlobReference)
    assert (found.container, found.name) == (container, name)


@SOME
@given(changed(LIFECYCLE, ANY))
def test_any_lifecycle_message_is_read_or_refused(message: dict[str, Any]) -> None:
    try:
        _, _, at = _read(message)
    except LifecycleUnreadable:
        return
    assert at is None or at.tzinfo is not None


@SOME
@given(st.none() | st.text(), st.none() | st.text())
def test_any_trace_header_gives_a_trace_that_messages_can_carry(host: str | None, header: str | None) -> None:
    trace = trace_of(host, header, token_hex=lambda count: "ab" * count)
    assert traceparent_in({"traceparent": trace}) == trace


@SOME
@given(st.text())
def test_any_validation_token_comes_back_as_text_that_no_browser_takes_for_a_page(token: str) -> None:
    answer: func.HttpResponse = answer_validation(token)
    assert answer.mimetype == "text/plain"
    assert answer.get_body() == token.encode(errors="replace")


@SOME
@given(changed(PRICES, ANY) | ANY)
def test_any_price_list_is_prices_or_a_named_fault(value: Any) -> None:
    prices = read_or_fault(lambda: parse_price_list({"priceList": value}), "priceList")
    if prices is not None:
        for each in (prices.prices, *prices.printers.values()):
            assert all(0 <= price <= LARGEST_PRICE for price in (each.black_page, each.color_page, each.sheet))


@SOME
@given(st.lists(changed(CENTERS, ANY) | ANY, max_size=3) | ANY)
def test_any_cost_centers_are_read_or_a_named_fault(value: Any) -> None:
    read_or_fault(lambda: parse_cost_centers({"costCenters": value}), "costCenters")


@SOME
@given(changed({"jobsPerMonth": 100}, ANY) | ANY)
def test_any_licence_pool_is_a_number_or_a_named_fault(value: Any) -> None:
    pool = read_or_fault(lambda: parse_licence_pool({"licencePool": value}), "licencePool")
    assert pool is None or pool >= 1


@SOME
@given(st.sampled_from(SERIES), changed(USAGE, ANY), changed(ENDED, ANY))
def test_any_row_of_a_report_fits_its_table_or_is_unfit(series: Series, usage: Any, ended: Any) -> None:
    for entry in (usage, ended):
        try:
            ((partition, *cells),) = series.rows([entry])
        except RowUnfit:
            continue
        date.fromisoformat(str(partition) if len(str(partition)) > 7 else f"{partition}-01")
        assert len(cells) == len(series.table.columns)


@SOME
@given(changed(ROW, ANY))
def test_any_line_of_the_ledger_is_a_row_that_can_be_exported_or_is_unreadable(values: dict[str, Any]) -> None:
    try:
        row = decode_row(values)
    except LedgerRowUnreadable:
        return
    ledger_cells(row, date(2026, 11, 1))
    assert all(isinstance(word, str) for word in (row.id, row.source, row.outcome, row.code, row.reason))
    assert datetime.fromisoformat(row.ended).tzinfo is not None
    assert decode_row(encode_row(row)) == row


@SOME
@given(bodies(ANY))
def test_any_stored_line_and_state_is_read_or_left_out(content: bytes) -> None:
    entry = _entry(content)
    assert entry is None or isinstance(entry, dict)
    with contextlib.suppress(SeriesStateUnreadable):
        decode_state(content)
    assert read_summary({"summary": content.decode(errors="replace")}) == {}


@SOME
@given(st.dictionaries(st.text(max_size=8), ANY.filter(lambda value: value == value), max_size=3))
def test_a_summary_is_read_as_it_was_written(values: dict[str, Any]) -> None:
    metadata = summary_metadata(values)
    assert metadata is not None
    assert all(text.isascii() for text in metadata.values())
    assert read_summary(metadata) == json.loads(json.dumps(values)) or "\\ud" in json.dumps(values)


PENDING = dict.fromkeys(("since", "begun", "due"), "2026-11-01T08:00:00+00:00") | {"reason": "x"}


@SOME
@given(bodies(changed(PENDING, ANY) | ANY))
async def test_any_note_of_an_unfinished_export_is_read_or_due_at_once(content: bytes) -> None:
    state = MemoryStateStore()
    await state.create(PENDING_PATH, content)
    pending = await read_pending(state)
    assert isinstance(pending, Pending)
    # What is compared with the clock must be comparable.
    assert pending.due < datetime.max.replace(tzinfo=UTC)


@SOME
@given(changed(json.loads(encode_state(SeriesState())), json_values("first", "last", "link", "runs")))
def test_a_state_with_a_wrong_value_is_read_or_unreadable(values: dict[str, Any]) -> None:
    try:
        state = decode_state(json.dumps(values).encode())
    except SeriesStateUnreadable:
        return
    assert decode_state(encode_state(state)) == state
