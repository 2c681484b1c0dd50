"""A print task becomes a held job, or what the policy says; it is never lost and never printed unasked."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import GraphDenied, GraphThrottled, GraphUnavailable
from shared.graph.task_client import PrinterStatus
from shared.held.entry import HeldState
from shared.held.releasing import ReleaseCode, release
from shared.names import job_owner_path, submission_path
from shared.submission.record import Document, Job, Record, State, encode_record
from shared.tasks.record import TaskState
from tests.support.task_graph import ANNA, BEN
from tests.support.task_world import LASER, OFFICE, VIRTUAL, TaskWorld, task_world


@pytest.fixture
def world() -> TaskWorld:
    return task_world()


def rules(world: TaskWorld, *entries: dict[str, Any]) -> None:
    world.catalog["policies"] = list(entries)


async def alerts(world: TaskWorld) -> dict[str, str]:
    reconciled = await world.reconcile()
    assert reconciled is not None
    return dict(reconciled.alerts)


async def test_a_job_is_held_for_the_person_who_printed_it(world: TaskWorld) -> None:
    entry = await world.hold(configuration={"copies": 2, "colorMode": "color"})

    assert (entry.user_id, entry.user_principal_name, entry.printer_id) == (ANNA.id, ANNA.user_principal_name, VIRTUAL)
    ((view, _),) = await world.services.entries.list_of(ANNA.id)
    assert (view.document_name, view.copies, view.color_mode, view.state) == ("letter.pdf", 2, "color", HeldState.HELD)
    assert world.graph.on_paper() == []
    assert await alerts(world) == {}


async def test_the_same_task_again_changes_nothing(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL)
    for _ in range(3):
        await world.notify(task.id)
    await world.settle()
    before = dict(world.state.documents)
    await world.notify(task.id)
    await world.settle()

    assert len(await world.entries()) == 1
    assert world.state.documents == before


async def test_a_task_that_the_service_never_shows_is_believed_gone_in_minutes_without_an_alert(
    world: TaskWorld,
) -> None:
    await world.notify("0c9e7f0e-6a2d-4f44-9a55-3f2f6c1f4d7b")
    await world.settle()

    loaded = await world.services.tasks.load("0c9e7f0e-6a2d-4f44-9a55-3f2f6c1f4d7b")
    assert loaded is not None
    assert (loaded[0].state, loaded[0].outcome) == (TaskState.DONE, "gone")
    assert 1 < loaded[0].attempts <= world.services.bounds.task_attempts
    assert await alerts(world) == {}
    assert world.events.next_due is None


async def test_a_task_that_is_over_is_left_alone(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL)
    world.graph.set_state(VIRTUAL, str(task.job_id), "canceled")
    await world.notify(task.id)
    await world.settle()

    assert await world.entries() == []


async def drop(world: TaskWorld, task: Any, owner: str | None) -> None:
    """What the drop writes about a job that it made."""
    record = Record(
        key="0" * 32,
        document=Document("print-inbox", "pull/a.pdf", "1", 10, "2026-03-02T08:00:00.000Z"),
        accepted="2026-03-02T08:00:00.000Z",
        state=State.STARTED,
        job=Job("print1@contoso.example", "5" * 8, VIRTUAL, "Follow me", "application/pdf", {}, {}, owner=owner),
    )
    await world.state.create(job_owner_path("5" * 8, task.job_id), b'{"submission":"' + b"0" * 32 + b'"}')
    await world.state.create(submission_path("0" * 32), encode_record(record))


async def test_a_dropped_document_is_held_for_its_owner(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL, ANNA)
    await drop(world, task, BEN.user_principal_name)
    await world.notify(task.id)
    await world.settle()

    (entry,) = await world.entries()
    assert (entry.user_id, entry.owner_of, entry.submission) == (BEN.id, ANNA.user_principal_name, "0" * 32)


async def test_an_owner_whom_nobody_knows_is_told_and_the_creator_holds_it(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL, ANNA)
    await drop(world, task, "nobody@contoso.example")
    await world.notify(task.id)
    await world.settle()

    (entry,) = await world.entries()
    assert entry.user_id == ANNA.id
    assert "nobody@contoso.example" in (await alerts(world))["print-task:ownerUnknown"]


async def test_settings_are_changed_before_the_job_is_held(world: TaskWorld) -> None:
    rules(
        world,
        {"name": "two sides", "action": {"do": "configure", "configuration": {"duplexMode": "flipOnLongEdge"}}},
        {"name": "few", "action": {"do": "configure", "maxCopies": 5}},
    )
    entry = await world.hold(configuration={"copies": 50, "colorMode": "color"})

    wanted = {"copies": 5, "colorMode": "color", "duplexMode": "flipOnLongEdge"}
    assert world.graph.jobs[VIRTUAL, entry.job_id].configuration == wanted
    assert entry.configuration == wanted


async def test_an_aborted_job_is_told_to_its_owner_and_cannot_be_collected(world: TaskWorld) -> None:
    rules(world, {"name": "none", "action": {"do": "abort", "reason": "Colour needs approval."}})
    await world.notify(world.graph.printed(VIRTUAL).id)
    await world.settle()

    (entry,) = await world.entries()
    assert entry.state is HeldState.FAILED
    assert entry.outcome is not None
    assert entry.outcome.reason == "Colour needs approval."
    assert world.graph.reasons == ["Colour needs approval."]
    answer = await release(
        entry.path, None, to_printer=OFFICE, kiosk_id="k", by="a", changes={}, services=world.services
    )
    assert answer.code is ReleaseCode.ALREADY_GONE
    assert [(row["outcome"], row["reason"]) for row in world.rows] == [("aborted", "Colour needs approval.")]
    assert {task.state for task in world.graph.tasks.values()} == {"completed"}


async def test_a_redirect_goes_to_the_first_printer_that_is_ready(world: TaskWorld) -> None:
    rules(world, {"name": "floor", "action": {"do": "redirect", "group": "Floor 1"}})
    world.graph.printers[LASER] = PrinterStatus(LASER, "Laser", "stopped", accepting=True)
    await world.notify(world.graph.printed(VIRTUAL).id)
    await world.settle(within=1)

    (job,) = world.graph.on_paper()[1:]
    assert job.printer_id == OFFICE
    world.graph.set_state(OFFICE, job.id, "completed")
    await world.settle()
    assert await world.entries() == []
    assert [(row["outcome"], row["printerId"], row["kiosk"]) for row in world.rows] == [("completed", OFFICE, None)]


async def test_a_redirect_without_a_ready_printer_holds_and_tells(world: TaskWorld) -> None:
    rules(world, {"name": "office", "action": {"do": "redirect", "printer": OFFICE}})
    world.graph.printers[OFFICE] = PrinterStatus(OFFICE, "Office colour", "idle", accepting=False)
    entry = await world.hold()

    assert entry.state is HeldState.HELD
    assert "print-task:noPrinterReady" in await alerts(world)


async def test_a_release_lets_a_real_printer_go_on(world: TaskWorld) -> None:
    rules(world, {"name": "go", "action": {"do": "release"}})
    task = world.graph.printed(OFFICE)
    await world.notify(task.id)
    await world.settle()

    assert world.graph.jobs[OFFICE, str(task.job_id)].state == "processing"
    assert await world.entries() == []


async def test_a_release_on_a_virtual_printer_holds_and_tells(world: TaskWorld) -> None:
    rules(world, {"name": "go", "action": {"do": "release"}})
    entry = await world.hold()

    assert entry.state is HeldState.HELD
    assert "print-task:nothingPrints" in await alerts(world)


@pytest.mark.parametrize(
    "policies",
    [{"a": 1}, [1], [{"name": "x", "action": {"do": "release", "printer": "gone"}}], [{"name": "x", "action": None}]],
)
async def test_rules_that_cannot_be_used_hold_the_job_and_tell(world: TaskWorld, policies: Any) -> None:
    world.catalog["policies"] = policies
    entry = await world.hold()

    assert entry.state is HeldState.HELD
    assert "print-task:policiesUnreadable" in await alerts(world)
    assert world.graph.on_paper() == []


async def test_a_group_that_may_not_be_read_holds_the_job_and_tells(world: TaskWorld) -> None:
    rules(world, {"name": "staff", "when": {"groups": ["g1"]}, "action": {"do": "redirect", "printer": OFFICE}})
    world.graph.faults["member_of"] = [(GraphDenied("member of", 403, "accessDenied", "no"), False)]
    entry = await world.hold()

    assert entry.state is HeldState.HELD
    assert "print-task:policyFailed" in await alerts(world)


async def test_an_abort_that_graph_refuses_holds_the_job_and_tells(world: TaskWorld) -> None:
    rules(world, {"name": "no", "action": {"do": "abort", "reason": "No."}})
    world.graph.faults["abort"] = [(GraphDenied("abort", 403, "accessDenied", "no"), False)]
    entry = await world.hold()

    loaded = await world.services.tasks.load(entry.task_id)
    assert loaded is not None
    assert loaded[0].outcome == "held"
    assert list(await alerts(world)) == ["print-task:abortRefused"]
    assert world.graph.on_paper() == []


async def test_members_of_a_group_are_matched(world: TaskWorld) -> None:
    rules(world, {"name": "staff", "when": {"groups": ["G1"]}, "action": {"do": "redirect", "printer": OFFICE}})
    world.graph.groups["g1"] = {BEN.id}
    entry = await world.hold(ANNA)
    await world.notify(world.graph.printed(VIRTUAL, BEN).id)
    await world.settle(within=1)

    assert entry.state is HeldState.HELD
    assert [job.printer_id for job in world.graph.on_paper() if job.printer_id != VIRTUAL] == [OFFICE]


async def test_graph_is_not_asked_for_groups_that_no_rule_names(world: TaskWorld) -> None:
    rules(world, {"name": "a", "when": {"users": ["x@y.example"]}, "action": {"do": "hold"}})
    await world.hold()

    assert "member_of" not in world.graph.calls


async def test_a_refused_change_holds_the_job_and_tells(world: TaskWorld) -> None:
    rules(
        world,
        {"name": "grey", "action": {"do": "configure", "configuration": {"colorMode": "grayscale"}}},
        {"name": "go", "action": {"do": "redirect", "printer": OFFICE}},
    )
    world.graph.faults["patch_configuration"] = [(GraphDenied("patch", 403, "accessDenied", "no"), False)]
    entry = await world.hold()

    assert entry.state is HeldState.HELD
    assert "print-task:changeRefused" in await alerts(world)
    assert world.graph.on_paper() == []


@pytest.mark.parametrize("operation", ["get_task", "get_job", "member_of", "patch_configuration"])
@pytest.mark.parametrize("error", [GraphThrottled, GraphUnavailable])
async def test_trouble_that_passes_is_waited_for(world: TaskWorld, operation: str, error: Any) -> None:
    rules(
        world,
        {
            "name": "grey",
            "when": {"groups": ["g1"]},
            "action": {"do": "configure", "configuration": {"colorMode": "grayscale"}},
        },
    )
    world.graph.groups["g1"] = {ANNA.id}
    world.graph.faults[operation] = [(error(operation, 503, "x", "y"), False) for _ in range(3)]
    await world.notify(world.graph.printed(VIRTUAL).id)
    await world.settle()

    (entry,) = await world.entries()
    assert entry.configuration["colorMode"] == "grayscale"
    assert await alerts(world) == {}


async def test_trouble_that_lasts_holds_the_job_and_tells(world: TaskWorld) -> None:
    rules(world, {"name": "grey", "action": {"do": "configure", "configuration": {"colorMode": "grayscale"}}})
    world.graph.faults["patch_configuration"] = [(GraphUnavailable("p", 503, "x", "y"), False)] * 50
    await world.notify(world.graph.printed(VIRTUAL).id)
    await world.settle(within=2 * 3600)

    (entry,) = await world.entries()
    assert entry.state is HeldState.HELD
    assert "print-task:policyFailed" in await alerts(world)


async def test_a_job_that_names_nobody_is_held_for_an_operator(world: TaskWorld) -> None:
    entry = await world.hold(None)

    assert entry.user_id == "unknown"
    assert "print-task:creatorUnknown" in await alerts(world)
