"""How much memory a worker needs for a document of 1 GB, against a function that is given the blob as InputStream."""

from __future__ import annotations

from benchmarks.figures import Figure, Goal
from benchmarks.place import place

SIZE = 1_000_000_000
RUNS = 1
GOAL_MEBIBYTES = 64


def measure(runs: int | None = None) -> list[Figure]:
    """Sample the worker from outside while it uploads. Idle is what it holds when it has loaded the app and no client.

    Ours goes over the slow path, which fills every buffer on the way; the peer holds the same however fast it is.
    """
    ours: list[float] = []
    peer: list[float] = []
    with place(SIZE) as here:
        for _ in range(runs or RUNS):
            ours.append(here.upload("ours", cold=True).memory_bytes / 2**20)
            peer.append(here.upload("input_stream", through_link=False, cold=True).memory_bytes / 2**20)
    return [
        Figure(
            name="memory",
            what=f"peak memory of the worker above idle for a document of {SIZE // 10**6} MB",
            unit="MiB",
            ours=tuple(ours),
            peer_name="InputStream binding and LargeFileUploadTask",
            peer=tuple(peer),
            goal=Goal("ours", GOAL_MEBIBYTES),
            limit="four parts under way with a piece each, and the buffers of their sockets; the storage client",
        )
    ]
