"""A card is the same badge whichever reader types it, and no reader makes another person's badge of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.kiosk.badge_forms import MOST_FORMS, SIZES, BadgeUnreadable, forms, kept_form

READERS: dict[str, Callable[[bytes], str]] = {
    "hexadecimal": lambda card: card.hex().upper(),
    "hexadecimal in small letters": lambda card: card.hex(),
    "hexadecimal, reversed": lambda card: card[::-1].hex(),
    "hexadecimal without zeros": lambda card: f"{int.from_bytes(card):x}",
    "hexadecimal, reversed, without zeros": lambda card: f"{int.from_bytes(card, 'little'):X}",
    "hexadecimal with a mark": lambda card: f"0x{card.hex()}",
    "pairs with colons": lambda card: card.hex(":"),
    "pairs with dashes": lambda card: card.hex("-").upper(),
    "reversed pairs with spaces": lambda card: card[::-1].hex(" "),
    "decimal": lambda card: str(int.from_bytes(card)),
    "decimal with zeros": lambda card: str(int.from_bytes(card)).zfill(10),
    "decimal, reversed": lambda card: str(int.from_bytes(card, "little")),
    "decimal, reversed, with zeros": lambda card: str(int.from_bytes(card, "little")).zfill(20),
    "a keyboard with sentinels": lambda card: f";{int.from_bytes(card)}?\r\n",
    "a keyboard with a label": lambda card: f"UID: {card.hex()}\n",
}
CARDS = (
    st.sampled_from(SIZES)
    .flatmap(lambda size: st.binary(min_size=size, max_size=size))
    .filter(
        # What is left of a card without the zeros at an end must be a number that readers type in four digits.
        lambda card: min(int.from_bytes(card), int.from_bytes(card, "little")) > 0x1000 and set(card) != {0xFF}
    )
)
READER = st.sampled_from(sorted(READERS))
DIGITS = st.text("0123456789", min_size=8, max_size=8)


@given(CARDS, READER, READER)
def test_a_card_kept_by_one_reader_is_found_by_any_other(card: bytes, kept_by: str, read_by: str) -> None:
    assert kept_form(READERS[kept_by](card)) in forms(READERS[read_by](card))


@given(DIGITS, READER, READER)
def test_a_card_whose_hexadecimal_digits_look_decimal_is_found_by_any_reader(
    digits: str, kept_by: str, read_by: str
) -> None:
    card = bytes.fromhex(digits)
    if min(int.from_bytes(card), int.from_bytes(card, "little")) > 0x1000:
        assert kept_form(READERS[kept_by](card)) in forms(READERS[read_by](card))


@given(CARDS, CARDS, READER)
def test_one_reader_never_gives_two_cards_the_same_kept_form(one: bytes, other: bytes, reader: str) -> None:
    same = READERS[reader](one).lstrip(";0") == READERS[reader](other).lstrip(";0") or (
        int.from_bytes(one) == int.from_bytes(other)
    )
    swapped = int.from_bytes(one, "little") == int.from_bytes(other, "little")
    if not same and not swapped:
        assert kept_form(READERS[reader](one)) != kept_form(READERS[reader](other))


@given(st.integers(0, 255), st.integers(1, 65535), st.sampled_from(",:-/; "))
def test_facility_and_card_number_are_the_bits_that_other_readers_type(facility: int, card: int, between: str) -> None:
    number = facility << 16 | card
    # All ones, as a reader types them in hexadecimal, are a card that nobody has written.
    assume(number != 0xFFFFFF)
    printed = kept_form(f"{facility:03}{between}{card:05}")
    assert printed == kept_form(f"{facility}{between}{card}")
    if number > 999:
        assert printed == kept_form(str(number))
    if number > 0xFFF:
        assert printed in forms(f"{number:06X}")


@given(st.text(max_size=200))
def test_any_text_has_a_few_forms_or_is_refused(text: str) -> None:
    try:
        found = forms(text)
    except BadgeUnreadable:
        return
    assert 1 <= len(found) <= MOST_FORMS
    assert len(set(found)) == len(found)
    assert all(form.isascii() and len(form) < 3000 for form in found)


@given(st.text("0123456789ABCDEFabcdef:- ,;%?x", max_size=60))
def test_anything_like_a_number_has_a_few_forms_or_is_refused(text: str) -> None:
    try:
        found = forms(text)
    except BadgeUnreadable:
        return
    assert 1 <= len(found) <= MOST_FORMS


@pytest.mark.parametrize(
    "text", ["", " ", "0", "00000000", "FFFFFFFF", "12", "0,0", "0:0", "x" * 129, "UID:", "é", "%?"]
)
def test_what_no_card_has_is_refused(text: str) -> None:
    with pytest.raises(BadgeUnreadable):
        forms(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EMP-00012", "emp-00012 "),
        ("".join(chr(0xFF10 + int(digit)) for digit in "12345678"), "12345678"),
        ("\x0204A2B3C4\x03", "04a2b3c4"),
        ("4000:1234567", "4000,01234567"),
        ("04A2 B3C4", "04:A2:B3:C4"),
        ("4A2B3C4h", "0x04A2B3C4"),
    ],
)
def test_the_same_badge_typed_otherwise_is_kept_the_same(one: str, other: str) -> None:
    assert kept_form(one) == kept_form(other)


def test_texts_that_differ_are_different_badges() -> None:
    texts = ["EMP-00012", "EMP-0012", "EMP00012", "A-1/2", "A-12", "4000:1234567", "4000:1234568"]
    assert len({form for text in texts for form in forms(text)}) == len(texts)
