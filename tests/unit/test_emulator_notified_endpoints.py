"""An endpoint that answers late gets its notifications late, and one that answers far too late gets none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator.universal_print.notifications.endpoints import Endpoint
from emulator.universal_print.settings import Settings

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def answered(*seconds: float) -> Endpoint:
    endpoint = Endpoint(Settings())
    for each in seconds:
        endpoint.record(NOON, each)
    return endpoint


@pytest.mark.parametrize(
    ("seconds", "mode"),
    [
        ([0.1] * 18 + [3.0] * 2, "normal"),
        ([0.1] * 17 + [3.0] * 3, "slow"),
        ([0.1] * 17 + [10.0] * 3, "slow"),
        ([0.1] * 16 + [10.0] * 4, "drop"),
        ([10.0] * 9, "normal"),
    ],
)
def test_the_share_of_late_answers_decides(seconds: list[float], mode: str) -> None:
    assert answered(*seconds).mode(NOON) == mode


def test_it_is_looked_at_again_after_ten_minutes() -> None:
    endpoint = answered(*[10.0] * 10)
    assert endpoint.mode(NOON) == "drop"
    for _ in range(100):
        endpoint.record(NOON + timedelta(minutes=9), 0.1)
    assert endpoint.mode(NOON + timedelta(minutes=9)) == "drop"
    assert endpoint.mode(NOON + timedelta(minutes=10)) == "normal"
