"""What a subscription needs is decided from what Graph has, what is wanted and the time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.graph.subscription_client import Subscription
from shared.subscriptions.alerting import subscription_alert, subscription_status
from shared.subscriptions.deciding import Decision, Existing, Move, Wanted, decide
from shared.subscriptions.lifecycle import LifecycleUnreadable, _read
from shared.subscriptions.record import (
    SubscriptionRecord,
    SubscriptionUnreadable,
    decode_record,
    encode_record,
    secret_mark,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BOUNDS = Bounds()
WANTED = Wanted.of("D1", "https://print.contoso.example")
HAS = Subscription(
    "s1",
    "/print/taskdefinitions/d1/tasks",
    "created",
    "https://print.contoso.example/api/notifications",
    "https://print.contoso.example/api/notifications/lifecycle",
    NOW + timedelta(hours=60),
)
TIMES = st.datetimes(timezones=st.just(UTC))
RECORDS = st.builds(
    SubscriptionRecord,
    id=st.none() | st.text(min_size=1),
    resource=st.text(),
    salt=st.text(),
    secret=st.text(),
    expires=st.none() | TIMES,
    changed=st.none() | TIMES,
    claimed=st.none() | TIMES,
    trouble=st.none() | st.text(min_size=1),
    troubled=st.none() | TIMES,
)


@pytest.mark.parametrize(
    ("existing", "move"),
    [
        (None, Move.CREATE),
        (Existing(HAS, secret_current=True), Move.KEEP),
        (Existing(HAS, secret_current=False), Move.REPLACE),
        (Existing(replace(HAS, resource="print/taskDefinitions/d2/tasks"), secret_current=True), Move.REPLACE),
        (Existing(replace(HAS, change_type="updated"), secret_current=True), Move.REPLACE),
        (Existing(replace(HAS, notification_url="https://old.example"), secret_current=True), Move.REPLACE),
        (Existing(replace(HAS, lifecycle_url=None), secret_current=True), Move.REPLACE),
        (Existing(replace(HAS, expires=NOW + timedelta(hours=48)), secret_current=True), Move.RENEW),
        (Existing(replace(HAS, expires=NOW), secret_current=True), Move.CREATE),
        (Existing(HAS, secret_current=True, changed=NOW - timedelta(minutes=59)), Move.KEEP),
        (Existing(HAS, secret_current=True, changed=NOW - timedelta(minutes=60)), Move.RENEW),
    ],
)
def test_what_is_done(existing: Existing | None, move: Move) -> None:
    assert decide(existing, WANTED, NOW, BOUNDS).move is move


@given(TIMES, st.booleans())
def test_it_is_never_kept_with_less_than_the_time_to_renew_or_with_an_old_secret(
    expires: datetime, current: bool
) -> None:
    decision = decide(Existing(replace(HAS, expires=expires), current), WANTED, NOW, BOUNDS)
    kept = expires - NOW > timedelta(seconds=BOUNDS.subscription_renew_seconds) and current
    assert (decision == Decision(Move.KEEP)) is kept


def test_it_is_asked_for_within_what_graph_takes() -> None:
    assert BOUNDS.subscription_seconds < 4230 * 60


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(record: SubscriptionRecord) -> None:
    assert decode_record(encode_record(record)) == record


@given(st.binary(max_size=60))
def test_whatever_else_is_no_record(content: bytes) -> None:
    try:
        decode_record(content)
    except SubscriptionUnreadable:
        return
    assert content.strip()[:1] in (b"{", b"[")


@pytest.mark.parametrize(
    "content", [b"[1]", b'{"id": 5}', b'{"expires": "soon"}', b'{"changed": "2026-01-01"}', b"[" * 9**5]
)
def test_a_record_with_a_wrong_value_is_refused(content: bytes) -> None:
    with pytest.raises(SubscriptionUnreadable):
        decode_record(content)


def test_the_record_does_not_show_the_secret() -> None:
    mark = secret_mark("hush", "salt")
    assert "hush" not in mark
    assert mark != secret_mark("hush", "other salt") != secret_mark("hush2", "other salt")


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (SubscriptionRecord(), None),
        (SubscriptionRecord("s", expires=NOW + timedelta(hours=13)), None),
        (SubscriptionRecord("s", expires=NOW + timedelta(hours=12)), "ends at"),
        (SubscriptionRecord("s", expires=NOW), "has ended"),
        (SubscriptionRecord(trouble="no answer", troubled=NOW), "no answer"),
        (SubscriptionRecord("s", expires=NOW + timedelta(days=2), trouble="busy", troubled=NOW), None),
        (
            SubscriptionRecord("s", expires=NOW + timedelta(days=2), trouble="busy", troubled=NOW - timedelta(hours=2)),
            "cannot be looked after: busy",
        ),
    ],
)
def test_the_alert_of_the_subscription(record: SubscriptionRecord, text: str | None) -> None:
    alert = subscription_alert(record, NOW, BOUNDS)
    assert list(alert) == (["subscription"] if text else [])
    assert text is None or text in alert["subscription"]


def test_the_status_shows_which_one_and_until_when() -> None:
    assert subscription_status(SubscriptionRecord()) is None
    shown = subscription_status(SubscriptionRecord("s1", "print/x", "salt", "mark", NOW))
    assert shown == {"id": "s1", "resource": "print/x", "expires": "2026-11-01T00:00:00+00:00", "trouble": None}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"subscriptionId": "s"},
        {"subscriptionId": 5, "event": "x"},
        {"subscriptionId": "s", "event": "x", "at": "soon"},
        {"subscriptionId": "s", "event": "x", "at": "2026-01-01T00:00:00"},
    ],
)
def test_a_lifecycle_message_that_nobody_wrote_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(LifecycleUnreadable):
        _read(message)
