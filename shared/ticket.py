"""The job ticket: how a document is printed, gathered from metadata, sidecar, folder and profile.

Every setting is a property of Graph's printJobConfiguration under its own name. Metadata names arrive in lower case,
so names are compared without letter case everywhere.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import DocumentRejected

# Graph: printJobConfiguration and its enumerations (CSDL v1.0).
ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "colorMode": ("blackAndWhite", "grayscale", "color", "auto"),
    "duplexMode": ("flipOnLongEdge", "flipOnShortEdge", "oneSided"),
    "feedOrientation": ("longEdgeFirst", "shortEdgeFirst"),
    "orientation": ("portrait", "landscape", "reverseLandscape", "reversePortrait"),
    "quality": ("low", "medium", "high"),
    "scaling": ("auto", "shrinkToFit", "fill", "fit", "none"),
    "multipageLayout": (
        "clockwiseFromTopLeft",
        "counterclockwiseFromTopLeft",
        "counterclockwiseFromTopRight",
        "clockwiseFromTopRight",
        "counterclockwiseFromBottomLeft",
        "clockwiseFromBottomLeft",
        "counterclockwiseFromBottomRight",
        "clockwiseFromBottomRight",
    ),
}
_EDGES = ("Left", "Top", "Right", "Bottom")
_CORNERS = ("TopLeft", "BottomLeft", "TopRight", "BottomRight")
FINISHINGS: tuple[str, ...] = (
    *("none", "staple", "punch", "cover", "bind", "saddleStitch", "stitchEdge"),
    *(f"staple{corner}" for corner in _CORNERS),
    *("stitchLeftEdge", "stitchTopEdge", "stitchRightEdge", "stitchBottomEdge"),
    *(f"stapleDual{edge}" for edge in _EDGES),
    *(f"stapleTriple{edge}" for edge in _EDGES),
    *(f"bind{edge}" for edge in _EDGES),
    *("foldAccordion", "foldDoubleGate", "foldGate", "foldHalf", "foldHalfZ", "foldLeftGate", "foldLetter"),
    *("foldParallel", "foldPoster", "foldRightGate", "foldZ", "foldEngineeringZ"),
    *(f"punch{corner}" for corner in _CORNERS),
    *(f"punch{count}{edge}" for count in ("Dual", "Triple", "Quad") for edge in _EDGES),
    *("fold", "trim", "bale", "bookletMaker", "coat", "laminate"),
    *("trimAfterPages", "trimAfterDocuments", "trimAfterCopies", "trimAfterJob"),
)
_MARGIN_SIDES = ("top", "bottom", "left", "right")
OWNER = "owner"
# What a person is shown of a value that is wrong, and how many wrong ones.
_SHOWN_CHARACTERS = 60
_SHOWN_PROBLEMS = 20
# A user principal name: a name and a domain (Graph: user).
_USER_NAME = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings came from, in words (`metadata`, `folder reports/_print.json` …), and the settings as found.

    `strict` sources are written for printing alone, so a name that is not a setting is a mistake; metadata also
    carries what other programs left there.
    """

    name: str
    settings: Mapping[str, Any]
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Ticket:
    """The settings in force, where each came from, and who collects the document when it is somebody else."""

    configuration: Mapping[str, Any]
    origins: Mapping[str, str]
    owner: str | None = None


def read_settings(content: bytes, name: str) -> Mapping[str, Any]:
    """The settings in a sidecar or folder ticket. Raises DocumentRejected (`ticketUnreadable`) when it is no object."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DocumentRejected(
            "ticketUnreadable", f"{name} is not JSON ({error}). Correct it, or remove it to print with the defaults."
        ) from error
    if not isinstance(document, dict):
        raise DocumentRejected("ticketUnreadable", f'{name} must hold an object such as {{"copies": 2}}.')
    return document


def make_ticket(sources: Sequence[Source]) -> Ticket:
    """Merge `sources`, the strongest first. Raises DocumentRejected (`settingInvalid`) naming every fault at once."""
    configuration: dict[str, Any] = {}
    origins: dict[str, str] = {}
    owner: str | None = None
    problems: list[str] = []
    for source in sources:
        given: set[str] = set()
        for name, value in source.settings.items():
            known = _KNOWN.get(name.casefold())
            if known is None:
                # Graph's own objects carry OData annotations, which say nothing about printing.
                if source.strict and "@" not in name and len(problems) <= _SHOWN_PROBLEMS:
                    problems.append(_unknown(name, source.name))
                continue
            if _is_unset(value):
                continue
            if known in given:
                problems.append(f"{known} in {source.name} is given twice, in different letter case")
                continue
            given.add(known)
            try:
                if known == OWNER:
                    owner = owner or _user_name(value)
                elif known not in configuration:
                    configuration[known] = _READERS[known](value)
                    origins[known] = source.name
            except ValueError as error:
                problems.append(f"{known} in {source.name} {error}")
    if problems:
        more = " and more" if len(problems) > _SHOWN_PROBLEMS else ""
        listed = "; ".join(problems[:_SHOWN_PROBLEMS])
        raise DocumentRejected("settingInvalid", f"Correct these settings: {listed}{more}.")
    return Ticket(configuration, origins, owner)


def _is_unset(value: Any) -> bool:
    """Graph writes null, and an empty list, for what a configuration does not say."""
    return value is None or value == []


def _unknown(name: str, source: str) -> str:
    near = difflib.get_close_matches(name.casefold(), _KNOWN, n=1)
    hint = f" (did you mean {_KNOWN[near[0]]}?)" if near else ""
    return f"{_shown(name)} in {source} is not a print setting{hint}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _user_name(value: Any) -> str:
    text = _text(value)
    if not _USER_NAME.fullmatch(text):
        raise ValueError(f"must be a user name such as ada@contoso.com, not {_shown(value)}")
    return text


def _whole_number(value: Any) -> int:
    if isinstance(value, str):
        # Stricter than int(), which takes underscores and the digits of other scripts.
        digits = value.strip()
        number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None
    else:
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if number is None:
        raise ValueError(f"must be a whole number, not {_shown(value)}")
    if not 0 <= number <= 2**31 - 1:
        raise ValueError(f"must lie between 0 and 2147483647, not {_shown(number)}")
    return number


def _positive(value: Any) -> int:
    number = _whole_number(value)
    if number == 0:
        raise ValueError("must be at least 1")
    return number


def _yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError(f"must be true or false, not {_shown(value)}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.strip().isprintable():
        raise ValueError(f"must be a text without control characters, not {_shown(value)}")
    return value.strip()


def _one_of(members: tuple[str, ...]) -> Callable[[Any], str]:
    by_name = {member.casefold(): member for member in members}

    def read(value: Any) -> str:
        member = by_name.get(value.strip().casefold()) if isinstance(value, str) else None
        if member is None:
            raise ValueError(f"must be one of {', '.join(members)}, not {_shown(value)}")
        return member

    return read


def _finishings(value: Any) -> list[str]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list):
        raise ValueError(f"must be a list such as staple,punch, not {_shown(value)}")
    read = _one_of(FINISHINGS)
    return [read(entry) for entry in entries]


def _page_ranges(value: Any) -> list[dict[str, int]]:
    entries = [entry for entry in value.split(",") if entry.strip()] if isinstance(value, str) else value
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"must be page ranges such as 1-3,7, not {_shown(value)}")
    return [_page_range(entry) for entry in entries]


def _page_range(entry: Any) -> dict[str, int]:
    if isinstance(entry, dict):
        start, end = entry.get("start"), entry.get("end")
    else:
        start, dash, end = str(entry).partition("-")
        if not dash:
            end = start
        elif not end.strip():
            raise ValueError(f"has a range without an end: {_shown(entry)}")
    first, last = _positive(start), _positive(end)
    if last < first:
        raise ValueError(f"has a range that ends before it begins: {first}-{last}")
    return {"start": first, "end": last}


def _margin(value: Any) -> dict[str, int]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    sides = {name: number for name, number in value.items() if "@" not in name} if isinstance(value, dict) else {}
    if not sides or not set(sides) <= set(_MARGIN_SIDES):
        raise ValueError('must be an object such as {"top": 5000, "left": 5000}, in microns')
    return {side: _whole_number(number) for side, number in sides.items() if number is not None}


_READERS: dict[str, Callable[[Any], Any]] = {
    **{name: _one_of(members) for name, members in ENUMERATIONS.items()},
    "collate": _yes_or_no,
    "fitPdfToPage": _yes_or_no,
    "copies": _positive,
    "dpi": _positive,
    "pagesPerSheet": _positive,
    "inputBin": _text,
    "outputBin": _text,
    "mediaSize": _text,
    "mediaType": _text,
    "finishings": _finishings,
    "pageRanges": _page_ranges,
    "margin": _margin,
}
SETTINGS = tuple(sorted(_READERS))
_KNOWN = {name.casefold(): name for name in (*SETTINGS, OWNER)}
