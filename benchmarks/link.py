"""A network path in user space: a TCP relay with a round trip and a window for each connection.

On a real path a connection has at most a window of unacknowledged bytes under way, so it carries window / round trip
and no more, however fast both ends are; and every exchange costs a round trip. The relay keeps to that:

- a byte arrives half a round trip after it was read, and its acknowledgement comes back half a round trip later;
- unacknowledged bytes of one direction of one connection never exceed its window;
- the window starts at ten segments and grows by what is acknowledged (slow start) up to `window_bytes`;
- a receiver that does not read holds the acknowledgements back;
- opening a connection costs a round trip before its first byte leaves.

Not modelled: loss, a bottleneck that connections share, and slow start after idling. TLS passes through unread.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections import deque
from typing import cast

ROUND_TRIP_SECONDS = 0.040
# 512 KiB in 40 ms is 105 Mbit/s, what one good connection makes over such a path.
WINDOW_BYTES = 512 * 1024
INITIAL_WINDOW_BYTES = 10 * 1460
READ_BYTES = 64 * 1024


def megabytes_a_second(round_trip: float = ROUND_TRIP_SECONDS, window_bytes: int = WINDOW_BYTES) -> float:
    """What one connection can carry over the path, in 10^6 bytes a second."""
    return window_bytes / round_trip / 1e6


class _End(asyncio.BufferedProtocol):
    """One end of a relayed connection: what it reads travels to `other`."""

    def __init__(self, round_trip: float, window_bytes: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._one_way = round_trip / 2
        self._largest_window = window_bytes
        self._window = min(INITIAL_WINDOW_BYTES, window_bytes)
        self._unacknowledged = 0
        self._buffer = bytearray(READ_BYTES)
        self._not_before = self._loop.time() + round_trip
        self._stalled: deque[int] = deque()
        self._reading = True
        self._taking = True
        self._transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self.other is None or self.other._transport is None:  # noqa: SLF001 - both ends are of this class
            self._transport.pause_reading()
            self._reading = False

    def joined(self, other: _End) -> None:
        """The way to the other end is open."""
        self.other = other
        self._resume()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the window decides
        return memoryview(self._buffer)[: max(1, min(READ_BYTES, self._window - self._unacknowledged))]

    def buffer_updated(self, nbytes: int) -> None:
        content = bytes(memoryview(self._buffer)[:nbytes])
        self._unacknowledged += nbytes
        if self._unacknowledged >= self._window and self._transport is not None:
            self._transport.pause_reading()
            self._reading = False
        leaves = max(self._loop.time(), self._not_before)
        self._loop.call_at(leaves + self._one_way, self._arrive, content)

    def eof_received(self) -> bool:
        leaves = max(self._loop.time(), self._not_before)
        self._loop.call_at(leaves + self._one_way, self._arrive, b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self._transport = None
        if self.other is not None:
            self._loop.call_later(self._one_way, self.other.abort)

    def pause_writing(self) -> None:
        self._taking = False

    def resume_writing(self) -> None:
        self._taking = True
        if self.other is not None:
            self.other.release()

    def abort(self) -> None:
        """End this side once what it was given has been written."""
        if self._transport is not None:
            self._transport.close()

    def release(self) -> None:
        """The receiver reads again: acknowledge what it had not taken."""
        while self._stalled:
            self._loop.call_later(self._one_way, self._acknowledged, self._stalled.popleft())

    def _arrive(self, content: bytes) -> None:
        target = self.other
        if target is None or target._transport is None:  # noqa: SLF001 - both ends are of this class
            return
        if not content:
            if target._transport.can_write_eof():  # noqa: SLF001
                target._transport.write_eof()  # noqa: SLF001
            return
        target._transport.write(content)  # noqa: SLF001
        if target._taking:  # noqa: SLF001
            self._loop.call_later(self._one_way, self._acknowledged, len(content))
        else:
            self._stalled.append(len(content))

    def _acknowledged(self, count: int) -> None:
        self._unacknowledged -= count
        self._window = min(self._largest_window, self._window + count)
        if self._unacknowledged < self._window:
            self._resume()

    def _resume(self) -> None:
        if not self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()


async def relay(target_port: int, round_trip: float, window_bytes: int) -> asyncio.Server:
    """Listen on a free port of localhost and carry every connection over the path to `target_port`."""
    loop = asyncio.get_running_loop()
    joining: set[asyncio.Task[None]] = set()

    def accepted() -> _End:
        near = _End(round_trip, window_bytes)
        task = loop.create_task(join(near))
        joining.add(task)
        task.add_done_callback(joining.discard)
        return near

    async def join(near: _End) -> None:
        try:
            _, far = await loop.create_connection(lambda: _End(round_trip, window_bytes), "localhost", target_port)
        except OSError:
            near.abort()
            return
        far.joined(near)
        near.joined(far)

    return await loop.create_server(accepted, "localhost", 0)


async def _serve(target_port: int, round_trip: float, window_bytes: int) -> None:
    server = await relay(target_port, round_trip, window_bytes)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    # The path ends with the process that opened it, which closes this input.
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Relay TCP connections over a path with a round trip and a window.")
    parser.add_argument("--target-port", type=int, required=True)
    parser.add_argument("--round-trip-ms", type=float, default=ROUND_TRIP_SECONDS * 1000, help="milliseconds")
    parser.add_argument("--window-bytes", type=int, default=WINDOW_BYTES, help="bytes under way for each connection")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.target_port, options.round_trip_ms / 1000, options.window_bytes))
