"""Reads the Parquet files that `shared.parquet.writer` wrote, a row group at a time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from shared.errors import PrintFunctionsError
from shared.parquet.columns import KINDS, Kind, read_bits, read_plain
from shared.parquet.thrift import Reader, ThriftUnreadable
from shared.parquet.writer import DICTIONARY_PAGE, GZIP, MAGIC, PLAIN

_GZIP_WINDOW = 31
_TAIL = 8


class ParquetUnreadable(PrintFunctionsError):
    """A file that is damaged, or that another program wrote in a way that exports do not use."""


def read_table(source: BinaryIO) -> Iterator[Mapping[str, Any]]:
    """The rows by column name, with dates as date, moments as datetime and decimals as Decimal.

    Raises ParquetUnreadable.
    """
    try:
        footer = _footer(source)
        elements = footer[2][1:]
        kinds = {element[4].decode(): _kind(element) for element in elements}
        for group in footer[4]:
            columns = [_column(source, chunk[3], kinds) for chunk in group[1]]
            for values in zip(*columns, strict=True):
                yield dict(zip(kinds, values, strict=True))
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        ArithmeticError,
        struct.error,
        zlib.error,
        ThriftUnreadable,
    ) as error:
        raise ParquetUnreadable(f"a Parquet file cannot be read: {error}") from error


def _footer(source: BinaryIO) -> dict[int, Any]:
    end = source.seek(0, 2)
    if end < len(MAGIC) + _TAIL:
        raise ValueError("it is too short")
    source.seek(end - _TAIL)
    tail = source.read(_TAIL)
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or size > end - _TAIL:
        raise ValueError("it does not end as one")
    source.seek(end - _TAIL - size)
    return Reader(source.read(size)).struct()


def _kind(element: Mapping[int, Any]) -> Kind:
    for kind in KINDS.values():
        if (kind.physical, kind.converted) == (element[1], element.get(6)):
            return kind
    raise ValueError(f"the column {element[4].decode()} is of a type that exports do not use")


def _column(source: BinaryIO, metadata: Mapping[int, Any], kinds: Mapping[str, Kind]) -> list[Any]:
    kind = kinds[metadata[3][0].decode()]
    if metadata[4] != GZIP:
        raise ValueError("its pages are not compressed with gzip")
    source.seek(metadata.get(11) or metadata[9])
    content = source.read(metadata[7])
    pages = Reader(content)
    dictionary: list[Any] | None = None
    values: list[Any] = []
    while len(values) < metadata[5]:
        header = pages.struct()
        body = zlib.decompress(content[pages.position : pages.position + header[3]], _GZIP_WINDOW)
        pages.position += header[3]
        if header[1] == DICTIONARY_PAGE:
            dictionary = [kind.load(value) for value in read_plain(kind.physical, body, header[7][1])]
        else:
            values += _data_page(body, header[5], kind, dictionary)
    return values


def _data_page(body: bytes, header: Mapping[int, Any], kind: Kind, dictionary: list[Any] | None) -> list[Any]:
    count = header[1]
    start = 4 + int.from_bytes(body[:4], "little")
    there = _runs(body[4:start], count, 1)
    present = sum(there)
    if header[2] == PLAIN:
        stored = iter([kind.load(value) for value in read_plain(kind.physical, body[start:], present)])
    elif dictionary is not None:
        entries = dictionary
        stored = iter([entries[index] for index in _runs(body[start + 1 :], present, body[start])])
    else:
        raise ValueError("a page has indexes and no dictionary")
    return [next(stored) if level else None for level in there]


def _runs(content: bytes, count: int, width: int) -> list[int]:
    """Numbers of `width` bits in runs (Parquet: RLE / bit-packing hybrid)."""
    numbers: list[int] = []
    position = 0
    while len(numbers) < count:
        head = shift = 0
        while True:
            byte = content[position]
            position += 1
            head |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if head & 1:
            size = (head >> 1) * width
            numbers += _unpacked(content[position : position + size], (head >> 1) * 8, width)
            position += size
        else:
            size = (width + 7) // 8
            numbers += [int.from_bytes(content[position : position + size], "little")] * min(head >> 1, count)
            position += size
    return numbers[:count]


def _unpacked(content: bytes, count: int, width: int) -> list[int]:
    if width == 1:
        return read_bits(content, count)
    if width not in (8, 16):
        raise ValueError(f"indexes of {width} bits are not what exports write")
    return list(struct.unpack(f"<{count}{'B' if width == 8 else 'H'}", content))
