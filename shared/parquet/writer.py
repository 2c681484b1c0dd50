"""Writes a flat table as a Parquet file: the same rows give the same bytes.

Each column of a row group is one dictionary page and one data page where its values repeat, else one data page. The
definition levels say which values are there; pages are compressed with gzip, which every reader knows.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared.parquet.columns import (
    BOOLEAN,
    BYTE_ARRAY,
    DECIMAL_PRECISION,
    DECIMAL_SCALE,
    DOUBLE,
    KINDS,
    Kind,
    bits,
    packed,
    plain,
)
from shared.parquet.thrift import I32, Value, encode

MAGIC = b"PAR1"
VERSION = 1
ROW_GROUP_ROWS = 50_000
GZIP = 2
GZIP_LEVEL = 6
_GZIP_WINDOW = 31
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
DATA_PAGE, DICTIONARY_PAGE = 0, 2
OPTIONAL = 1
# Beyond so many different values a dictionary no longer pays, and an index would need more than two bytes.
DICTIONARY_VALUES = 65_536
# Longer values are left out of the statistics, where they would outweigh what they save.
STATISTICS_BYTES = 64


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name and kind, one of KINDS. Every value may be None."""

    name: str
    kind: str


def write_table(
    target: BinaryIO, columns: Sequence[Column], batches: Iterable[Sequence[Sequence[Any]]], *, created_by: str
) -> int:
    """Write batches of rows; give how many rows there were. How they come in batches makes no difference."""
    target.write(MAGIC)
    writer = _Writer(target, columns, len(MAGIC))
    waiting: list[Sequence[Any]] = []
    for batch in batches:
        waiting.extend(batch)
        while len(waiting) >= ROW_GROUP_ROWS:
            writer.row_group(waiting[:ROW_GROUP_ROWS])
            del waiting[:ROW_GROUP_ROWS]
    if waiting:
        writer.row_group(waiting)
    writer.finish(created_by)
    return writer.rows


class _Writer:
    def __init__(self, target: BinaryIO, columns: Sequence[Column], position: int) -> None:
        self._target = target
        self._columns = columns
        self._position = position
        self._groups: list[Mapping[int, Value]] = []
        self.rows = 0

    def row_group(self, rows: Sequence[Sequence[Any]]) -> None:
        chunks, size = [], 0
        for column, values in zip(self._columns, zip(*rows, strict=True), strict=True):
            metadata, uncompressed = self._chunk(column, values)
            size += uncompressed
            chunks.append(metadata)
        self._groups.append({1: chunks, 2: size, 3: len(rows)})
        self.rows += len(rows)

    def _chunk(self, column: Column, values: Sequence[Any]) -> tuple[Mapping[int, Value], int]:
        kind = KINDS[column.kind]
        start = self._position
        stored = [kind.store(value) for value in values if value is not None]
        levels = _levels(values)
        dictionary = _dictionary(kind, stored)
        uncompressed = 0
        if dictionary is None:
            body, encoding, dictionary_offset = levels + plain(kind.physical, stored), PLAIN, None
        else:
            dictionary_offset = start
            uncompressed += self._page(
                DICTIONARY_PAGE, plain(kind.physical, list(dictionary)), {7: {1: I32(len(dictionary)), 2: I32(PLAIN)}}
            )
            body, encoding = levels + _indexes(dictionary, stored), RLE_DICTIONARY
        data_offset = self._position
        header = {5: {1: I32(len(values)), 2: I32(encoding), 3: I32(RLE), 4: I32(RLE)}}
        uncompressed += self._page(DATA_PAGE, body, header)
        metadata: dict[int, Value] = {
            1: I32(kind.physical),
            2: [I32(used) for used in sorted({PLAIN, RLE, encoding})],
            3: [column.name],
            4: I32(GZIP),
            5: len(values),
            6: uncompressed,
            7: self._position - start,
            9: data_offset,
            11: dictionary_offset,
            12: _statistics(kind, stored, len(values) - len(stored)),
        }
        return {2: start, 3: metadata}, uncompressed

    def _page(self, page_type: int, body: bytes, header: Mapping[int, Value]) -> int:
        compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        compressed = compressor.compress(body) + compressor.flush()
        head = encode({1: I32(page_type), 2: I32(len(body)), 3: I32(len(compressed)), **header})
        self._target.write(head)
        self._target.write(compressed)
        self._position += len(head) + len(compressed)
        return len(head) + len(body)

    def finish(self, created_by: str) -> None:
        schema: list[Mapping[int, Value]] = [{4: "schema", 5: I32(len(self._columns))}]
        schema += [_element(column) for column in self._columns]
        orders: list[Mapping[int, Value]] = [{1: {}} for _ in self._columns]
        footer = encode({1: I32(VERSION), 2: schema, 3: self.rows, 4: self._groups, 6: created_by, 7: orders})
        self._target.write(footer + len(footer).to_bytes(4, "little") + MAGIC)


def _element(column: Column) -> Mapping[int, Value]:
    kind = KINDS[column.kind]
    return {
        1: I32(kind.physical),
        3: I32(OPTIONAL),
        4: column.name,
        6: None if kind.converted is None else I32(kind.converted),
        7: I32(DECIMAL_SCALE) if kind.decimal else None,
        8: I32(DECIMAL_PRECISION) if kind.decimal else None,
        10: kind.logical,
    }


def _levels(values: Sequence[Any]) -> bytes:
    """Which values are there, as one run where all are or none is (Parquet: RLE / bit-packing hybrid)."""
    there = sum(value is not None for value in values)
    if there in (0, len(values)):
        content = _number(len(values) << 1) + (b"\1" if there else b"\0")
    else:
        groups = (len(values) + 7) // 8
        content = _number(groups << 1 | 1) + bits([value is not None for value in values])
    return len(content).to_bytes(4, "little") + content


def _dictionary(kind: Kind, stored: Sequence[Any]) -> dict[Any, int] | None:
    """Each different value with its index, or None where a dictionary does not pay."""
    if kind.physical in (BOOLEAN, DOUBLE):
        return None
    found: dict[Any, int] = {}
    limit = min(DICTIONARY_VALUES, len(stored) // 2)
    for value in stored:
        if value not in found:
            if len(found) >= limit:
                return None
            found[value] = len(found)
    return found or None


def _indexes(dictionary: Mapping[Any, int], stored: Sequence[Any]) -> bytes:
    width = 8 if len(dictionary) <= 256 else 16
    groups = (len(stored) + 7) // 8
    return bytes([width]) + _number(groups << 1 | 1) + packed([dictionary[value] for value in stored], width)


def _statistics(kind: Kind, stored: Sequence[Any], missing: int) -> Mapping[int, Value]:
    """The least and the greatest value, by which readers skip row groups, and how many are missing."""
    if kind.physical in (BOOLEAN, DOUBLE) or not stored:
        return {3: missing}
    ends = [min(stored), max(stored)]
    if kind.physical != BYTE_ARRAY:
        ends = [plain(kind.physical, [end]) for end in ends]
    if max(map(len, ends)) > STATISTICS_BYTES:
        return {3: missing}
    return {3: missing, 5: ends[1], 6: ends[0]}


def _number(number: int) -> bytes:
    output = bytearray()
    while number > 0x7F:
        output.append(number & 0x7F | 0x80)
        number >>= 7
    output.append(number)
    return bytes(output)
