"""The figures of a month, and how they are said."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from shared.costs.licence_pool import Forecast, Span
from shared.usage_report import wording
from shared.usage_report.figures import Entry, Usage, make_figures, month_before, parse_cost_rules, usage_of
from shared.usage_report.language import Language, load_language
from shared.usage_report.summary import encode_figures, read_usage
from tests.support.usage_history import CATALOG, PEOPLE, month_data

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
NONE = "\N{EN DASH}"
RULES = parse_cost_rules(CATALOG)


@pytest.fixture
def english() -> Language:
    return load_language("en")


def test_counts_come_from_graph_and_missing_ones_from_the_others() -> None:
    row = {
        "pageCount": 10,
        "blackAndWhitePageCount": None,
        "colorPageCount": 4,
        "mediaSheetCount": 7,
        "doubleSidedSheetCount": 3,
        "completedJobCount": None,
        "completedBlackAndWhiteJobCount": 2,
        "completedColorJobCount": 1,
        "incompleteJobCount": 5,
    }
    usage = usage_of(row)
    assert usage == Usage(10, 6, 4, 7, 3, 3, 1, 5)
    assert (usage.color_share, usage.double_sided_share) == (0.4, 3 / 7)
    assert Usage().color_share is None


def test_the_sum_of_the_printers_is_the_total_and_costs_add_up_to_it() -> None:
    figures = make_figures(month_data(OCTOBER, date(2026, 10, 31)), RULES)

    assert figures.complete
    assert figures.total == sum((line.usage for line in figures.printers), Usage())
    cost = figures.cost
    assert cost is not None
    assert cost.total == sum((line.cost or Decimal(0) for line in figures.printers), Decimal(0))
    assert cost.total == sum((line.cost for line in cost.centers), cost.difference)
    assert cost.difference > 0, "one printer has a higher price of its own"
    assert [line.usage.pages for line in figures.printers] == sorted(
        (line.usage.pages for line in figures.printers), reverse=True
    )


def test_the_trend_has_thirteen_months_and_the_month_before_and_a_year_ago_are_in_it() -> None:
    figures = make_figures(month_data(OCTOBER, date(2026, 10, 31)), RULES)

    assert [first for first, _ in figures.trend] == [month_before(OCTOBER, back) for back in range(12, -1, -1)]
    assert figures.trend[-1][1] == figures.total
    assert figures.trend[-2][1] == figures.previous
    assert figures.trend[0][1] == figures.year_ago
    assert (month_before(date(2026, 1, 1)), month_before(OCTOBER, 12)) == (date(2025, 12, 1), date(2025, 10, 1))


def test_a_month_that_is_not_over_shows_its_days_so_far_and_a_forecast(english: Language) -> None:
    figures = make_figures(month_data(NOVEMBER, date(2026, 11, 17)), RULES)

    assert not figures.complete
    assert [day.day for day, _ in figures.days] == list(range(1, 18))
    assert figures.forecast is not None
    assert figures.forecast.used == figures.total.jobs
    assert figures.forecast.at_month_end is not None
    assert wording.period(figures, english) == "As of 17\xa0November\xa02026. The month is not over."
    assert not any("on October" in tile.note for tile in wording.tiles(figures, english)), "half a month is no drop"


def test_a_month_of_which_nothing_is_known_is_said_to_be_so(english: Language) -> None:
    figures = make_figures(month_data(NOVEMBER, None, printers=1, people=1), parse_cost_rules({}))

    assert (figures.days, figures.cost, figures.forecast, figures.total) == ((), None, None, Usage())
    assert wording.period(figures, english) == "No day of this month has been exported yet."
    assert wording.brief(figures, english) == ["Nothing was printed in November 2026."]


def test_the_summary_is_json_with_the_same_figures() -> None:
    figures = make_figures(month_data(OCTOBER, date(2026, 10, 31)), RULES)
    content = encode_figures(figures)

    assert content == encode_figures(make_figures(month_data(OCTOBER, date(2026, 10, 31)), RULES))
    summary = json.loads(content)
    assert (summary["month"], summary["until"], summary["complete"]) == ("2026-10", "2026-10-31", True)
    assert read_usage(summary["total"]) == figures.total
    assert figures.cost is not None
    assert summary["cost"]["total"] == str(figures.cost.total)
    assert summary["documents"]["dropTimes"]["median"] == figures.documents.drop_times.median
    assert summary["licencePool"]["runsOut"] is None


def test_people_of_a_large_tenant_are_named_so_far_and_then_added_up() -> None:
    data = month_data(OCTOBER, date(2026, 10, 31))
    people = tuple(Entry(f"user{number}", f"user{number}", Usage(pages=1)) for number in range(250))
    summary = json.loads(encode_figures(make_figures(replace(data, people=people), RULES)))
    assert len(summary["people"]) == 200
    assert (summary["otherPeople"]["count"], summary["otherPeople"]["usage"]["pageCount"]) == (50, 50)


def _pool(**changes: object) -> Forecast:
    base = Forecast(1000, 600, date(2026, 11, 17), complete=False, at_month_end=Span(900, 850, 950))
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (_pool(), "At this pace the pool lasts: 900 jobs"),
        (_pool(earliest=date(2026, 11, 29)), "it would run out on 29\xa0November"),
        (
            _pool(runs_out=date(2026, 11, 27), earliest=date(2026, 11, 25), latest=date(2026, 11, 30)),
            "by the end of the month. Four times in five it runs out between 25\xa0November and 30\xa0November.",
        ),
        (
            _pool(runs_out=date(2026, 11, 27), earliest=date(2026, 11, 25)),
            "it runs out on 25\xa0November at the earliest.",
        ),
        (_pool(used=1200, runs_out=date(2026, 11, 9)), "The pool was used up on 9\xa0November."),
        (_pool(at_month_end=None), "Too few working days"),
        (_pool(until=None, at_month_end=None, used=0), "No day of this month has been counted"),
        (_pool(complete=True), "600 of the 1,000 jobs that the licences include were used."),
    ],
)
def test_the_forecast_is_told_in_plain_words(forecast: Forecast, said: str, english: Language) -> None:
    assert said in " ".join(wording.pool(forecast, english))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, NONE), (0, "0 s"), (1.24, "1.2 s"), (59.4, "59 s"), (59.6, "1 min"), (98, "1 min 38 s"), (3600, "1 h"),
        (3_725, "1 h 2 min"), (200_000, "2 d 7 h"),
    ],
)  # fmt: skip
def test_durations_have_their_two_largest_units(seconds: float | None, text: str, english: Language) -> None:
    assert english.duration(seconds).replace("\xa0", " ") == text


def test_numbers_amounts_and_shares_are_written_for_people(english: Language) -> None:
    assert english.number(1234567) == "1,234,567"
    assert english.number(-0.05, 1) == "-0.1"
    assert english.money(Decimal("1234.5"), "EUR", 2) == "EUR\xa01,234.50"
    assert (english.percent(0.305), english.percent(1 / 3, 1), english.percent(None)) == ("31%", "33.3%", NONE)
    assert [english.compact(value) for value in (0, 950, 12_500, 20_000, 3_000_000)] == [
        "0",
        "950",
        "12.5k",
        "20k",
        "3m",
    ]


@pytest.mark.parametrize("tag", ["en"])
def test_every_language_has_every_phrase_with_the_same_values(tag: str) -> None:
    language, english = load_language(tag), load_language("en")

    def values(phrases: dict[str, str]) -> dict[str, set[str | None]]:
        return {key: {name for _, name, _, _ in string.Formatter().parse(text)} for key, text in phrases.items()}

    assert values(dict(language.phrases)) == values(dict(english.phrases))
    assert language.codes.keys() == english.codes.keys()
    assert language.rules.keys() == english.rules.keys()
    assert len(language.rules["months"]) == len(language.rules["shortMonths"]) == 12


def test_a_code_that_nobody_wrote_words_for_is_shown_as_its_words(english: Language) -> None:
    assert english.reason("printerOnFire") == "Printer on fire"
    assert english.reason("canceled") == "Cancelled by somebody"


def test_names_lose_what_would_break_a_page_and_keep_the_rest(english: Language) -> None:
    assert wording.shown("Büro\u202e\u2066 3\x00\x1b\ud800", english) == "Büro 3\ufffd\ufffd\ufffd"
    assert wording.shown("מדפסת", english) == "מדפסת"
    assert wording.shown(" \u202e ", english) == "not known"
    assert wording.shown(None, english) == "not known"
    assert len(wording.shown("x" * 5000, english)) == wording.LONGEST_NAME
    assert wording.shown(PEOPLE[0], english) == PEOPLE[0]
