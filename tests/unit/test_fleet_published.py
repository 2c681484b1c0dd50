"""A published catalog with a fault in it: what the functions still read of it still counts for a plan and for init."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fleet.catalog_document import readable_part

PUBLISHED: dict[str, Any] = {
    "version": 1,
    "taskDefinitionId": "11111111-1111-4111-8111-111111111111",
    "printers": [{"id": "p1", "displayName": "Laser"}],
    "printerGroups": [{"name": "floor", "printerIds": ["p1"]}],
    "shares": [
        {"alias": "hall", "id": "s1", "printerId": "p1", "profile": {"copies": 2}},
        {"alias": "roof", "id": "s2", "printerId": "p1"},
    ],
    "policies": [{"name": "all", "action": {"do": "hold"}}],
    "costCenters": [{"name": "Office", "users": ["anna@contoso.example"]}],
}


def test_a_catalog_without_a_fault_counts_as_it_is() -> None:
    assert readable_part(PUBLISHED) == PUBLISHED


@pytest.mark.parametrize(
    ("fault", "left_out"),
    [
        ({"policies": [{}]}, {"policies", "printerGroups"}),
        ({"printerGroups": [{"name": 1}]}, {"policies", "printerGroups"}),
        ({"costCenters": 7}, {"costCenters"}),
        ({"delegates": 7}, {"delegates"}),
        ({"priceList": 7}, {"priceList"}),
        ({"licencePool": "x"}, {"licencePool"}),
    ],
)
def test_a_broken_section_is_left_out_and_no_other(fault: dict[str, Any], left_out: set[str]) -> None:
    part = readable_part({**PUBLISHED, **fault})
    assert part == {name: value for name, value in PUBLISHED.items() if name not in left_out}


def test_a_profile_that_nobody_can_use_does_not_cost_the_share() -> None:
    hall, roof = PUBLISHED["shares"]
    part = readable_part({**PUBLISHED, "shares": [{**hall, "profile": {"colorMode": "pink"}}, roof]})
    assert part["shares"] == [{"alias": "hall", "id": "s1", "printerId": "p1"}, roof]


@pytest.mark.parametrize("document", [None, [], {}, {"version": 2, "shares": []}, {"version": 1, "shares": [1]}])
def test_nothing_counts_of_what_the_functions_cannot_read_at_all(document: object) -> None:
    assert readable_part(document) == {}
