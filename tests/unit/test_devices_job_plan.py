"""What a job becomes on paper."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.universal_print.devices.capabilities import DESK_RASTER, MONO_LASER, OFFICE_COLOR, PrinterModel
from emulator.universal_print.devices.job_plan import JobPlan, plan_job


def _plan(model: PrinterModel, pages: int = 5, *, color: bool = True, **configuration: Any) -> JobPlan:
    return plan_job(configuration, model.capabilities, model.defaults, pages=pages, color=color)


@pytest.mark.parametrize(
    ("configuration", "impressions", "sheets"),
    [
        ({"duplexMode": "oneSided"}, 5, 5),
        ({"duplexMode": "flipOnLongEdge"}, 5, 3),
        ({"duplexMode": "flipOnShortEdge", "copies": 2}, 10, 6),
        ({"duplexMode": "oneSided", "pagesPerSheet": 2}, 3, 3),
        ({"duplexMode": "flipOnLongEdge", "pagesPerSheet": 4, "copies": 3}, 6, 3),
        ({"duplexMode": "oneSided", "pageRanges": [{"start": 2, "end": 3}]}, 2, 2),
        ({"duplexMode": "oneSided", "pageRanges": [{"start": 4, "end": 99}, {"start": 1, "end": 4}]}, 5, 5),
        ({"duplexMode": "oneSided", "pageRanges": [{"start": 9, "end": 12}]}, 0, 0),
    ],
)
def test_sides_and_sheets_follow_the_settings(configuration: dict[str, Any], impressions: int, sheets: int) -> None:
    plan = _plan(OFFICE_COLOR, **configuration)
    assert (plan.impressions, plan.sheets, plan.warnings) == (impressions, sheets, ())


def test_a_setting_that_is_not_given_is_the_default_of_the_printer() -> None:
    assert _plan(OFFICE_COLOR).settings["duplexMode"] == "flipOnLongEdge"
    assert _plan(MONO_LASER).settings["duplexMode"] == "oneSided"


@pytest.mark.parametrize(
    ("model", "color", "mode", "expected"),
    [
        (OFFICE_COLOR, True, "color", True),
        (OFFICE_COLOR, True, "auto", True),
        (OFFICE_COLOR, False, "auto", False),
        (OFFICE_COLOR, True, "grayscale", False),
        (MONO_LASER, True, "blackAndWhite", False),
        (MONO_LASER, True, "color", False),
    ],
)
def test_colour_needs_a_colour_document_mode_and_printer(
    model: PrinterModel, color: bool, mode: str, expected: bool
) -> None:
    assert _plan(model, color=color, colorMode=mode).color is expected


def test_what_the_printer_lacks_is_replaced_and_noted() -> None:
    plan = _plan(
        DESK_RASTER,
        copies=50,
        duplexMode="flipOnLongEdge",
        finishings=["staple", "none"],
        pageRanges=[{"start": 1, "end": 1}],
        mediaSize="A3",
    )
    assert plan.copies == 20
    assert plan.sheets == plan.impressions == 100
    assert plan.settings["finishings"] == []
    assert sorted(plan.warnings) == [
        "50 copies are not offered, 20 came out",
        "duplexMode flipOnLongEdge is not offered, oneSided was used",
        "finishing staple is not offered",
        "mediaSize A3 is not offered, A4 was used",
        "page ranges are not offered, the whole document came out",
    ]
