"""Prices, cost centres, and what a month of printing costs."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import CatalogUnreadable
from shared.costs.cost_centers import CostCenters, PersonCounts, parse_cost_centers, summarise
from shared.costs.price_list import PageCounts, PriceList, page_counts, parse_price_list

PRICES: dict[str, Any] = {
    "currency": "eur",
    "perSheet": "0.01",
    "perDoubleSidedSheet": "0.012",
    "perBlackPage": 0.008,
    "perColorPage": "0.06",
    "printers": [{"printerId": "AAAA", "perColorPage": "0.04"}],
}
NUMBERS = st.integers(0, 10**9)
COUNTS = st.builds(PageCounts, NUMBERS, NUMBERS, st.integers(10**9, 2 * 10**9), NUMBERS)


def prices(**changes: Any) -> PriceList:
    parsed = parse_price_list({"priceList": {**PRICES, **changes}})
    assert parsed is not None
    return parsed


def test_a_month_costs_what_its_pages_and_sheets_cost() -> None:
    counts = PageCounts(black_pages=1000, color_pages=200, sheets=700, double_sided_sheets=500)

    # 200 sheets at 0.010, 500 at 0.012, 1000 black at 0.008, 200 in colour at 0.06
    assert prices().cost(counts) == Decimal("28.000")
    assert prices().cost(counts, "aaaa") == Decimal("24.000")
    assert prices().cost(counts, "another") == Decimal("28.000")


def test_a_double_sided_sheet_without_a_price_of_its_own_costs_what_any_does() -> None:
    counts = PageCounts(sheets=10, double_sided_sheets=10)
    assert prices(perDoubleSidedSheet=None).cost(counts) == Decimal("0.10")


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("EUR", "1.005", "1.01"), ("EUR", "1.0049", "1.00"), ("JPY", "10.5", "11"), ("KWD", "0.0005", "0.001")],
)
def test_amounts_are_rounded_half_up_to_the_smallest_unit(currency: str, amount: str, shown: str) -> None:
    assert str(prices(currency=currency).rounded(Decimal(amount))) == shown


@given(COUNTS, COUNTS)
def test_a_cost_is_exact_whatever_is_added_first(one: PageCounts, other: PageCounts) -> None:
    both = PageCounts(
        one.black_pages + other.black_pages,
        one.color_pages + other.color_pages,
        one.sheets + other.sheets,
        one.double_sided_sheets + other.double_sided_sheets,
    )
    listed = prices()
    assert listed.cost(both) == listed.cost(one) + listed.cost(other)
    assert abs(listed.rounded(listed.cost(both)) - listed.cost(both)) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("reported", "counts"),
    [
        ((10, 7, 3, 6, 4), PageCounts(7, 3, 6, 4)),
        ((10, None, 3, 6, None), PageCounts(7, 3, 6, 0)),
        ((10, None, None, None, None), PageCounts(10, 0, 10, 0)),
        ((None, None, None, None, None), PageCounts()),
        ((5, 5, 0, 3, 9), PageCounts(5, 0, 3, 3)),
        ((-1, -1, -1, -1, -1), PageCounts()),
    ],
)
def test_counts_that_graph_leaves_out_are_taken_from_those_it_gives(
    reported: tuple[int | None, ...], counts: PageCounts
) -> None:
    names = ("pages", "black_pages", "color_pages", "sheets", "double_sided_sheets")
    assert page_counts(**dict(zip(names, reported, strict=True))) == counts


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"currency": "Euro"}, "priceList.currency"),
        ({"currency": None}, "priceList.currency"),
        ({"perSheet": "free"}, "priceList.perSheet"),
        ({"perSheet": True}, "priceList.perSheet"),
        ({"perSheet": "NaN"}, "priceList.perSheet"),
        ({"perSheet": "-1"}, "priceList.perSheet"),
        ({"perBlackPage": "0.0000001"}, "at most 6 decimals"),
        ({"perBlackPage": "1e999999999"}, "priceList.perBlackPage"),
        ({"printers": {"a": 1}}, "priceList.printers"),
        ({"printers": ["x"]}, "printers[0] has no printerId"),
        ({"printers": [{"printerId": "a"}, {"printerId": "A"}]}, "twice"),
        ({"printers": [{"printerId": "a", "perSheet": []}]}, "printers[0].perSheet"),
    ],
)
def test_a_price_list_with_a_fault_names_the_place(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(CatalogUnreadable, match=re.escape(told)):
        prices(**changes)


def test_all_faults_of_prices_and_of_cost_centers_are_told_at_once() -> None:
    wrong = {
        "currency": "Euro",
        "perSheet": "a; b",
        "printers": [{"printerId": "p"}, {"printerId": "P", "perSheet": -1}],
    }
    with pytest.raises(CatalogUnreadable) as told:
        parse_price_list({"priceList": wrong})
    assert str(told.value) == (
        "catalog.json: priceList.currency must be three letters such as EUR (ISO 4217), not 'Euro'; "
        "priceList.perSheet must be a price such as \"0.035\", not 'a; b'; "
        "priceList.printers[1] is there twice: a printer has one list of prices; "
        "priceList.printers[1].perSheet must be between 0 and 1000000 with at most 6 decimals, not -1"
    )
    with pytest.raises(CatalogUnreadable, match=r"costCenters\[0\] has no name; costCenters names 'B' twice"):
        parse_cost_centers({"costCenters": [{}, {"name": "B"}, {"name": "B"}]})


def test_a_catalog_without_prices_costs_nothing_to_read() -> None:
    assert parse_price_list({}) is None
    assert parse_cost_centers({}) == CostCenters()


CENTERS = {
    "costCenters": [
        {"name": "Sales", "users": ["Ann@contoso.example"], "groups": ["g1"], "members": ["bob@contoso.example"]},
        {"name": "Finance", "users": ["bob@contoso.example"], "members": ["cy@contoso.example", "ann@contoso.example"]},
        {"name": "House", "default": True},
    ]
}


def test_a_person_is_where_they_are_named_else_where_their_group_is_else_in_the_default() -> None:
    centers = parse_cost_centers(CENTERS)
    assert centers.of("ANN@contoso.example") == "Sales"
    assert centers.of("bob@contoso.example") == "Finance"
    assert centers.of("cy@contoso.example") == "Finance"
    assert centers.of("dee@contoso.example") == "House"
    assert centers.of(None) == "House"
    assert parse_cost_centers({"costCenters": []}).of("dee@contoso.example") is None


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ("x", "not a list"),
        (["x"], "not an object"),
        ([{"name": " "}], "no name"),
        ([{"name": "A", "users": "ann"}], "users"),
        ([{"name": "A", "default": "yes"}], "default"),
        ([{"name": "A"}, {"name": "A"}], "twice"),
        ([{"name": "A", "users": ["x@y"]}, {"name": "B", "users": ["X@y"]}], "both"),
        ([{"name": "A", "default": True}, {"name": "B", "default": True}], "both"),
    ],
)
def test_cost_centers_with_a_fault_name_the_place(entries: Any, told: str) -> None:
    with pytest.raises(CatalogUnreadable, match=told):
        parse_cost_centers({"costCenters": entries})


def test_a_summary_has_a_line_for_each_centre_that_printed_and_people_without_one_come_last() -> None:
    centers = CostCenters(("Sales", "Finance", "Idle"), {"a": "Finance", "b": "Finance", "c": "Sales"})
    people = [PersonCounts(name, PageCounts(black_pages=125, sheets=100), 3) for name in ("x", "a", "b", "c")]

    lines = summarise(people, centers, prices())

    assert [(line.name, line.people, line.jobs, line.cost) for line in lines] == [
        ("Sales", 1, 3, Decimal("2.00")),
        ("Finance", 2, 6, Decimal("4.00")),
        (None, 1, 3, Decimal("2.00")),
    ]


@given(st.lists(st.tuples(st.sampled_from("abcxyz"), COUNTS), max_size=30))
def test_no_page_is_lost_or_borne_twice(people: list[tuple[str, PageCounts]]) -> None:
    centers = CostCenters(("One", "Two"), {"a": "One", "b": "One", "c": "Two"})
    lines = summarise([PersonCounts(name, counts, 1) for name, counts in people], centers, prices())

    assert sum(line.jobs for line in lines) == len(people)
    assert sum(line.counts.color_pages for line in lines) == sum(counts.color_pages for _, counts in people)
    assert sum(line.counts.sheets for line in lines) == sum(counts.sheets for _, counts in people)
