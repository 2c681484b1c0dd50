"""The page of a report: complete in itself, harmless whatever people and printers are called, always the same."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger import LedgerRow
from shared.usage_report.charts import Chart, Kind, Series, axis_end, draw
from shared.usage_report.documents import DocumentCounter
from shared.usage_report.figures import Entry, MonthData, make_figures, parse_cost_rules
from shared.usage_report.language import load_language
from shared.usage_report.page import MOST_ROWS, render
from tests.support.usage_history import CATALOG, HOSTILE_NAMES, hostile, month_data

OCTOBER = date(2026, 10, 1)
ENGLISH = load_language()
RULES = parse_cost_rules(CATALOG)


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(1 for name, _ in self.tags if name == tag)


@pytest.fixture(scope="module")
def october() -> MonthData:
    return month_data(OCTOBER, date(2026, 10, 31))


def page(data: MonthData, *, pseudonymised: bool = False) -> bytes:
    return render(make_figures(data, RULES), ENGLISH, pseudonymised=pseudonymised)


def test_the_page_asks_no_network_and_runs_no_script(october: MonthData) -> None:
    content = page(october)
    found = Page(content)

    assert {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in found.tags} == set()
    assert [name for _, attributes in found.tags for name in attributes if name.startswith(("on", "href", "src"))] == []
    assert re.findall(rb"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", content) == []
    assert found.count("style") == 1


def test_the_same_figures_give_the_same_bytes(october: MonthData) -> None:
    assert page(october) == page(month_data(OCTOBER, date(2026, 10, 31)))
    shuffled = replace(october, printers=october.printers[::-1], people=october.people[::-1])
    assert page(shuffled) == page(october)


def test_every_chart_is_a_picture_with_a_title_a_description_and_its_numbers_in_a_table(october: MonthData) -> None:
    found = Page(page(october))
    ids = [attributes["id"] for _, attributes in found.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    pictures = [attributes for tag, attributes in found.tags if tag == "svg"]
    assert len(pictures) == 2 * found.count("figure") > 10
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert all(name in ids for name in str(attributes["aria-labelledby"]).split())
    assert found.count("caption") == found.count("table") >= found.count("figure")
    assert {attributes.get("scope") for tag, attributes in found.tags if tag == "th"} == {"col", "row"}


def test_hostile_names_are_shown_as_text_and_change_nothing_else(october: MonthData) -> None:
    plain, attacked = Page(page(october)), Page(page(hostile(october)))

    assert [tag for tag, _ in attacked.tags if tag in {"script", "img", "b", "svg"}] == [
        tag for tag, _ in plain.tags if tag in {"script", "img", "b", "svg"}
    ]
    text = "".join(attacked.texts)
    assert "<script>alert(1)</script>" in text
    assert "</style></svg><img src=x onerror=alert(1)>" in text
    content = page(hostile(october))
    assert b"<script" not in content
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", content.decode("utf-8"))


def test_a_template_in_a_name_is_not_evaluated(october: MonthData) -> None:
    assert "{{ 7 * 7 }} ${7*7} {0.__class__} %s" in HOSTILE_NAMES
    text = "".join(Page(page(hostile(october))).texts)
    assert "{{ 7 * 7 }} ${7*7} {0.__class__} %s" in text


def test_a_large_tenant_has_a_short_report_whose_rest_is_added_up(october: MonthData) -> None:
    people = tuple(Entry(f"u{number}@x", f"u{number}@x", october.people[0].usage) for number in range(5000))
    content = page(replace(october, people=people))
    assert f"{5000 - MOST_ROWS:,} other people".encode() in content
    assert len(content) < 250_000


def test_one_person_above_the_limit_is_named_rather_than_called_one_other(october: MonthData) -> None:
    content = page(replace(october, people=october.people[: MOST_ROWS + 1]))
    assert b"other person" not in content
    assert f"{MOST_ROWS + 1} people printed".encode() in content


def test_with_pseudonyms_no_document_is_quoted(october: MonthData) -> None:
    assert b"Did you mean finance?" in page(october)
    content = page(october, pseudonymised=True)
    assert b"Did you mean finance?" not in content
    assert b"Names are replaced by pseudonyms" in content


def test_what_is_not_set_up_is_not_shown(october: MonthData) -> None:
    content = render(make_figures(october, parse_cost_rules({})), ENGLISH)
    assert b'id="cost"' not in content
    assert b'id="pool"' not in content
    assert b"Cost" not in content


def test_a_month_in_which_only_documents_failed_is_a_page_too() -> None:
    counter = DocumentCounter()
    counter.add(LedgerRow("1", "drop", "2026-10-05T08:00:00.000Z", "failed", "shareUnknown", "No share."))
    data = replace(month_data(OCTOBER, None, printers=1, people=1), printers=(), people=(), months={})
    content = page(replace(data, documents=counter.figures()))
    assert b"Nothing was printed." in content
    assert b"No such printer share" in content
    assert b"No dropped document was printed." in content


def _chart(kind: Kind, *values: float | None) -> Chart:
    labels = tuple(f"label {index}" for index in range(len(values)))
    return Chart("key", kind, "A & B", "<what> it shows", labels, (Series("pages", "color", values),), str, str)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("values", [(), (0,), (None, None), (1, 2, 3), (None, 5, 0), (10**12,), (0.2, 0.7)])
@pytest.mark.parametrize("width", [820, 360])
def test_any_values_are_drawn(kind: Kind, values: tuple[float | None, ...], width: int) -> None:
    drawn = draw(_chart(kind, *values), width)
    assert drawn.startswith("<svg ")
    assert ">A &amp; B</title>" in drawn
    assert ">&lt;what&gt; it shows</desc>" in drawn
    assert "<!--" not in drawn, "a comment would hold today's date"
    assert "nan" not in drawn.lower()


@pytest.mark.parametrize(
    ("largest", "marks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (46, [0, 10, 20, 30, 40, 50]),
        (4321, [0, 1000, 2000, 3000, 4000, 5000]),
        (38_700, [0, 10_000, 20_000, 30_000, 40_000]),
    ],
)
def test_an_axis_has_a_few_round_marks_and_ends_at_one(largest: float, marks: list[float]) -> None:
    assert axis_end(largest) == (marks[-1], marks)


@given(st.floats(0.001, 1e12))
def test_an_axis_reaches_the_largest_value_and_not_much_further(largest: float) -> None:
    end, marks = axis_end(largest)
    assert largest <= end * (1 + 1e-9)
    assert end <= 2.5 * largest
    assert 2 <= len(marks) <= 8
    assert marks == sorted(set(marks))
