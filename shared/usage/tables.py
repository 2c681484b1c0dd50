"""What an exported table is: its columns, how it is divided into partitions, and where they lie. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from shared.errors import PrintFunctionsError

type Kind = Literal["text", "integer", "number", "decimal", "date", "datetime", "boolean"]
type Privacy = Literal["open", "pseudonym", "omitted"]
type Period = Literal["day", "month"]
# A value on its way into a file: dates, times and decimals as text, so that a row can be kept as JSON.
type Cell = str | int | float | bool | None

CSV_FOLDER = "csv"
# What else lies in the container beside the folders of tables.
_OTHER_FOLDERS = frozenset({CSV_FOLDER, "report", "runs"})
_DIVISION: Mapping[Period, str] = {"day": "date", "month": "month"}
_KEY = {"day": re.compile(r"\d{4}-\d{2}-\d{2}"), "month": re.compile(r"\d{4}-\d{2}")}
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class RowUnfit(PrintFunctionsError):
    """A row does not have the columns or the kinds of values of its table."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Any value may be None.

    Kinds: `integer` has 64 bits, `decimal` 18 digits of which 6 after the point, `date` is a day, `datetime` a moment
    in UTC to the microsecond. `privacy` says what becomes of the value while names of people are replaced: it stays,
    is a user principal name that becomes a pseudonym, or is left empty.
    """

    name: str
    kind: Kind
    privacy: Privacy = "open"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows are divided by day or month. `sort_by` names the columns that order a partition's rows."""

    name: str
    columns: tuple[Column, ...]
    partition: Period
    sort_by: tuple[str, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in _OTHER_FOLDERS:
            raise ValueError(f"{self.name!r} is no name for a table's folder")
        # Readers make a column of the folders' names, which some cannot join with one in the files.
        if _DIVISION[self.partition] in self.names:
            raise ValueError(f"{self.name} has a column named as its partitions are")
        if not self.sort_by or not set(self.sort_by) <= {column.name for column in self.columns}:
            raise ValueError(f"{self.name} is sorted by columns that it does not have")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def folder(self) -> str:
        """Below this path, and nothing else, lie the table's Parquet files: readers take a folder as one table."""
        return f"{self.name}/"

    def parquet_path(self, key: str) -> str:
        """Where the Parquet file of a partition lies."""
        return f"{self.folder}{self._division(key)}/part.parquet"

    def csv_path(self, key: str) -> str:
        """Where its CSV file lies. The name says what it is, because people download it on its own."""
        return f"{CSV_FOLDER}/{self.name}/{self._division(key)}/{self.name}-{key}.csv"

    def key_of_path(self, path: str) -> str | None:
        """The partition whose Parquet file lies at `path`, or None."""
        key = path.removeprefix(self.folder).removesuffix("/part.parquet").rpartition("=")[2]
        return key if _KEY[self.partition].fullmatch(key) and self.parquet_path(key) == path else None

    def _division(self, key: str) -> str:
        if not _KEY[self.partition].fullmatch(key):
            raise ValueError(f"{key!r} is no {self.partition}")
        return f"{_DIVISION[self.partition]}={key}"


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What writing a partition did. `sha256` and `bytes` are of its Parquet file, `csv_sha256` of its CSV file.

    `totals` has the sum of each column of numbers, `before` what they were in the partition that was replaced (None
    where there was none) and `rows_before` how many rows that had. `changed` is false where both files were already
    there with this content. No rows write nothing and remove nothing: what was reported once is kept.
    """

    key: str
    rows: int
    sha256: str
    bytes: int
    changed: bool
    csv_sha256: str = ""
    totals: Mapping[str, int | float | str] = field(default_factory=dict)
    rows_before: int | None = None
    before: Mapping[str, int | float | str] | None = None


def day_key(day: date) -> str:
    """The partition of a day."""
    return day.isoformat()


def month_key(day: date) -> str:
    """The partition of the month in which the day lies."""
    return f"{day:%Y-%m}"


def key_of(period: Period, day: date) -> str:
    """The partition of that day or of its month."""
    return day_key(day) if period == "day" else month_key(day)


def first_day(key: str) -> date:
    """The first day of a partition."""
    return date.fromisoformat(key if len(key) > 7 else f"{key}-01")


def last_day(key: str) -> date:
    """The last day of a partition."""
    first = first_day(key)
    return first if len(key) > 7 else first.replace(day=calendar.monthrange(first.year, first.month)[1])


def keys_between(period: Period, first: date, last: date) -> Iterator[str]:
    """The partitions that hold the days from `first` to `last`, in order."""
    day = first
    while day <= last:
        key = key_of(period, day)
        yield key
        day = last_day(key) + timedelta(days=1)


def cells(table: Table, row: Sequence[object]) -> tuple[Cell, ...]:
    """The row as it is kept on its way into a file. Raises RowUnfit."""
    if len(row) != len(table.columns):
        raise RowUnfit(f"a row of {table.name} has {len(row)} values, not {len(table.columns)}")
    return tuple(_cell(table, column, value) for column, value in zip(table.columns, row, strict=True))


def _cell(table: Table, column: Column, value: object) -> Cell:
    if value is None:
        return None
    try:
        return _CELLS[column.kind](value)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise RowUnfit(f"{table.name}.{column.name} takes {column.kind}, not {value!r}") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    # A lone surrogate is no Unicode text, and no file format takes it.
    return value.encode(errors="replace").decode()


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise TypeError
    return value


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError
    return float(value)


def _decimal(value: object) -> str:
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int, Decimal)):
        raise TypeError
    amount = Decimal(value).quantize(Decimal("0.000001"))
    if abs(amount) >= 10**12:
        raise ValueError
    return f"{amount:f}"


def _date(value: object) -> str:
    if isinstance(value, datetime):
        raise TypeError
    return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()


def moment_text(value: object) -> str:
    """A moment (aware datetime, or ISO 8601 text with its offset) in UTC. Raises ValueError."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_CELLS: Mapping[Kind, Callable[[object], Cell]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "decimal": _decimal,
    "date": _date,
    "datetime": moment_text,
    "boolean": _boolean,
}
