"""The catalog is written by people and set-up programs: what is wrong in it is named, never guessed over."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import Catalog, CatalogUnreadable, Share, parse_catalog

ENTRY = {"alias": "finance", "id": "3f1c", "printerId": "9a2b"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def _catalog(*entries: Any, **top: Any) -> bytes:
    return json.dumps({"version": 1, "shares": list(entries), **top}).encode()


def _only(entry: dict[str, Any]) -> Share:
    return parse_catalog(_catalog({**ENTRY, **entry})).shares[0]


def test_a_share_is_read_with_everything_that_set_up_published() -> None:
    entry = {
        **ENTRY,
        "displayName": "Finance, 2nd floor",
        "printerName": "PR-1",
        "capabilities": {"colorModes": ["color"], "dpis": [600], "copiesPerJob": {"start": 1, "end": 99}},
        "profile": {"copies": 2},
        "paused": True,
        "accounts": ["Print1@Contoso.com"],
    }
    catalog = parse_catalog(_catalog(entry, documentConversionEnabled=True, publishedDateTime="2026-01-01T00:00:00Z"))
    assert catalog.document_conversion_enabled
    assert catalog.published == "2026-01-01T00:00:00Z"
    assert catalog.shares == (
        Share(
            alias="finance",
            id="3f1c",
            printer_id="9a2b",
            display_name="Finance, 2nd floor",
            printer_name="PR-1",
            capabilities=entry["capabilities"],  # type: ignore[arg-type]
            profile={"copies": 2},
            paused=True,
            accounts=frozenset({"print1@contoso.com"}),
        ),
    )


def test_what_is_left_out_takes_the_careful_default() -> None:
    share = _only({})
    assert (share.display_name, share.paused, share.accounts, dict(share.capabilities)) == ("finance", False, None, {})
    assert not parse_catalog(_catalog(ENTRY)).document_conversion_enabled


def test_an_empty_list_of_accounts_lets_no_account_print_rather_than_all() -> None:
    assert _only({"accounts": []}).accounts == frozenset()
    assert _only({"accounts": None}).accounts is None


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("finance", r"shares\[0\] is not an object"),
        ({**ENTRY, "alias": " "}, "has no alias"),
        ({**ENTRY, "id": 7}, "has no id"),
        ({"alias": "a", "id": "b"}, "has no printerId"),
        ({**ENTRY, "alias": "a/b"}, "alias holds a slash"),
        ({**ENTRY, "alias": "a\x07"}, "alias holds a slash, a control character"),
        ({**ENTRY, "id": "3f1c "}, "id holds .* space at an end"),
        ({**ENTRY, "printerId": "../jobs"}, "printerId holds a slash"),
        ({**ENTRY, "accounts": "print1@contoso.com"}, "accounts is not a list"),
        ({**ENTRY, "accounts": [5]}, "accounts is not a list"),
        ({**ENTRY, "paused": "true"}, "paused must be true or false"),
        ({**ENTRY, "paused": 1}, "paused must be true or false"),
        ({**ENTRY, "capabilities": []}, "capabilities is not an object"),
        ({**ENTRY, "profile": 0}, "profile is not an object"),
        ({**ENTRY, "capabilities": {"contentTypes": "application/pdf"}}, "contentTypes is not a list of texts"),
        ({**ENTRY, "capabilities": {"dpis": ["600"]}}, "dpis is not a list of whole numbers"),
        ({**ENTRY, "capabilities": {"dpis": [True]}}, "dpis is not a list of whole numbers"),
        ({**ENTRY, "capabilities": {"collation": "no"}}, "collation must be true or false"),
        ({**ENTRY, "capabilities": {"copiesPerJob": 5}}, "copiesPerJob is not an object"),
        ({**ENTRY, "capabilities": {"copiesPerJob": {"end": "99"}}}, r"copiesPerJob\.end is not a whole number"),
    ],
)
def test_what_is_wrong_with_a_share_is_named_with_its_place(entry: object, place: str) -> None:
    with pytest.raises(CatalogUnreadable, match=place):
        parse_catalog(_catalog(entry))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", 'no list "shares"'),
        (b'{"version": 1, "shares": {}}', 'no list "shares"'),
        (b'{"version": 2, "shares": []}', "has version 2"),
        (b'{"version": true, "shares": []}', "has version True"),
        (b'{"shares": []}', "has version None"),
        (b'{"version": 1, "shares": [], "documentConversionEnabled": "yes"}', "documentConversionEnabled must be"),
    ],
)
def test_a_catalog_that_cannot_be_read_says_why(content: bytes, says: str) -> None:
    with pytest.raises(CatalogUnreadable, match=says):
        parse_catalog(content)


@pytest.mark.parametrize(
    "second",
    [
        {"alias": "FINANCE", "id": "x", "printerId": "y"},
        {"alias": "other", "id": "3F1C", "printerId": "y"},
        {"alias": "3f1c", "id": "x", "printerId": "y"},
    ],
)
def test_two_shares_under_one_name_are_refused(second: dict[str, str]) -> None:
    with pytest.raises(CatalogUnreadable, match="twice"):
        parse_catalog(_catalog(ENTRY, second))


def test_a_catalog_with_a_byte_order_mark_is_read() -> None:
    assert parse_catalog(b"\xef\xbb\xbf" + _catalog(ENTRY)).find("finance") is not None


@given(JSON)
def test_any_json_is_a_catalog_or_a_named_fault(document: object) -> None:
    try:
        catalog = parse_catalog(json.dumps(document).encode())
    except CatalogUnreadable:
        return
    assert isinstance(catalog, Catalog)


@given(st.dictionaries(st.sampled_from([*ENTRY, "accounts", "capabilities", "profile", "paused"]), JSON))
def test_any_share_entry_is_a_usable_share_or_a_named_fault(entry: dict[str, Any]) -> None:
    try:
        catalog = parse_catalog(_catalog({**ENTRY, **entry}))
    except CatalogUnreadable:
        return
    share = catalog.shares[0]
    assert catalog.find(share.alias) is share
    assert catalog.find(share.id) is share


@pytest.mark.parametrize("name", ["büro", "BÜRO", unicodedata.normalize("NFD", "Büro"), "3F1C"])
def test_a_share_is_found_in_any_letter_case_and_unicode_form(name: str) -> None:
    catalog = parse_catalog(_catalog({**ENTRY, "alias": "Büro"}))
    assert catalog.find(name) is catalog.shares[0]


@given(st.text(max_size=1024))
def test_a_suggestion_names_the_shares_whatever_was_asked(name: str) -> None:
    catalog = parse_catalog(_catalog(ENTRY))
    assert catalog.suggest(name).endswith("Shares are: finance.")


def test_a_near_miss_is_suggested_first_and_a_long_list_is_cut() -> None:
    shares = [{"alias": f"floor{number:02}", "id": f"i{number}", "printerId": "p"} for number in range(25)]
    catalog = parse_catalog(_catalog(*shares))
    said = catalog.suggest("flor07")
    assert said.startswith("Did you mean floor07? ")
    assert said.endswith("floor19 and 5 more.")
    assert Catalog(()).suggest("x") == "The catalog names no share yet."
