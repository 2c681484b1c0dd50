"""What a printer does not offer is refused before anything is uploaded, with what it does offer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.capabilities import check_ticket
from shared.errors import DocumentRejected
from shared.ticket import ENUMERATIONS, Ticket

OFFICE = {
    "colorModes": ["blackAndWhite", "grayscale"],
    "isColorPrintingSupported": False,
    "duplexModes": ["flipOnLongEdge"],
    "dpis": [300, 600],
    "mediaSizes": ["North America Letter", "A4"],
    "copiesPerJob": {"start": 1, "end": 99},
    "finishings": ["none", "staple"],
    "isPageRangeSupported": False,
    "collation": False,
    "supportsFitPdfToPage": False,
    "topMargins": [0, 5000],
    "pagesPerSheet": [2, 4],
    "scalings": ["fit"],
}


def _check(capabilities: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return check_ticket(Ticket(settings, dict.fromkeys(settings, "metadata")), capabilities)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("copies", 99),
        ("colorMode", "grayscale"),
        ("duplexMode", "flipOnLongEdge"),
        ("duplexMode", "oneSided"),
        ("scaling", "none"),
        ("pagesPerSheet", 1),
        ("dpi", 600),
        ("finishings", ["staple", "none"]),
        ("collate", False),
        ("fitPdfToPage", False),
        ("margin", {"top": 5000, "left": 123}),
        ("orientation", "landscape"),
        ("quality", "high"),
    ],
)
def test_what_the_printer_offers_or_does_not_speak_of_passes(setting: str, value: object) -> None:
    assert _check(OFFICE, **{setting: value}) == {setting: value}


@pytest.mark.parametrize(
    ("setting", "value", "offered"),
    [
        ("copies", 100, "copies 100 (from metadata; it offers 1 to 99)"),
        ("colorMode", "color", "it offers blackAndWhite, grayscale"),
        ("duplexMode", "flipOnShortEdge", "it offers flipOnLongEdge"),
        ("dpi", 1200, "it offers 300, 600"),
        ("mediaSize", "A3", "it offers North America Letter, A4"),
        ("finishings", ["staple", "punch"], "finishings staple, punch (from metadata; it offers none, staple)"),
        ("pageRanges", [{"start": 1, "end": 1}], "it offers whole documents only"),
        ("collate", True, "it offers false only"),
        ("fitPdfToPage", True, "it offers false only"),
        ("margin", {"top": 1}, "it offers top 0, 5000 microns"),
        ("pagesPerSheet", 9, "it offers 2, 4"),
        ("scaling", "fill", "it offers fit"),
    ],
)
def test_what_it_does_not_offer_is_refused_with_what_it_does(setting: str, value: object, offered: str) -> None:
    with pytest.raises(DocumentRejected) as caught:
        _check(OFFICE, **{setting: value})
    assert caught.value.code == "settingNotOffered"
    assert offered in caught.value.reason


def test_color_is_refused_once_where_the_printer_lists_it_and_says_that_it_cannot() -> None:
    with pytest.raises(DocumentRejected, match="black and white only") as caught:
        _check({"colorModes": ["color", "grayscale"], "isColorPrintingSupported": False}, colorMode="color")
    assert caught.value.reason.count("colorMode") == 1
    with pytest.raises(DocumentRejected) as caught:
        _check(OFFICE, colorMode="color")
    assert caught.value.reason.count("colorMode") == 1


def test_every_refusal_is_told_at_once() -> None:
    with pytest.raises(DocumentRejected) as caught:
        _check(OFFICE, copies=500, dpi=1, mediaSize="A0")
    assert all(name in caught.value.reason for name in ("copies 500", "dpi 1", "mediaSize A0"))


def test_texts_are_sent_as_the_printer_spells_them() -> None:
    assert _check(OFFICE, mediaSize="north america letter") == {"mediaSize": "North America Letter"}


def test_an_open_ended_number_of_copies_has_no_upper_bound() -> None:
    assert _check({"copiesPerJob": {"start": 2}}, copies=10_000) == {"copies": 10_000}
    with pytest.raises(DocumentRejected, match="it offers 2 to any number"):
        _check({"copiesPerJob": {"start": 2, "end": None}}, copies=1)


def test_a_printer_without_finishers_says_so() -> None:
    with pytest.raises(DocumentRejected, match="it offers no finishing"):
        _check({"finishings": []}, finishings=["staple"])


_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from(members) for name, members in ENUMERATIONS.items()},
        "copies": st.integers(1, 200),
        "dpi": st.sampled_from([300, 600, 1200]),
        "mediaSize": st.sampled_from(["A4", "a4", "A3"]),
        "finishings": st.lists(st.sampled_from(["none", "staple", "punch"]), min_size=1),
        "collate": st.booleans(),
        "margin": st.dictionaries(st.sampled_from(["top", "left"]), st.sampled_from([0, 1]), min_size=1),
    },
)
_CAPABILITIES = st.fixed_dictionaries(
    {},
    optional={name: st.just(value) | st.none() for name, value in OFFICE.items()},
)


@given(_SETTINGS, _CAPABILITIES)
def test_a_ticket_that_passed_passes_again_as_it_was_spelt(
    settings: dict[str, Any], capabilities: dict[str, Any]
) -> None:
    try:
        configuration = _check(capabilities, **settings)
    except DocumentRejected as error:
        assert error.code == "settingNotOffered"  # noqa: PT017 - either branch is right
        return
    assert configuration.keys() == settings.keys()
    assert _check(capabilities, **configuration) == configuration
    sizes = capabilities.get("mediaSizes")
    assert not sizes or configuration.get("mediaSize", sizes[0]) in sizes
