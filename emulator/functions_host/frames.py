"""How the host and its worker process speak: frames of JSON beside which bytes travel as they are.

A frame is two lengths (text, number of byte strings), the length of each byte string, the JSON text, and the byte
strings that the text refers to. JSON keeps the worker unable to run code in the host, and the bytes beside it keep a
large blob cheap.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Generator
from typing import Any, BinaryIO

_BYTES = "$bytes"
_HEADER = struct.Struct(">II")
_LENGTH = struct.Struct(">Q")


class FrameError(Exception):
    """What was read is not a frame, or ends in the middle of one."""


def pack(message: dict[str, Any]) -> bytes:
    """Make one frame of `message`: JSON values, and `bytes` wherever a value may stand."""
    chunks: list[bytes] = []
    text = json.dumps(_without_bytes(message, chunks), separators=(",", ":")).encode()
    lengths = b"".join(_LENGTH.pack(len(chunk)) for chunk in chunks)
    return b"".join([_HEADER.pack(len(text), len(chunks)), lengths, text, *chunks])


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """Read one frame, blocking. None at the end of the stream. Raises FrameError when it ends within a frame."""
    parser = _parser()
    wanted = next(parser)
    begun = False
    while True:
        data = stream.read(wanted)
        if not data and not begun:
            return None
        if len(data) != wanted:
            raise FrameError("the stream ended within a frame")
        begun = True
        try:
            wanted = parser.send(data)
        except StopIteration as end:
            return _object(end.value)


async def receive_frame(stream: asyncio.StreamReader) -> dict[str, Any]:
    """Read one frame. Raises asyncio.IncompleteReadError at the end of the stream."""
    parser = _parser()
    wanted = next(parser)
    while True:
        try:
            wanted = parser.send(await stream.readexactly(wanted))
        except StopIteration as end:
            return _object(end.value)


def _parser() -> Generator[int, bytes, Any]:
    """Yield how many bytes are wanted next, take them, and return the message."""
    text_length, count = _HEADER.unpack((yield _HEADER.size))
    lengths = [length for (length,) in _LENGTH.iter_unpack((yield _LENGTH.size * count) if count else b"")]
    text = yield text_length
    chunks: list[bytes] = []
    for length in lengths:
        chunks += [(yield length) if length else b""]
    return _with_bytes(json.loads(text), chunks)


def _object(message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise FrameError("a frame holds an object")
    return message


def _without_bytes(value: Any, chunks: list[bytes]) -> Any:
    match value:
        case bytes() | bytearray():
            chunks.append(bytes(value))
            return {_BYTES: len(chunks) - 1}
        case dict():
            return {key: _without_bytes(item, chunks) for key, item in value.items()}
        case list() | tuple():
            return [_without_bytes(item, chunks) for item in value]
    return value


def _with_bytes(value: Any, chunks: list[bytes]) -> Any:
    match value:
        case dict():
            if value.keys() == {_BYTES}:
                return chunks[value[_BYTES]]
            return {key: _with_bytes(item, chunks) for key, item in value.items()}
        case list():
            return [_with_bytes(item, chunks) for item in value]
    return value
