"""What the status says of open submissions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from shared.health import read_status
from shared.names import open_marker_path, submission_path
from shared.services import Services
from shared.submission.holding import Records
from shared.submission.record import Document, Record, State, submission_key
from shared.times import timestamp
from tests.support.memory_state import MemoryStateStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def status_of(state: MemoryStateStore) -> dict[str, Any]:
    async def nothing() -> list[Any]:
        return []

    async def empty() -> int:
        return 0

    ready = SimpleNamespace(
        storage=SimpleNamespace(state=state, queue=lambda _: SimpleNamespace(depth=empty)),
        pool=SimpleNamespace(statuses=nothing),
        submissions=SimpleNamespace(records=Records(state)),
    )
    return await read_status(cast("Services", ready))


async def opened(store: MemoryStateStore, name: str, at: datetime, **changes: Any) -> str:
    """An open submission that was accepted then."""
    key = submission_key("print-inbox", name, "0x1")
    document = Document("print-inbox", name, "0x1", 100, timestamp(at))
    await Records(store).create(Record(key, document, timestamp(at), **changes))
    store.modified[open_marker_path(key)] = at
    return key


async def test_of_thousands_of_open_submissions_the_oldest_is_shown_and_few_are_read() -> None:
    state = MemoryStateStore()
    names = [f"office/{number}.pdf" for number in range(1500)]
    for number, name in enumerate(names):
        await opened(state, name, NOW + timedelta(seconds=number))
    # The keys of records are hashes: the oldest is none of the first by name.
    assert min(state.documents) != open_marker_path(submission_key("print-inbox", names[0], "0x1"))
    read: list[str] = []
    real = state.read

    async def counted(path: str) -> Any:
        read.append(path)
        return await real(path)

    state.read = counted  # type: ignore[method-assign]
    found = (await status_of(state))["openSubmissions"]
    assert found["count"] == 1500
    assert found["oldest"]["document"] == names[0]
    assert len([path for path in read if path.startswith("submissions/")]) == 1


async def test_a_record_that_is_closed_or_cannot_be_read_is_not_the_oldest_open_one() -> None:
    state = MemoryStateStore()
    await opened(state, "office/closed.pdf", NOW, state=State.CLOSED)
    damaged = await opened(state, "office/damaged.pdf", NOW + timedelta(seconds=1))
    await opened(state, "office/open.pdf", NOW + timedelta(seconds=2))
    stored = await state.read(submission_path(damaged))
    assert stored is not None
    await state.replace(submission_path(damaged), b"{}", stored.etag)
    found = (await status_of(state))["openSubmissions"]
    assert (found["count"], found["oldest"]["document"]) == (3, "office/open.pdf")
