"""The check of answers against Microsoft's schema."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.universal_print.csdl.schema import UnknownTypeError, graph_schema

STATUS = {"state": "pending", "details": [], "description": "", "isAcquiredByPrinter": False}
JOB: dict[str, Any] = {
    "id": "1",
    "createdDateTime": "2026-01-02T03:04:05Z",
    "status": STATUS,
    "configuration": {"copies": 2, "pageRanges": [{"start": 1, "end": 3}]},
    "isFetchable": False,
}


def test_a_whole_job_is_right() -> None:
    annotated = {"@odata.context": "x", "documents@odata.context": "y", **JOB, "documents": [{"id": "d", "size": 0}]}
    assert graph_schema().check(annotated, "printJob") == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"releaseMechanisms": []}, "printJob has no property releaseMechanisms"),
        ({"nowhere@odata.context": "x"}, "printJob has no property nowhere@odata.context"),
        ({"status": {**STATUS, "state": "done"}}, "printJob.status.state is not a printJobProcessingState: 'done'"),
        ({"status": {**STATUS, "details": ["unknownFutureValue"]}}, "details[0] is not a printJobStateDetail"),
        ({"status": None}, "printJob.status must not be null"),
        ({"isFetchable": "no"}, "printJob.isFetchable is not Edm.Boolean: 'no'"),
        ({"createdDateTime": "yesterday"}, "printJob.createdDateTime is not Edm.DateTimeOffset"),
        ({"errorCode": True}, "printJob.errorCode is not Edm.Int32: True"),
        ({"errorCode": 2**31}, "printJob.errorCode is not Edm.Int32"),
        ({"configuration": {"finishings": "staple"}}, "printJob.configuration.finishings is not a collection"),
        ({"configuration": {"margin": {"top": 1.5}}}, "printJob.configuration.margin.top is not Edm.Int32"),
        ({"documents": [{"id": "d", "size": 1, "name": "x"}]}, "printJob.documents[0] has no property name"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], complaint: str) -> None:
    complaints = graph_schema().check({**JOB, **change}, "printJob")
    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_a_missing_property_counts_unless_a_part_was_asked_for() -> None:
    partial = {name: value for name, value in JOB.items() if name != "status"}
    assert graph_schema().check(partial, "printJob") == ["printJob.status is missing"]
    assert graph_schema().check(partial, "printJob", complete=False) == []


def test_an_open_type_takes_more_and_a_derived_one_brings_its_own() -> None:
    user = {"id": "u", "displayName": "Anna", "userPrincipalName": "a@b", "somethingElse": 1}
    assert graph_schema().check({**JOB, "createdBy": user}, "printJob") == []
    operation = {
        "@odata.type": "#microsoft.graph.printerCreateOperation",
        "id": "o",
        "createdDateTime": "2026-01-02T03:04:05Z",
        "status": {"state": "succeeded", "description": ""},
        "certificate": "c",
    }
    assert graph_schema().check(operation, "printOperation") == []
    assert graph_schema().check({**operation, "@odata.type": "#microsoft.graph.printOperation"}, "printOperation")


def test_a_type_that_the_schema_lacks_is_an_error() -> None:
    with pytest.raises(UnknownTypeError):
        graph_schema().type_of("printMediaType")
