"""The dateTime syntax as octets and as text (RFC 2579 DateAndTime, RFC 8011 5.1.15)."""

from __future__ import annotations

import re
import struct

from shared.ipp.values import DateTime

# Field, smallest, largest (RFC 2579; 60 is a leap second, 14 hours the easternmost zone).
_LIMITS = (
    ("year", 0, 65535),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 60),
    ("decisecond", 0, 9),
    ("utc_hours", 0, 14),
    ("utc_minutes", 0, 59),
)
_TEXT = re.compile(r"(\d{4,5})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d))?(?:(Z)|([+-])(\d\d):(\d\d))", re.ASCII)


def datetime_from_octets(octets: bytes) -> DateTime:
    """The value of 11 octets. Raises ValueError with a sentence."""
    *whole, direction, hours, minutes = struct.unpack(">HBBBBBBcBB", octets)
    year, month, day, hour, minute, second, decisecond = whole
    sign = direction.decode("latin-1")
    return _checked(DateTime(year, month, day, hour, minute, second, decisecond, sign, hours, minutes))


def datetime_to_octets(value: DateTime) -> bytes:
    """Its 11 octets. Raises ValueError with a sentence."""
    _checked(value)
    return struct.pack(
        ">HBBBBBBcBB",
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.decisecond,
        value.direction.encode(),
        value.utc_hours,
        value.utc_minutes,
    )


def datetime_to_text(value: DateTime) -> str:
    """As in `2026-11-21T02:38:51.0+00:00`."""
    zone = f"{value.direction}{value.utc_hours:02}:{value.utc_minutes:02}"
    day = f"{value.year:04}-{value.month:02}-{value.day:02}"
    return f"{day}T{value.hour:02}:{value.minute:02}:{value.second:02}.{value.decisecond}{zone}"


def datetime_from_text(text: str) -> DateTime:
    """The value of ISO 8601 text with a zone; the tenth of a second may be left out. Raises ValueError."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time as in 2026-11-21T02:38:51.0+00:00")
    *whole, tenth, zulu, direction, hours, minutes = found.groups()
    year, month, day, hour, minute, second = map(int, whole)
    zone = ("+", 0, 0) if zulu else (direction, int(hours), int(minutes))
    return _checked(DateTime(year, month, day, hour, minute, second, int(tenth or 0), *zone))


def _checked(value: DateTime) -> DateTime:
    for name, smallest, largest in _LIMITS:
        number = getattr(value, name)
        if not smallest <= number <= largest:
            raise ValueError(f"the {name.replace('_', ' ')} of a dateTime is {number}, not {smallest} to {largest}")
    if value.direction not in ("+", "-"):
        raise ValueError("a dateTime names its direction from UTC by neither + nor -")
    return value
