"""What a kiosk sends, checked to the letter: bounded, only known members, each of its kind. Pure."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from shared.bounds import Bounds
from shared.errors import KioskRefused
from shared.kiosk.badge_forms import LONGEST_READING
from shared.names import held_prefix

LONGEST_NAME = 256
LONGEST_PIN = 64
MOST_COPIES = 99_999
# Notices of one answer; when these were shown, the next ones come.
MOST_NOTICES = 20
NOTICE_ID_DIGITS = 16
_SEGMENT = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}")
_MODE = re.compile(r"[A-Za-z]{1,40}")
_USER_NAME = re.compile(r"[^\s@/\\?#%\x00-\x1f]+@[^\s@/\\?#%\x00-\x1f]+")
_LONGEST_ID = 700
_NOTICE = f"[0-9a-f]{{{NOTICE_ID_DIGITS}}}"
_SEEN = re.compile(rf"{_NOTICE}(?:,{_NOTICE}){{0,{MOST_NOTICES - 1}}}")


@dataclass(frozen=True, slots=True)
class BadgeShown:
    """What the badge reader gave."""

    reading: str


@dataclass(frozen=True, slots=True)
class PinTyped:
    """A user name in lower case and a PIN, neither of them known to be right."""

    user_principal_name: str
    pin: str


@dataclass(frozen=True, slots=True)
class JobWanted:
    """A job that is to be released or discarded, by where it lies: whose it is, at which printer, which job.

    `changes` are properties of Graph's printJobConfiguration that the person chose.
    """

    user_id: str
    printer_id: str
    job_id: str
    changes: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Where the held entry lies, if there is one."""
        return f"{held_prefix(self.user_id)}{self.printer_id}/{self.job_id}"


def job_id(path: str) -> str:
    """The opaque id of the held entry at `path`, for addresses and bodies."""
    return urlsafe_b64encode(path.removeprefix("held/").encode()).decode().rstrip("=")


def read_seen(text: str | None) -> frozenset[str]:
    """The parameter `seen`: ids of notices that were shown, with commas. Raises KioskRefused (`badRequest`)."""
    if text is None:
        return frozenset()
    if not _SEEN.fullmatch(text):
        raise _bad(f"seen must be up to {MOST_NOTICES} ids of notices, with commas between them")
    return frozenset(text.split(","))


def read_tap(body: bytes, bounds: Bounds) -> BadgeShown | PinTyped:
    """The body of a session request. Raises KioskRefused (`badRequest`, `tooLarge`)."""
    values = _read(body, {"badge", "userName", "pin"}, bounds)
    if "badge" in values:
        if len(values) > 1:
            raise _bad("send either badge, or userName and pin")
        return BadgeShown(_text(values, "badge", LONGEST_READING))
    user_name = _text(values, "userName", LONGEST_NAME).strip().lower()
    if not _USER_NAME.fullmatch(user_name):
        raise _bad("userName is no user name")
    return PinTyped(user_name, _text(values, "pin", LONGEST_PIN))


def read_jobs(body: bytes, bounds: Bounds, *, with_changes: bool) -> tuple[JobWanted, ...]:
    """The body of a redirect or discard request. Raises KioskRefused (`badRequest`, `tooLarge`)."""
    values = _read(body, {"jobs"}, bounds)
    entries = values.get("jobs")
    if not isinstance(entries, list) or not 1 <= len(entries) <= bounds.kiosk_jobs_per_request:
        raise _bad(f"jobs must be a list of 1 to {bounds.kiosk_jobs_per_request} jobs")
    allowed = {"id", "copies", "colorMode", "duplexMode"} if with_changes else {"id"}
    wanted = tuple(_job(entry, f"jobs[{index}]", allowed) for index, entry in enumerate(entries))
    if len({job.path for job in wanted}) < len(wanted):
        raise _bad("jobs names a job twice")
    return wanted


def _job(entry: object, place: str, allowed: Collection[str]) -> JobWanted:
    if not isinstance(entry, dict):
        raise _bad(f"{place} is no object")
    _check_members(entry, allowed, f"{place}.")
    changes = {name: value for name, value in entry.items() if name != "id" and value is not None}
    copies = changes.get("copies", 1)
    if type(copies) is not int or not 1 <= copies <= MOST_COPIES:
        raise _bad(f"{place}.copies must be a whole number from 1")
    for name in ("colorMode", "duplexMode"):
        if not isinstance(changes.get(name, "auto"), str) or not _MODE.fullmatch(changes.get(name, "auto")):
            raise _bad(f"{place}.{name} must be a word")
    parts = _segments(entry.get("id"))
    if parts is None:
        raise _bad(f"{place}.id is no id of a job")
    return JobWanted(*parts, changes=changes)


def _segments(value: object) -> tuple[str, str, str] | None:
    if not isinstance(value, str) or len(value) > _LONGEST_ID:
        return None
    try:
        path = urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    parts = path.split("/")
    if len(parts) != 3 or not all(_SEGMENT.fullmatch(part) for part in parts):
        return None
    # One id for one job: base64 has several spellings of the same bytes.
    return (parts[0], parts[1], parts[2]) if job_id(path) == value else None


def _read(body: bytes, allowed: Collection[str], bounds: Bounds) -> Mapping[str, Any]:
    if len(body) > bounds.kiosk_body_bytes:
        raise KioskRefused("tooLarge", f"The request is larger than {bounds.kiosk_body_bytes} bytes.")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise _bad("the body is no JSON") from None
    if not isinstance(values, dict):
        raise _bad("the body is no object")
    _check_members(values, allowed, "")
    return values


def _check_members(values: Mapping[str, Any], allowed: Collection[str], place: str) -> None:
    others = sorted(name for name in values if name not in allowed)
    if others:
        shown = ascii(others[0][:40]).strip("'\"")
        raise _bad(f"{place}{shown} is not known here")


def _text(values: Mapping[str, Any], name: str, longest: int) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise _bad(f"{name} must be a text of 1 to {longest} characters")
    return value


def _bad(what: str) -> KioskRefused:
    return KioskRefused("badRequest", f"The kiosk sent something wrong: {what}.")
