"""Files are taken in once, none is forgotten, and nothing about a file is sent before it was checked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.bounds import Bounds
from shared.catalog import parse_catalog
from shared.errors import DocumentRejected, NotNow, Superseded
from shared.names import INBOX, open_marker_path, submission_path
from shared.storage.documents import BlobFacts
from shared.storage.state import Stored
from shared.submission.accepting import SWEPT_AT_ONCE, accept, sweep
from shared.submission.checking import check
from shared.submission.holding import Records
from shared.submission.messages import submission_message
from shared.submission.places import LONGEST_BLOB_NAME
from shared.submission.record import Document, State, submission_key
from shared.submission.services import SubmissionServices
from shared.times import timestamp
from tests.support.clock import Clock
from tests.support.memory_queue import MemoryQueue
from tests.support.memory_state import MemoryStateStore

SHARE = {
    "alias": "finance",
    "id": "3f1c",
    "printerId": "9a2b",
    "printerName": "PR-1",
    "capabilities": {"contentTypes": ["application/pdf"], "copiesPerJob": {"start": 1, "end": 9}},
    "profile": {"duplexMode": "oneSided"},
}
PDF = b"%PDF-1.7\n"


class Inbox:
    """Documents in memory. `asked` are the names whose content was read."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.blobs: dict[str, tuple[BlobFacts, bytes]] = {}
        self.asked: list[str] = []

    def put(self, name: str, content: bytes, **changes: Any) -> BlobFacts:
        now = self.clock.now()
        facts = BlobFacts(INBOX, name, f"0x{len(self.blobs)}{len(content)}", len(content), now, now, None, {})
        facts = replace(facts, **changes)
        self.blobs[name] = (facts, content)
        return facts

    async def facts(self, container: str, name: str) -> BlobFacts | None:
        assert container == INBOX
        return self.blobs[name][0] if name in self.blobs else None

    async def list_facts(self, container: str) -> AsyncIterator[BlobFacts]:
        assert container == INBOX
        for facts, _ in list(self.blobs.values()):
            yield facts

    async def read_head(self, container: str, name: str, etag: str, length: int) -> bytes:
        facts, content = self.blobs[name]
        assert (container, facts.etag) == (INBOX, etag)
        self.asked.append(name)
        return content[:length]

    async def read_small(self, container: str, name: str, limit: int) -> bytes | None:
        assert container == INBOX
        assert len(name) <= LONGEST_BLOB_NAME, "storage answers 400 to a name that it can never hold"
        self.asked.append(name)
        return self.blobs[name][1][: limit + 1] if name in self.blobs else None


class World:
    """Services over memory; only what taking in and checking use is there."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.inbox = Inbox(self.clock)
        self.state = MemoryStateStore()
        self.submissions, self.jobs = MemoryQueue(self.clock.now), MemoryQueue(self.clock.now)
        self.share: dict[str, Any] = dict(SHARE)
        unused: Any = None

        async def load_catalog() -> Any:
            return parse_catalog(json.dumps({"version": 1, "shares": [self.share]}).encode())

        self.services = SubmissionServices(
            state=self.state,
            records=Records(self.state),
            documents=self.inbox,  # type: ignore[arg-type]
            submissions=self.submissions,
            jobs=self.jobs,
            ledger=unused,
            load_catalog=load_catalog,
            pool=unused,
            graph=unused,
            uploads=unused,
            sealer=unused,
            bounds=Bounds(),
            now=self.clock.now,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
        )

    def document(self, name: str) -> Document:
        facts = self.inbox.blobs[name][0]
        return Document(
            INBOX, name, facts.etag, facts.size, timestamp(facts.created), facts.content_type, facts.metadata
        )

    async def refusal(self, name: str) -> tuple[str, str]:
        with pytest.raises(DocumentRejected) as caught:
            await check(self.document(name), self.services)
        return caught.value.code, caught.value.reason


@pytest.fixture
def world() -> World:
    return World()


async def test_a_file_gets_a_record_and_a_message_without_being_read(world: World) -> None:
    facts = world.inbox.put("finance/a.pdf", PDF, metadata={"copies": "2"})
    key = await accept(INBOX, "finance/a.pdf", world.services)
    assert key == submission_key(INBOX, "finance/a.pdf", facts.etag)
    assert world.submissions.sent == [submission_message(key, 0)]
    assert {submission_path(key), open_marker_path(key)} <= world.state.documents.keys()
    assert world.inbox.asked == []


async def test_the_same_file_announced_again_is_queued_again_and_recorded_once(world: World) -> None:
    world.inbox.put("finance/a.pdf", PDF)
    keys = {await accept(INBOX, "finance/a.pdf", world.services) for _ in range(3)}
    assert len(keys) == 1
    assert world.submissions.sent == [world.submissions.sent[0]] * 3
    assert len([path for path in world.state.documents if path.startswith("submissions/")]) == 1


async def test_a_file_whose_submission_is_closed_is_not_taken_in_again(world: World) -> None:
    world.inbox.put("finance/a.pdf", PDF)
    key = await accept(INBOX, "finance/a.pdf", world.services)
    loaded = await world.services.records.load(str(key))
    assert loaded is not None
    await world.services.records.save(replace(loaded[0], state=State.CLOSED), loaded[1])
    assert await accept(INBOX, "finance/a.pdf", world.services) is None
    assert len(world.submissions.sent) == 1


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("finance/_print.json", {}),
        ("finance/a.pdf.print.json", {}),
        ("finance", {"metadata": {"Hdi_IsFolder": "true"}}),
        ("finance/a.pdf", {"copying": True}),
    ],
)
async def test_what_is_no_document_or_not_yet_there_is_left_alone(
    world: World, name: str, changes: dict[str, Any]
) -> None:
    world.inbox.put(name, PDF, **changes)
    assert await accept(INBOX, name, world.services) is None
    assert await accept(INBOX, "finance/removed.pdf", world.services) is None
    assert (len(world.submissions), world.state.documents) == (0, {})


async def test_an_empty_file_waits_for_a_writer_that_may_have_only_opened_it(world: World) -> None:
    world.inbox.put("finance/a.pdf", b"")
    world.clock.advance(20)
    await accept(INBOX, "finance/a.pdf", world.services)
    assert world.submissions.next_due == world.clock.now() + timedelta(seconds=40)


async def test_the_sweep_takes_what_no_event_announced_once_it_is_old_enough(world: World) -> None:
    world.inbox.put("finance/a.pdf", PDF)
    assert await sweep(world.services) == 0
    world.clock.advance(world.services.bounds.sweep_grace_seconds)
    assert await sweep(world.services) == 1
    assert await sweep(world.services) == 0
    assert len(world.submissions.sent) == 1


async def test_the_sweep_wakes_a_submission_whose_message_was_lost_and_then_gives_it_time(world: World) -> None:
    world.inbox.put("finance/a.pdf", PDF)
    key = str(await accept(INBOX, "finance/a.pdf", world.services))
    loaded = await world.services.records.load(key)
    assert loaded is not None
    await world.services.records.save(replace(loaded[0], state=State.STARTED, sequence=4), loaded[1])
    world.clock.advance(world.services.bounds.overdue_seconds + 1)
    assert await sweep(world.services) == 1
    assert world.jobs.sent == [submission_message(key, 4)]
    assert await sweep(world.services) == 0


async def test_the_sweep_takes_many_files_together_and_counts_each(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        world.inbox.put(f"finance/{number}.pdf", PDF)
    world.clock.advance(world.services.bounds.sweep_grace_seconds)
    under_way = most = 0
    send = world.submissions.send

    async def slow(message: Any, delay: float = 0) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        await send(message, delay)
        under_way -= 1

    monkeypatch.setattr(world.submissions, "send", slow)
    assert await sweep(world.services) == 100
    assert 1 < most <= SWEPT_AT_ONCE
    world.clock.advance(world.services.bounds.overdue_seconds + 1)
    assert await sweep(world.services) == 100
    assert len(world.submissions.sent) == 200


async def test_the_marker_of_a_closed_or_missing_submission_is_cleared(world: World) -> None:
    await world.state.create(open_marker_path("0" * 32), b"")
    assert await sweep(world.services) == 0
    assert world.state.documents == {}


async def test_one_damaged_record_does_not_keep_the_others_waiting(world: World) -> None:
    facts = world.inbox.put("finance/a.pdf", PDF)
    damaged = submission_key(INBOX, "finance/a.pdf", facts.etag)
    world.state.documents[submission_path(damaged)] = Stored(b"{}", '"d"')
    await world.state.create(open_marker_path("0" * 32), b"")
    world.state.documents[submission_path("0" * 32)] = Stored(b"damaged", '"d"')
    world.inbox.put("finance/b.pdf", PDF)
    lost = str(await accept(INBOX, "finance/b.pdf", world.services))
    world.clock.advance(world.services.bounds.overdue_seconds + 1)
    assert await sweep(world.services) == 1
    assert world.submissions.sent[-1] == submission_message(lost, 0)


async def test_a_document_that_passes_has_its_settings_from_the_nearest_and_strongest_place(world: World) -> None:
    world.inbox.put("finance/x/a.pdf", PDF, metadata={"copies": "3", "producer": "erp"})
    world.inbox.put("finance/x/a.pdf.print.json", b'{"copies": 5, "quality": "high"}')
    world.inbox.put("finance/x/_print.json", b'{"mediaSize": "A4", "quality": "low"}')
    world.inbox.put("finance/_print.json", b'{"mediaType": "plain"}')
    share, job = await check(world.document("finance/x/a.pdf"), world.services)
    assert (share.alias, job.share_id, job.printer_id, job.printer_name) == ("finance", "3f1c", "9a2b", "PR-1")
    assert job.configuration == {"copies": 3, "quality": "high", "mediaSize": "A4", "duplexMode": "oneSided"}
    assert job.origins == {
        "copies": "metadata",
        "quality": "the sidecar",
        "mediaSize": "finance/x/_print.json",
        "duplexMode": "the profile of finance",
    }


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", PDF, "shareMissing"),
        ("/a.pdf", PDF, "shareMissing"),
        ("financ/a.pdf", PDF, "shareUnknown"),
        ("../finance/a.pdf", PDF, "shareUnknown"),
        ("finance\\a.pdf", PDF, "shareMissing"),
        ("finance/a.pdf", b"", "documentEmpty"),
        ("finance/a.pdf", b"PK\x03\x04" + bytes(40), "contentMismatch"),
        ("finance/a.jpg", b"\xff\xd8\xff\xe0", "contentNotSupported"),
        ("finance/a", b"hello", "contentUnknown"),
    ],
)
async def test_a_wrong_file_is_refused_with_a_reason(world: World, name: str, content: bytes, code: str) -> None:
    world.inbox.put(name, content)
    refused, reason = await world.refusal(name)
    assert refused == code
    assert reason


async def test_a_file_over_the_limit_is_refused_before_it_is_read(world: World) -> None:
    world.inbox.put("finance/a.pdf", PDF, size=world.services.bounds.document_bytes + 1)
    assert (await world.refusal("finance/a.pdf"))[0] == "documentTooLarge"
    assert world.inbox.asked == []


@pytest.mark.parametrize(
    ("sidecar", "code"),
    [(b"{", "ticketUnreadable"), (b'{"copies": 0}', "settingInvalid"), (b'{"copies": 10}', "settingNotOffered")],
)
async def test_a_wrong_sidecar_is_refused_before_anything_is_sent(world: World, sidecar: bytes, code: str) -> None:
    world.inbox.put("finance/a.pdf", PDF)
    world.inbox.put("finance/a.pdf.print.json", sidecar)
    assert (await world.refusal("finance/a.pdf"))[0] == code


async def test_a_sidecar_over_its_bound_is_refused_rather_than_cut(world: World) -> None:
    bound = world.services.bounds.ticket_bytes
    world.inbox.put("finance/a.pdf", PDF)
    world.inbox.put("finance/a.pdf.print.json", b"{}".ljust(bound))
    await check(world.document("finance/a.pdf"), world.services)
    world.inbox.put("finance/a.pdf.print.json", b"{}".ljust(bound + 1))
    code, reason = await world.refusal("finance/a.pdf")
    assert (code, f"larger than {bound} bytes" in reason) == ("ticketUnreadable", True)


async def test_the_longest_name_that_storage_holds_is_checked_like_any_other(world: World) -> None:
    name = "finance/" + "x" * (LONGEST_BLOB_NAME - len("finance/.pdf")) + ".pdf"
    world.inbox.put(name, PDF)
    _, job = await check(world.document(name), world.services)
    assert job.content_type == "application/pdf"


async def test_a_file_that_was_replaced_or_removed_is_not_printed_as_the_old_one(world: World) -> None:
    world.inbox.put("finance/a.pdf", PDF)
    document = world.document("finance/a.pdf")
    world.inbox.put("finance/a.pdf", PDF + b"newer", etag="0xNEW")
    with pytest.raises(Superseded):
        await check(document, world.services)
    del world.inbox.blobs["finance/a.pdf"]
    with pytest.raises(Superseded):
        await check(document, world.services)


async def test_a_paused_share_makes_good_documents_wait_and_tells_of_bad_ones_at_once(world: World) -> None:
    world.share["paused"] = True
    world.inbox.put("finance/a.pdf", PDF)
    with pytest.raises(NotNow) as caught:
        await check(world.document("finance/a.pdf"), world.services)
    assert caught.value.code == "sharePaused"
    world.inbox.put("finance/b.pdf", b"")
    assert (await world.refusal("finance/b.pdf"))[0] == "documentEmpty"
