"""Thrift's compact protocol, in which Parquet keeps its metadata (Thrift: thrift-compact-protocol). Pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import PrintFunctionsError

_TRUE, _FALSE, _I32, _I64, _DOUBLE, _BINARY, _LIST, _STRUCT = 1, 2, 5, 6, 7, 8, 9, 12
_BYTE, _I16, _SET = 3, 4, 10
_NESTING = 32


class ThriftUnreadable(PrintFunctionsError):
    """Bytes that are not what the compact protocol allows."""


@dataclass(frozen=True, slots=True)
class I32:
    """A number of 32 bits; a plain int has 64."""

    value: int


# A struct is a mapping from field number to value. None leaves a field out.
type Value = bool | int | I32 | str | bytes | Sequence[Any] | Mapping[int, Any] | None


def encode(fields: Mapping[int, Value]) -> bytes:
    """A struct with its fields in the order of their numbers."""
    output = bytearray()
    _write_struct(output, fields)
    return bytes(output)


def _write_struct(output: bytearray, fields: Mapping[int, Value]) -> None:
    last = 0
    for number in sorted(fields):
        value = fields[number]
        if value is None:
            continue
        kind = _kind(value)
        if 0 < number - last <= 15:
            output.append((number - last) << 4 | kind)
        else:
            output.append(kind)
            _write_number(output, _zigzag(number))
        last = number
        if kind not in (_TRUE, _FALSE):
            _write_value(output, value)
    output.append(0)


def _kind(value: Value) -> int:
    match value:
        case bool():
            return _TRUE if value else _FALSE
        case I32():
            return _I32
        case int():
            return _I64
        case str() | bytes():
            return _BINARY
        case Mapping():
            return _STRUCT
        case _:
            return _LIST


def _write_value(output: bytearray, value: Value) -> None:
    match value:
        case I32(number):
            _write_number(output, _zigzag(number))
        case int():
            _write_number(output, _zigzag(value))
        case str():
            _write_value(output, value.encode())
        case bytes():
            _write_number(output, len(value))
            output += value
        case Mapping():
            _write_struct(output, value)
        case list() | tuple():
            kind = _kind(value[0]) if value else _BINARY
            if len(value) < 15:
                output.append(len(value) << 4 | kind)
            else:
                output.append(0xF0 | kind)
                _write_number(output, len(value))
            for entry in value:
                _write_value(output, entry)
        case _:
            raise TypeError(f"no thrift value: {value!r}")


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _write_number(output: bytearray, number: int) -> None:
    while number > 0x7F:
        output.append(number & 0x7F | 0x80)
        number >>= 7
    output.append(number)


class Reader:
    """Reads structs from bytes, from `position` on."""

    def __init__(self, content: bytes, position: int = 0) -> None:
        self._content = content
        self.position = position

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """A struct as field number → value; numbers are int, texts bytes. Raises ThriftUnreadable."""
        if depth > _NESTING:
            raise ThriftUnreadable("structs lie too deep within each other")
        fields: dict[int, Any] = {}
        last = 0
        while head := self._byte():
            last = last + (head >> 4) if head >> 4 else self._signed()
            kind = head & 0x0F
            fields[last] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return self._byte() == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _DOUBLE:
            return struct.unpack("<d", self._take(8))[0]
        if kind == _BINARY:
            return self._take(self._number())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._number()
            if count > len(self._content):
                raise ThriftUnreadable("a list is longer than its file")
            return [self._value(head & 0x0F, depth + 1) for _ in range(count)]
        if kind == _STRUCT:
            return self.struct(depth + 1)
        raise ThriftUnreadable(f"there is no thrift type {kind} here")

    def _signed(self) -> int:
        number = self._number()
        return number >> 1 if not number & 1 else -(number >> 1) - 1

    def _number(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return number
            shift += 7
            if shift > 63:
                raise ThriftUnreadable("a number has more than 64 bits")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        taken = self._content[self.position : self.position + size]
        if len(taken) < size:
            raise ThriftUnreadable("the bytes end too early")
        self.position += size
        return taken
