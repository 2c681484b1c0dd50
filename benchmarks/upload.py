"""200 MB from storage into an upload session over a path of 40 ms, against Microsoft's upload task."""

from __future__ import annotations

from benchmarks.figures import Figure, Goal
from benchmarks.link import ROUND_TRIP_SECONDS, WINDOW_BYTES, megabytes_a_second
from benchmarks.place import place

SIZE = 200_000_000
RUNS = 3
GOAL = 3.5
AT_ONCE = 4


def measure(runs: int | None = None) -> list[Figure]:
    """Run both in turn, each in a fresh process and a fresh session, and judge by hash that all bytes arrived.

    Ours reads the blob from storage within the time; the task has the document in memory before its time begins.
    """
    ours: list[float] = []
    peer: list[float] = []
    with place(SIZE) as here:
        for _ in range(runs or RUNS):
            ours.append(here.upload("ours").seconds)
            peer.append(here.upload("task").seconds)
    one = megabytes_a_second()
    least = SIZE / 1e6 / (one * AT_ONCE)
    return [
        Figure(
            name="upload",
            what=f"{SIZE // 10**6} MB from storage to the service over {ROUND_TRIP_SECONDS * 1000:.0f} ms",
            unit="s",
            ours=tuple(ours),
            peer_name="msgraph_core LargeFileUploadTask",
            peer=tuple(peer),
            goal=Goal("ratio", GOAL),
            limit=(
                f"{WINDOW_BYTES // 1024} KiB under way per connection carry {one:.1f} MB/s; the service takes "
                f"{AT_ONCE} at once, so at least {least:.1f} s, and {least * AT_ONCE:.1f} s one after another"
            ),
        )
    ]
