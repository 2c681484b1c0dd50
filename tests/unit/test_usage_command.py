"""The arguments of `printops usage`."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import typer

from printops.usage import chosen_series, chosen_span
from shared.usage.series import DAILY_BY_USER, SERIES
from shared.usage.watermark import Span

NOW = datetime(2026, 1, 12, 0, 30, tzinfo=UTC)


def test_without_an_end_it_is_yesterday() -> None:
    assert chosen_span("2026-01-05", None, NOW) == Span(date(2026, 1, 5), date(2026, 1, 11))


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (None, "2026-01-09", "--to needs --from"),
        ("2026-01-09", "2026-01-05", "lies after"),
        ("yesterday", None, "is no day"),
        ("2026-01-09", "2026-01-12", "not over yet"),
    ],
)
def test_days_that_make_no_sense_are_told(first: str | None, last: str | None, told: str) -> None:
    with pytest.raises(typer.BadParameter, match=told):
        chosen_span(first, last, NOW)


def test_series_are_chosen_by_name() -> None:
    assert chosen_series([]) == list(SERIES)
    assert chosen_series(["daily-by-user"]) == [DAILY_BY_USER]
    with pytest.raises(typer.BadParameter, match="no series hourly; there are daily-by-user"):
        chosen_series(["hourly"])
