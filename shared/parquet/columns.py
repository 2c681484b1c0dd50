"""Columns of a Parquet file: how each kind of value is described, and how it becomes bytes (Parquet: LogicalTypes).

Values on their way into a file are text for dates, times and decimals, as tables of exports keep them.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.parquet.thrift import I32, Value

BOOLEAN, INT32, INT64, DOUBLE, BYTE_ARRAY = 0, 1, 2, 5, 6
DECIMAL_PRECISION, DECIMAL_SCALE = 18, 6
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# What Parquet's own integers look like in memory, whatever the machine.
_PACKED = {INT32: "<%di", INT64: "<%dq", DOUBLE: "<%dd"}


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of value is kept. `logical` and `converted` are fields of Parquet's SchemaElement."""

    physical: int
    store: Callable[[Any], Any]
    load: Callable[[Any], Any]
    converted: int | None = None
    logical: Mapping[int, Value] | None = None
    decimal: bool = False


def _same(value: Any) -> Any:
    return value


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def _moment(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


def _scaled(text: str) -> int:
    return int(Decimal(text).scaleb(DECIMAL_SCALE))


# Parquet: UTF8 0, DECIMAL 5, DATE 6, TIMESTAMP_MICROS 10; LogicalType STRING 1, DECIMAL 5, DATE 6, TIMESTAMP 8.
KINDS: Mapping[str, Kind] = {
    "text": Kind(BYTE_ARRAY, lambda text: text.encode(), lambda content: content.decode(), 0, {1: {}}),
    "integer": Kind(INT64, _same, _same),
    "number": Kind(DOUBLE, _same, _same),
    "boolean": Kind(BOOLEAN, _same, _same),
    "date": Kind(INT32, _day, lambda day: date.fromordinal(day + _EPOCH_DAY), 6, {6: {}}),
    "datetime": Kind(INT64, _moment, lambda micros: _EPOCH + micros * _MICROSECOND, 10, {8: {1: True, 2: {2: {}}}}),
    "decimal": Kind(
        INT64,
        _scaled,
        lambda scaled: Decimal(scaled).scaleb(-DECIMAL_SCALE),
        5,
        {5: {1: I32(DECIMAL_SCALE), 2: I32(DECIMAL_PRECISION)}},
        decimal=True,
    ),
}


def plain(physical: int, values: Sequence[Any]) -> bytes:
    """Values in the encoding PLAIN (Parquet: Encodings)."""
    if physical == BYTE_ARRAY:
        return b"".join([part for value in values for part in (len(value).to_bytes(4, "little"), value)])
    if physical == BOOLEAN:
        return bits(values)
    return struct.pack(_PACKED[physical] % len(values), *values)


def read_plain(physical: int, content: bytes, count: int) -> list[Any]:
    """`count` values in the encoding PLAIN. Raises ValueError or struct.error where there are fewer."""
    if physical == BYTE_ARRAY:
        values, position = [], 0
        for _ in range(count):
            start = position + 4
            position = start + int.from_bytes(content[position:start], "little")
            if position > len(content):
                raise ValueError("a text ends after its page")
            values.append(content[start:position])
        return values
    if physical == BOOLEAN:
        return [bool(bit) for bit in read_bits(content, count)]
    return list(struct.unpack_from(_PACKED[physical] % count, content))


def bits(values: Sequence[Any]) -> bytes:
    """Truth values, eight in a byte, the first in the lowest bit."""
    packed = bytearray((len(values) + 7) // 8)
    for index, value in enumerate(values):
        if value:
            packed[index >> 3] |= 1 << (index & 7)
    return bytes(packed)


def read_bits(content: bytes, count: int) -> list[int]:
    """The first `count` bits of what `bits` packed. Raises ValueError where there are fewer."""
    if len(content) * 8 < count:
        raise ValueError("a page has fewer bits than values")
    return [content[index >> 3] >> (index & 7) & 1 for index in range(count)]


def packed(numbers: Sequence[int], width: int) -> bytes:
    """Numbers of `width` 8 or 16 bits, little-endian, filled up to a multiple of eight numbers."""
    filled = array("B" if width == 8 else "H", numbers)
    filled.extend([0] * (-len(numbers) % 8))
    if width == 16 and struct.pack("=H", 1) != struct.pack("<H", 1):
        filled.byteswap()
    return filled.tobytes()
