"""Tables, partitions, cells, formula guards and pseudonyms: everything of the export that is pure."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.usage.csv_file import append_csv, begin_csv, guarded, unguarded
from shared.usage.pseudonyms import Pseudonyms, is_pseudonym
from shared.usage.tables import Column, Kind, RowUnfit, Table, cells, keys_between, last_day

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
HOSTILE = st.text(st.sampled_from(FORMULA + "a',;|\" \\u"), max_size=12)
KEY, OTHER_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="


def table(kind: Kind = "text", period: str = "day") -> Table:
    return Table("loans", (Column("value", kind),), "day" if period == "day" else "month", sort_by=("value",))


@given(st.one_of(HOSTILE, st.text()))
@example("=1+1")
@example("a;=1+1")
@example('"=1"')
@example("'=1")
@example("\t\t=")
def test_no_cell_begins_a_formula_and_the_text_can_be_had_back(text: str) -> None:
    shown = guarded(text)
    assert unguarded(shown) == text
    # Whatever a spreadsheet splits at: commas, semicolons, bars, tabs and lines.
    for separator in ",;|\t\r\n":
        for cell in shown.split(separator):
            assert cell.strip(' "')[:1] not in tuple(FORMULA) or not cell.strip(' "')


@given(st.one_of(HOSTILE, st.text(st.characters(codec="utf-8"))))
def test_a_text_comes_back_from_csv(text: str) -> None:
    file = io.StringIO(newline="")
    begin_csv(table(), file)
    append_csv(table(), [(text,)], file)
    _, row = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert unguarded("".join(row)) == text


def test_numbers_are_not_taken_for_formulas() -> None:
    file = io.StringIO(newline="")
    append_csv(table("integer"), [(-5,), (None,)], file)
    append_csv(table("boolean"), [(True,), (False,)], file)
    assert file.getvalue() == '-5\r\n""\r\ntrue\r\nfalse\r\n'


def test_paths_say_what_lies_there() -> None:
    days, months = table(), table(period="month")
    assert days.parquet_path("2026-11-20") == "loans/date=2026-11-20/part.parquet"
    assert days.csv_path("2026-11-20") == "csv/loans/date=2026-11-20/loans-2026-11-20.csv"
    assert months.parquet_path("2026-11") == "loans/month=2026-11/part.parquet"
    assert days.key_of_path(days.parquet_path("2026-11-20")) == "2026-11-20"


@pytest.mark.parametrize(
    "path", ["loans/date=2026-11-20/other.parquet", "loans/part.parquet", "loans/date=2026-11/part.parquet", "x"]
)
def test_other_files_are_no_partitions(path: str) -> None:
    assert table().key_of_path(path) is None


@pytest.mark.parametrize("key", ["2026-11", "../secret", "2026-11-20/x", ""])
def test_a_partition_has_the_form_of_its_period(key: str) -> None:
    with pytest.raises(ValueError, match="is no day"):
        table().parquet_path(key)


@pytest.mark.parametrize("name", ["csv", "runs", "report", "Loans", "a/b", ""])
def test_a_table_has_a_folder_of_its_own(name: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        Table(name, (Column("value", "text"),), "day", sort_by=("value",))


def test_no_column_is_named_as_partitions_are() -> None:
    with pytest.raises(ValueError, match="named as its partitions"):
        Table("loans", (Column("date", "date"),), "day", sort_by=("date",))


def test_months_have_their_own_last_day() -> None:
    assert last_day("2028-02") == date(2028, 2, 29)
    assert list(keys_between("month", date(2026, 11, 30), date(2027, 1, 1))) == ["2026-11", "2026-12", "2027-01"]
    assert list(keys_between("day", date(2026, 2, 28), date(2026, 3, 1))) == ["2026-02-28", "2026-03-01"]


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("integer", 2**63 - 1, 2**63 - 1),
        ("number", 3, 3.0),
        ("decimal", Decimal("1.5"), "1.500000"),
        ("date", date(2026, 1, 2), "2026-01-02"),
        ("datetime", datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T23:00:00.000000Z"),
        ("datetime", "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456Z"),
        ("datetime", datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000000Z"),
        ("text", "a\ud800b", "a?b"),
        ("text", None, None),
    ],
)
def test_values_become_cells(kind: Kind, value: object, cell: object) -> None:
    assert cells(table(kind), (value,)) == (cell,)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", 2**63),
        ("integer", True),
        ("integer", "1"),
        ("decimal", 1.5),
        ("decimal", 10**12),
        ("date", datetime(2026, 1, 2, tzinfo=UTC)),
        ("date", "soon"),
        ("datetime", "2026-01-02T03:04:05"),
        ("boolean", 1),
        ("text", 1),
    ],
)
def test_values_of_another_kind_are_refused(kind: Kind, value: object) -> None:
    with pytest.raises(RowUnfit, match=f"loans.value takes {kind}"):
        cells(table(kind), (value,))


def test_a_person_has_one_pseudonym_and_nobody_else_has_it() -> None:
    first, again, other = Pseudonyms(KEY), Pseudonyms(KEY), Pseudonyms(OTHER_KEY)
    made = first.of("Anna@contoso.example")
    assert made == again.of(" anna@CONTOSO.example") == first.of(made)
    assert len({made, first.of("bruno@contoso.example"), other.of("anna@contoso.example")}) == 3
    assert is_pseudonym(made)
    assert first.of("") == ""
    assert not is_pseudonym("user-abcdefghijklmnop@contoso.example")
