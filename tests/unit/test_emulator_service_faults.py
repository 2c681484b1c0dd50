"""Which fault of the script a request meets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulator.universal_print.faults import ACTIONS, Fault, Faults, fault_from_json, fault_view

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def taken(faults: Faults, operation: str = "startShareJob", path: str = "/x", *, in_batch: bool = False) -> list[str]:
    return [fault.action for fault in faults.take(operation, path, in_batch=in_batch)]


def test_operation_and_path_must_both_match() -> None:
    faults = Faults()
    fault = faults.add(Fault("dropAfter", "start*", path=r"/jobs/7/", count=None))
    assert taken(faults, "startShareJob", "/jobs/7/start") == ["dropAfter"]
    assert taken(faults, "startShareJob", "/jobs/8/start") == []
    assert taken(faults, "createShareJob", "/jobs/7/start") == []
    assert (fault.matched, fault.applied) == (1, 1)


def test_the_first_fault_goes_before_the_next_and_delays_add_up() -> None:
    faults = Faults()
    for action in ("delay", "status", "dropBefore", "delay"):
        faults.add(Fault(action))
    assert taken(faults) == ["delay", "status", "delay"]
    assert taken(faults) == ["dropBefore"]
    assert taken(faults) == []


def test_some_calls_go_well_first() -> None:
    faults = Faults()
    faults.add(Fault("status", skip=2, count=1))
    assert [taken(faults) for _ in range(4)] == [[], [], ["status"], []]


def test_a_part_of_a_batch_meets_no_fault_of_a_connection() -> None:
    faults = Faults()
    for action in ACTIONS:
        faults.add(Fault(action))  # type: ignore[arg-type] # actions all
    assert taken(faults, in_batch=True) == ["status", "delay"]
    assert taken(faults) == ["dropBefore"]


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        (Fault("status"), None),
        (Fault("status", retry_after=2.4), "2"),
        (Fault("status", retry_after=55, retry_after_as_date=True), "Fri, 02 Jan 2026 03:05:00 GMT"),
    ],
)
def test_retry_after_is_seconds_or_a_date(fault: Fault, header: str | None) -> None:
    assert fault.retry_after_header(NOW) == header


def test_the_json_form_reads_back() -> None:
    fault = Fault("status", "create*", retry_after=3, retry_after_as_date=True)
    view = {name: value for name, value in fault_view(fault).items() if name not in {"id", "matched", "applied"}}
    assert fault_view(fault_from_json(view)) == {**fault_view(fault), "id": fault_view(fault)["id"] + 1}


def test_a_fault_of_requests_and_one_of_notifications_leave_each_other_alone() -> None:
    faults = Faults()
    faults.add(Fault("dropBefore", "*"))
    faults.add(Fault("lose", "*"))
    assert [fault.action for fault in faults.take("notification", "print/taskDefinitions/1/tasks/2")] == ["lose"]
    assert [fault.action for fault in faults.take("getMe", "/v1.0/me")] == ["dropBefore"]
