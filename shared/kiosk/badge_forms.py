"""One card, many readers: what the text that a badge reader gives may be, in canonical forms. Pure.

A card's number is bytes. One reader types them in hexadecimal, another as one decimal number, some with the bytes in
reverse, with or without leading zeros. What a reader gave is kept as one form, `forms(reading)[0]`; a later reading is
looked up under each of `forms(reading)`, a few, among which is the kept form of the same card whichever reader it was.
`docs/kiosk.md` argues why.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from shared.errors import PrintFunctionsError

LONGEST_READING = 128
# Sizes of card numbers in bytes: ISO 14443 (4, 7, 10), EM4100 (5), ISO 15693 and FeliCa (8).
SIZES = (4, 5, 7, 8, 10)
# A reading has this many forms at most.
MOST_FORMS = 40
_FEWEST_DIGITS = 4
_MOST_HEX_DIGITS = 32
_MOST_DECIMAL_DIGITS = 39

# What readers that type can be set to put before a number. None of these words is hexadecimal.
_LABEL = re.compile(r"(?:UID|CSN|CARD|BADGE|RFID|NFC|TAG|ID|SN|NO)(?:[ :=#.-]+(?=\S)|(?=[0-9]))")
# Track sentinels of magnetic stripes, and what people put round a number.
_ROUND = " \t\r\n;%?~#*'\"[](){}<>"
_HEX = re.compile(r"[0-9A-F]+")
_HEX_GROUPS = re.compile(r"[0-9A-F]{2}(?:([:\-. ])[0-9A-F]{2})(?:\1[0-9A-F]{2})+|[0-9A-F]{4}(?:([:\-. ])[0-9A-F]{4})+")
_FACILITY = re.compile(r"([0-9]{1,10})[ ]?[:,/;. \-][ ]?([0-9]{1,10})")
_TEXT = re.compile(r"[0-9A-Z](?:[0-9A-Z_./:+ \-]*[0-9A-Z])?")


class BadgeUnreadable(PrintFunctionsError):
    """The text is no reading of a badge."""


def forms(reading: str) -> tuple[str, ...]:
    """The canonical forms of a reading, the one to keep first; at most MOST_FORMS. Raises BadgeUnreadable."""
    text = _cleaned(reading)
    facility = _FACILITY.fullmatch(text)
    if facility is not None:
        return _facility_forms(int(facility[1]), int(facility[2]))
    digits = re.sub(r"[:\-. ]", "", text) if _HEX_GROUPS.fullmatch(text) else text
    digits = _without_mark(digits)
    if _HEX.fullmatch(digits):
        found = dict.fromkeys(_number_forms(digits, hexadecimal=digits != text))
        if not found:
            raise BadgeUnreadable("This is no badge number.")
        return tuple(found)
    if _TEXT.fullmatch(text) and len(text) >= _FEWEST_DIGITS:
        return (f"t:{re.sub(r'[ ]+', ' ', text)}",)
    raise BadgeUnreadable("This is no badge number.")


def kept_form(reading: str) -> str:
    """The form under which the reading is kept. Raises BadgeUnreadable."""
    return forms(reading)[0]


def _cleaned(reading: str) -> str:
    if len(reading) > LONGEST_READING:
        raise BadgeUnreadable("This is too long for a badge number.")
    # Full-width digits, as some input methods type them, are the same digits.
    text = unicodedata.normalize("NFKC", reading)
    text = "".join(" " if character.isspace() else character for character in text if _is_typed(character))
    text = text.strip(_ROUND).upper()
    return text[label.end() :].strip(_ROUND) if (label := _LABEL.match(text)) else text


def _is_typed(character: str) -> bool:
    return character.isspace() or not unicodedata.category(character).startswith("C")


def _without_mark(digits: str) -> str:
    """Without what marks a number as hexadecimal."""
    if digits.startswith("0X"):
        return digits[2:]
    return digits[:-1] if digits.endswith("H") and _HEX.fullmatch(digits[:-1]) else digits


def _facility_forms(facility: int, card: int) -> tuple[str, ...]:
    if facility == 0 and card == 0:
        raise BadgeUnreadable("This is no badge number.")
    if facility <= 0xFF and card <= 0xFFFF:
        # The 24 bits of a Wiegand card: other readers type the same bits as one number.
        return tuple(dict.fromkeys(_spread(facility << 16 | card, (3,))))
    return (f"f:{facility}:{card}",)


def _number_forms(digits: str, *, hexadecimal: bool) -> Iterator[str]:
    """The forms of digits that are hexadecimal, decimal, or either."""
    if len(digits) < _FEWEST_DIGITS or set(digits) in ({"0"}, {"F"}):
        return
    decimal = digits.isdecimal() and len(digits) <= _MOST_DECIMAL_DIGITS
    if decimal:
        # Kept as decimal also where it was meant as hexadecimal: the reading does not tell.
        number = int(digits)
        yield _named(number)
        if not hexadecimal:
            yield from _spread(number, _sizes(number))
    if len(digits) > _MOST_HEX_DIGITS:
        return
    number = int(digits, 16)
    size, odd = divmod(len(digits), 2)
    # With a zero in front all the digits are there; else zeros may have been left out.
    yield from _spread(number, (size,) if digits[0] == "0" and not odd and size in SIZES else _sizes(number))


def _spread(number: int, sizes: tuple[int, ...]) -> Iterator[str]:
    """The number, it with its bytes reversed, and what either is kept as when a hexadecimal reader gives it."""
    orders = [number, *(int.from_bytes(number.to_bytes(size), "little") for size in sizes)]
    for each in dict.fromkeys(orders):
        yield _named(each)
        digits = f"{each:X}"
        if digits.isdecimal():
            yield _named(int(digits))


def _sizes(number: int) -> tuple[int, ...]:
    fewest = max(1, (number.bit_length() + 7) // 8)
    return tuple(sorted({fewest, *(size for size in SIZES if size >= fewest)}))


def _named(number: int) -> str:
    return f"n:{number:x}"
