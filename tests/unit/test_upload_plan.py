"""What the plan decides, answer by answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.upload.plan import Again, Ask, Completed, Gone, Part, Pause, PutOff, Question, Refused, Stored, UploadPlan
from shared.upload.ranges import ALIGNMENT, ByteRange, ByteRanges
from shared.upload.session import CompletedDocument, UploadSession

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = Bounds(upload_part_bytes=ALIGNMENT)
SIZE = 6 * ALIGNMENT


def plan_for(missing: ByteRanges | None = None, *, size: int = SIZE, bounds: Bounds = BOUNDS) -> UploadPlan:
    session = UploadSession("https://host/secret", None, ByteRanges.whole(size) if missing is None else missing)
    return UploadPlan(session, size, bounds=bounds, random=lambda: 0.5)


def part(plan: UploadPlan) -> Part:
    step = plan.prepare(NOW)
    assert isinstance(step, Part)
    return step


def question(plan: UploadPlan) -> Question:
    step = plan.prepare(NOW)
    assert isinstance(step, Question)
    return step


def lists(*ranges: str) -> bytes:
    return json.dumps({"expirationDateTime": "2099-01-01T00:00:00Z", "nextExpectedRanges": list(ranges)}).encode()


def block(number: int, count: int = 1) -> str:
    return f"{number * ALIGNMENT}-{(number + count) * ALIGNMENT - 1}"


def test_four_parts_are_under_way_at_most_and_none_twice() -> None:
    plan = plan_for()
    sent = [part(plan).range for _ in range(4)]
    assert sent == [ByteRange(index * ALIGNMENT, (index + 1) * ALIGNMENT - 1) for index in range(4)]
    assert plan.prepare(NOW) is None


def test_more_parts_at_once_than_the_service_allows_cannot_be_asked_for() -> None:
    plan = plan_for(bounds=Bounds(upload_part_bytes=ALIGNMENT, upload_parts_in_flight=9))
    for _ in range(4):
        part(plan)
    assert plan.prepare(NOW) is None


def test_a_part_is_under_ten_megabytes_whatever_the_bound_says() -> None:
    plan = plan_for(size=500_000_000, bounds=Bounds(upload_part_bytes=50_000_000))
    length = len(part(plan).range)
    assert length < 10_000_000
    assert length % ALIGNMENT == 0


def test_the_last_answer_completes_the_document() -> None:
    plan = plan_for(size=1)
    answer = b'{"id":"d1","documentName":"a.pdf","contentType":"application/pdf","size":1}'
    decision = plan.process(part(plan), 201, {}, answer, NOW)
    assert decision == Completed(CompletedDocument("d1", "a.pdf", "application/pdf", 1))
    assert plan.ending == decision
    assert plan.prepare(NOW) is None


def test_a_created_answer_completes_even_when_it_is_unreadable() -> None:
    plan = plan_for(size=1)
    assert plan.process(part(plan), 201, {}, b"<html>", NOW) == Completed(CompletedDocument())


def test_answers_may_overtake_each_other_without_anything_being_sent_again() -> None:
    plan = plan_for()
    first, second = part(plan), part(plan)
    assert plan.process(second, 202, {}, lists(block(2, 4)), NOW) == Stored()
    assert plan.process(first, 202, {}, lists(block(1, 5)), NOW) == Stored()
    assert part(plan).range.start == 2 * ALIGNMENT


def test_what_was_acknowledged_before_and_is_missing_now_is_sent_again() -> None:
    plan = plan_for()
    plan.process(part(plan), 202, {}, lists(block(1, 5)), NOW)
    later = part(plan)
    assert plan.process(later, 202, {}, lists(block(0), block(2, 4)), NOW) == Stored()
    assert part(plan).range.start == 0


def test_an_answer_that_lists_the_very_part_means_send_it_again() -> None:
    plan = plan_for()
    assert plan.process(part(plan), 202, {}, lists(block(0, 6)), NOW) == Again()
    again = part(plan)
    assert (again.range.start, again.attempt) == (0, 2)


@pytest.mark.parametrize("status", [416, 409, 412, 302, 204])
def test_a_surprise_makes_the_plan_ask_before_sending_the_part_again(status: int) -> None:
    plan = plan_for()
    assert plan.process(part(plan), status, {}, b"", NOW) == Ask()
    asked = question(plan)
    assert list(asked.settles) == [ByteRange(0, ALIGNMENT - 1)]
    plan.process(asked, 200, {}, lists(block(0, 6)), NOW)
    assert part(plan).range.start == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"nextExpectedRanges":["x"]}', b'{"nextExpectedRanges":[1]}'])
def test_an_unreadable_answer_makes_the_plan_ask(body: bytes) -> None:
    plan = plan_for()
    assert plan.process(part(plan), 202, {}, body, NOW) == Ask()


def test_a_lost_answer_of_a_stored_part_costs_one_question_and_no_second_send() -> None:
    plan = plan_for()
    assert plan.process_loss(part(plan), "reset") == Ask()
    asked = question(plan)
    assert asked.after == 0.25
    plan.process(asked, 200, {}, lists(block(1, 5)), NOW)
    assert part(plan).range.start == ALIGNMENT


def test_a_part_that_another_answer_shows_as_held_needs_no_question() -> None:
    plan = plan_for()
    first, second = part(plan), part(plan)
    plan.process(second, 202, {}, lists(block(2, 4)), NOW)
    assert plan.process_loss(first, "reset") == Stored()


def test_when_all_is_acknowledged_but_not_complete_the_plan_asks() -> None:
    plan = plan_for(ByteRanges((ByteRange(0, ALIGNMENT - 1),)))
    plan.process(part(plan), 202, {}, lists(), NOW)
    asked = question(plan)
    plan.process(asked, 200, {}, lists(block(3)), NOW)
    assert part(plan).range.start == 3 * ALIGNMENT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:04 GMT"}, 4.0),
        ({"retry-after": "soon"}, 0.25),
        ({}, 0.25),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_short_wait_pauses_everything_new(status: int, headers: dict[str, str], seconds: float) -> None:
    plan = plan_for()
    assert plan.process(part(plan), status, headers, b"", NOW) == Pause(seconds)
    assert plan.prepare(NOW) is None
    plan.resumed(seconds)
    assert plan.prepare(NOW) is not None


def test_a_throttled_part_is_sent_again_without_a_question_and_an_unavailable_one_after_it() -> None:
    throttled, unavailable = plan_for(), plan_for()
    throttled.process(part(throttled), 429, {}, b"", NOW)
    unavailable.process(part(unavailable), 503, {}, b"", NOW)
    throttled.resumed(60)
    unavailable.resumed(60)
    assert part(throttled).range.start == 0
    assert isinstance(unavailable.prepare(NOW), Question)


@pytest.mark.parametrize("value", ["90", "Thu, 01 Jan 2026 00:01:30 GMT"])
def test_a_long_wait_puts_the_upload_off(value: str) -> None:
    plan = plan_for()
    decision = plan.process(part(plan), 429, {"retry-after": value}, b"", NOW)
    assert isinstance(decision, PutOff)
    assert (decision.code, decision.seconds) == ("uploadThrottled", 90)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_session_that_has_ended_is_told_by_its_answers(status: int) -> None:
    plan = plan_for()
    assert isinstance(plan.process(part(plan), status, {}, b"", NOW), Gone)
    assert plan.prepare(NOW) is None


def test_a_session_that_has_expired_is_not_sent_to() -> None:
    session = UploadSession("https://host/secret", NOW, ByteRanges.whole(SIZE))
    plan = UploadPlan(session, SIZE, bounds=BOUNDS, random=lambda: 0.5)
    assert plan.prepare(NOW - timedelta(seconds=1)) is not None
    assert plan.prepare(NOW) is None
    assert isinstance(plan.ending, Gone)


def test_completion_outweighs_the_end_of_the_session() -> None:
    plan = plan_for()
    first, second = part(plan), part(plan)
    plan.process(first, 404, {}, b"", NOW)
    plan.process(second, 201, {}, b'{"id":"d1"}', NOW)
    assert plan.ending == Completed(CompletedDocument("d1"))


def test_a_refusal_names_its_code_and_nothing_else() -> None:
    plan = plan_for()
    body = b'{"error":{"code":"invalidRequest","message":"see https://host/secret"}}'
    assert plan.process(part(plan), 400, {}, body, NOW) == Refused("the upload host refused a part: 400 invalidRequest")


def test_a_part_that_is_never_held_puts_the_upload_off_after_its_attempts() -> None:
    plan = plan_for(size=1)
    for _ in range(BOUNDS.upload_part_attempts):
        plan.process(part(plan), 202, {}, lists("0-0"), NOW)
    assert plan.prepare(NOW) is None
    assert isinstance(plan.ending, PutOff)


def test_a_session_that_never_says_what_it_lacks_puts_the_upload_off() -> None:
    plan = plan_for(size=1)
    plan.process_loss(part(plan), "ConnectionReset")
    waits = []
    while (step := plan.prepare(NOW)) is not None:
        assert isinstance(step, Question)
        waits.append(step.after)
        plan.process_loss(step, "ConnectionReset")
    assert waits == [0.25, 0.25, 0.5, 1.0, 2.0, 4.0]
    assert isinstance(plan.ending, PutOff)
    assert "ConnectionReset" in plan.ending.reason


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_session_that_is_never_available_to_be_asked_puts_the_upload_off(status: int) -> None:
    plan = plan_for(size=1)
    plan.process(part(plan), 416, {}, b"", NOW)
    for _ in range(BOUNDS.upload_part_attempts):
        assert plan.ending is None
        plan.process(question(plan), status, {}, b"", NOW)
        plan.resumed(plan.pause)
    assert isinstance(plan.ending, PutOff)
    assert str(status) in plan.ending.reason


def test_a_session_that_lacks_nothing_and_never_says_that_it_is_complete_is_over() -> None:
    plan = plan_for(size=1)
    plan.process(part(plan), 202, {}, lists(), NOW)
    for _ in range(BOUNDS.upload_part_attempts):
        assert plan.ending is None
        plan.process(question(plan), 200, {}, lists(), NOW)
    assert isinstance(plan.ending, Gone), "whoever renews it looks whether the document is there"


def test_a_long_wait_that_is_asked_of_a_question_puts_the_upload_off_for_as_long() -> None:
    plan = plan_for(size=1)
    plan.process(part(plan), 416, {}, b"", NOW)
    decision = plan.process(question(plan), 503, {"retry-after": "77"}, b"", NOW)
    assert isinstance(decision, PutOff)
    assert decision.seconds == 77


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_of_answers_and_losses_ends_complete_with_every_byte_stored_once(data: st.DataObject) -> None:
    """A host that keeps the protocol, and a network that loses and delays: the plan always gets there."""
    size = data.draw(st.integers(1, 7 * ALIGNMENT))
    plan = plan_for(size=size, bounds=Bounds(upload_part_bytes=ALIGNMENT, upload_part_attempts=50))
    held, under_way, complete = ByteRanges(), list[tuple[Part | Question, int, bytes]](), False
    losses = 12
    while plan.ending is None:
        while (step := plan.prepare(NOW)) is not None:
            if isinstance(step, Question):
                status = 404 if complete else 200
            elif complete:
                status = 404
            elif held.intersection(ByteRanges((step.range,))):
                status = 416
            elif losses and data.draw(st.booleans(), "the part does not arrive"):
                status = 0
            else:
                held = held.union(ByteRanges((step.range,)))
                complete = held.total() == size
                status = 201 if complete else 202
            missing = ByteRanges.whole(size).difference(held)
            under_way.append((step, status, lists(*(f"{piece.start}-{piece.end}" for piece in missing))))
        step, status, body = under_way.pop(data.draw(st.integers(0, len(under_way) - 1), "which answer comes first"))
        lost = status == 0 or (losses > 0 and data.draw(st.booleans(), "the answer is lost"))
        if lost:
            losses -= 1 if losses else 0
            plan.process_loss(step, "lost")
        else:
            plan.process(step, status, {}, b'{"id":"d"}' if status == 201 else body, NOW)
        assert len(under_way) <= 4
    assert held.total() == size
    assert isinstance(plan.ending, (Completed, Gone))
