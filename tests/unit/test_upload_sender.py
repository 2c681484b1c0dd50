"""The sender against a strict host in this process: what arrives, how often, and how it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shared.bounds import KIBIBYTE
from shared.errors import NoReply, NotNow, Superseded, UploadFailed, UploadSessionGone
from shared.upload.ranges import ALIGNMENT, ByteRange, ByteRanges
from shared.upload.sender import ask_missing, cancel
from shared.upload.session import CompletedDocument, UploadSession
from tests.support.upload_server import Fault
from tests.support.upload_world import BOUNDS, Piece, World, upload_world

PARTS = 9
SIZE = PARTS * ALIGNMENT - 1000


@pytest.mark.parametrize("size", [1, ALIGNMENT - 1, ALIGNMENT, ALIGNMENT + 1, 4 * ALIGNMENT, 8 * ALIGNMENT, SIZE])
async def test_every_byte_arrives_once_in_aligned_parts_without_a_token(size: int) -> None:
    async with upload_world(size) as world:
        document = await world.upload()
        assert document == CompletedDocument("doc", "a.pdf", "application/pdf", size)
        assert world.whole()
        assert sorted(world.server.puts()) == [
            (start, min(start + ALIGNMENT, size) - 1) for start in range(0, size, ALIGNMENT)
        ]
        assert all("authorization" not in request.headers for request in world.server.requests)
        assert all("transfer-encoding" not in request.headers for request in world.server.requests)
        assert world.server.statuses("GET") == []


async def test_four_parts_are_under_way_at_once_and_only_a_few_pieces_of_each_are_in_memory() -> None:
    async with upload_world(16_000_000, replace(BOUNDS, upload_part_bytes=12 * ALIGNMENT)) as world:
        Piece.most_alive = Piece.alive
        await world.upload()
        assert world.server.most_at_once == 4
        assert world.source.most_open_reads == 4
        # A part has 120 pieces; of each part one is at hand, and the socket takes 64 KiB before it makes us wait.
        assert Piece.most_alive <= 4 * (1 + 1 + 64 * KIBIBYTE // BOUNDS.upload_piece_bytes)


async def test_progress_grows_to_the_whole_document() -> None:
    async with upload_world(SIZE) as world:
        await world.upload()
        stored = [progress.stored for progress in world.progress]
        assert stored == sorted(stored)
        assert stored[-1] == SIZE
        assert all(progress.in_flight <= 4 * ALIGNMENT for progress in world.progress)


async def test_a_resumed_upload_sends_only_what_the_host_lacks() -> None:
    async with upload_world(SIZE) as world:
        world.server.hold(0, world.source.content[: 2 * ALIGNMENT])
        world.server.hold(4 * ALIGNMENT + 77, world.source.content[4 * ALIGNMENT + 77 : 5 * ALIGNMENT])
        session = await asked(world)
        assert list(session.missing) == [
            ByteRange(2 * ALIGNMENT, 4 * ALIGNMENT + 76),
            ByteRange(5 * ALIGNMENT, SIZE - 1),
        ]
        await world.upload(session)
        assert world.whole()
        assert 416 not in world.server.statuses("PUT")


async def test_a_part_already_held_makes_the_sender_ask_what_is_missing() -> None:
    async with upload_world(SIZE) as world:
        world.server.hold(0, world.source.content[: 3 * ALIGNMENT])
        await world.upload()
        assert world.whole()
        assert 416 in world.server.statuses("PUT")
        assert world.server.statuses("GET")[0] == 200


@pytest.mark.parametrize("kind", ["drop", "drop after", "cut"])
@pytest.mark.parametrize("skip", [0, 3])
async def test_a_connection_that_ends_costs_a_question_and_at_most_one_part(kind: str, skip: int) -> None:
    async with upload_world(SIZE) as world:
        world.server.faults.append(Fault(kind, skip=skip, body_bytes=1000))  # type: ignore[arg-type]
        await world.upload()
        assert world.whole()
        stored_unheard = kind == "drop after"
        assert len(world.server.puts()) == PARTS + (0 if stored_unheard else 1)
        # Another part's answer may have shown that the part is held: then there is nothing to ask.
        assert world.server.statuses("GET") in ([[], [200]] if stored_unheard else [[200]])


async def test_the_host_may_say_that_something_acknowledged_is_missing_after_all() -> None:
    async with upload_world(SIZE, replace(BOUNDS, upload_parts_in_flight=1)) as world:

        def lose_the_first_part(position: int) -> None:
            if position == 5 * ALIGNMENT:
                world.server.lose(0, ALIGNMENT - 1)

        world.source.before_piece = lose_the_first_part
        await world.upload()
        assert world.whole()
        assert world.server.puts().count((0, ALIGNMENT - 1)) == 2


async def test_a_burst_of_unavailability_is_waited_out() -> None:
    async with upload_world(SIZE) as world:
        world.server.faults.extend(Fault("refuse") for _ in range(4))
        world.server.faults.append(Fault("refuse", method="GET"))
        world.server.faults.append(Fault("refuse after"))
        await world.upload()
        assert world.whole()
        assert world.sleeps
        assert max(world.sleeps) <= BOUNDS.in_process_wait_seconds


@pytest.mark.parametrize(("value", "seconds"), [("2", 2.0), ("Thu, 01 Jan 2026 00:00:03 GMT", 3.0)])
async def test_a_throttled_upload_waits_as_long_as_it_is_told(value: str, seconds: float) -> None:
    async with upload_world(ALIGNMENT) as world:
        world.server.faults.append(Fault("refuse", status=429, headers={"Retry-After": value}))
        await world.upload()
        assert world.whole()
        assert world.sleeps == [seconds]


async def test_a_long_wait_is_put_off_after_the_parts_under_way_have_ended_and_goes_on_later() -> None:
    async with upload_world(SIZE) as world:
        world.server.faults.append(Fault("refuse", status=429, headers={"Retry-After": "120"}))
        with pytest.raises(NotNow) as put_off:
            await world.upload()
        assert put_off.value.delay == 120
        assert world.server.statuses("PUT") == [429, 202, 202, 202]
        await world.upload(await asked(world))
        assert world.whole()
        assert len(world.server.puts()) == PARTS + 1


async def test_an_expired_session_is_replaced_and_the_document_sent_again() -> None:
    async with upload_world(SIZE) as world:
        world.server.faults.append(Fault("expire", skip=5))
        await world.upload()
        assert world.whole()
        assert world.renewals == 1
        assert world.progress[-1].session == 2


async def test_sessions_that_keep_ending_are_given_up() -> None:
    async with upload_world(ALIGNMENT) as world:
        world.server.faults.extend(Fault("expire") for _ in range(9))
        with pytest.raises(UploadSessionGone):
            await world.upload()
        assert world.renewals == BOUNDS.upload_sessions - 1


async def test_a_lost_last_answer_is_settled_by_looking_at_the_document() -> None:
    async with upload_world(ALIGNMENT) as world:
        world.server.faults.append(Fault("drop after"))
        world.completed_elsewhere = CompletedDocument("doc", size=ALIGNMENT)
        assert await world.upload() == world.completed_elsewhere
        assert world.whole()
        assert len(world.server.puts()) == 1


async def test_a_document_replaced_mid_way_stops_everything() -> None:
    async with upload_world(40 * ALIGNMENT) as world:

        def replaced(position: int) -> None:
            if position >= 6 * ALIGNMENT:
                raise Superseded("replaced")

        world.source.before_piece = replaced
        with pytest.raises(Superseded):
            await world.upload()
        assert all(start < 10 * ALIGNMENT for start, _ in world.source.reads)
        assert world.server.completed is None


async def test_reading_that_breaks_off_is_tried_again_from_the_start_of_the_part() -> None:
    async with upload_world(SIZE) as world:
        broken = [2 * ALIGNMENT + 2 * BOUNDS.upload_piece_bytes]

        def break_once(position: int) -> None:
            if position in broken:
                broken.remove(position)
                raise NoReply("read document", "reset")

        world.source.before_piece = break_once
        await world.upload()
        assert world.whole()
        assert world.source.reads.count((2 * ALIGNMENT, 3 * ALIGNMENT - 1)) == 2


async def test_a_source_that_gives_too_little_never_completes() -> None:
    async with upload_world(ALIGNMENT) as world:
        world.source.content += b"x"
        world.source.content = world.source.content[:-1]
        world.source.read = lambda start, end: type(world.source).read(world.source, start, end - 1)  # type: ignore[method-assign]
        with pytest.raises(NotNow):
            await world.upload()
        assert world.server.completed is None


async def test_a_refused_upload_says_why_and_keeps_the_url_secret() -> None:
    async with upload_world(SIZE) as world:
        body = b'{"error":{"code":"invalidRequest","message":"secret"}}'
        world.server.faults.append(Fault("refuse", status=400, body=body))
        with pytest.raises(UploadFailed, match="400 invalidRequest") as refused:
            await world.upload()
        assert "secret" not in "".join(map(str, (refused.value, refused.value.__cause__, refused.value.__context__)))
        assert "secret" not in repr(world.session())


async def test_a_host_that_cannot_be_reached_puts_the_upload_off_without_naming_the_url() -> None:
    async with upload_world(ALIGNMENT) as world:
        session = UploadSession("http://127.0.0.1:1/uploads/secret", None, ByteRanges.whole(ALIGNMENT))
        with pytest.raises(NotNow, match="ClientConnectorError") as put_off:
            await world.upload(session)
        assert "secret" not in str(put_off.value)
        assert put_off.value.code == "uploadUnavailable"


async def test_a_host_that_falls_silent_is_not_waited_for_without_end() -> None:
    async with upload_world(ALIGNMENT, replace(BOUNDS, upload_idle_seconds=0.2)) as world:
        world.server.faults.append(Fault("silent"))
        await world.upload()
        assert world.whole()
        assert world.server.statuses("GET") == [200]


async def test_a_cancelled_upload_leaves_nothing_behind() -> None:
    async with upload_world(SIZE) as world:
        world.server.faults.extend(Fault("silent") for _ in range(4))
        four_read = asyncio.Event()

        def tell(_: int) -> None:
            if world.source.open_reads == 4:
                four_read.set()

        world.source.before_piece = tell
        uploading = asyncio.create_task(world.upload())
        await four_read.wait()
        uploading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await uploading


async def test_a_session_that_is_given_up_is_deleted() -> None:
    async with upload_world(SIZE) as world:
        url = world.server.url()
        assert await cancel(url, http=world.http, bounds=world.bounds)
        assert await cancel(url, http=world.http, bounds=world.bounds)
        assert world.server.statuses("DELETE") == [204, 404]
        with pytest.raises(UploadSessionGone):
            await asked(world)


async def test_a_session_that_cannot_be_deleted_is_left_to_expire() -> None:
    async with upload_world(SIZE) as world:
        world.server.faults.extend(Fault("refuse", method="DELETE") for _ in range(3))
        assert not await cancel(world.server.url(), http=world.http, bounds=world.bounds)


async def asked(world: World) -> UploadSession:
    return await ask_missing(
        world.server.url(),
        size=world.source.size,
        http=world.http,
        bounds=world.bounds,
        now=world.now,
        sleep=world.sleep,
        random=lambda: 0.5,
    )
