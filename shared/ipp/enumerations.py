"""Enum values by name, for people (RFC 8011 5.2 and 5.4, PWG 5100.1 for finishings). A value not here is its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_EDGES = ("left", "top", "right", "bottom")
_CORNERS = ("top-left", "bottom-left", "top-right", "bottom-right")
_FOLDS = (
    *("accordion", "double-gate", "gate", "half", "half-z", "left-gate", "letter", "parallel", "poster", "right-gate"),
    *("z", "engineering-z"),
)


def _numbered(first: int, names: Sequence[str]) -> dict[str, int]:
    return {name: first + at for at, name in enumerate(names)}


FINISHINGS: Mapping[str, int] = {
    **_numbered(
        3, ["none", "staple", "punch", "cover", "bind", "saddle-stitch", "edge-stitch", "fold", "trim", "bale"]
    ),
    "booklet-maker": 13,
    "coat": 15,
    "laminate": 16,
    **_numbered(20, [f"staple-{corner}" for corner in _CORNERS]),
    **_numbered(24, [f"edge-stitch-{edge}" for edge in _EDGES]),
    **_numbered(28, [f"staple-{count}-{edge}" for count in ("dual", "triple") for edge in _EDGES]),
    **_numbered(50, [f"bind-{edge}" for edge in _EDGES]),
    **_numbered(60, [f"trim-after-{what}" for what in ("pages", "documents", "copies", "job")]),
    **_numbered(70, [f"punch-{corner}" for corner in _CORNERS]),
    **_numbered(74, [f"punch-{count}-{edge}" for count in ("dual", "triple", "quad") for edge in _EDGES]),
    **_numbered(90, [f"fold-{fold}" for fold in _FOLDS]),
}
ORIENTATIONS: Mapping[str, int] = _numbered(
    3, ["portrait", "landscape", "reverse-landscape", "reverse-portrait", "none"]
)
QUALITIES: Mapping[str, int] = _numbered(3, ["draft", "normal", "high"])
_OPERATIONS: Mapping[str, int] = {
    **_numbered(
        0x02, ["Print-Job", "Print-URI", "Validate-Job", "Create-Job", "Send-Document", "Send-URI", "Cancel-Job"]
    ),
    **_numbered(0x09, ["Get-Job-Attributes", "Get-Jobs", "Get-Printer-Attributes", "Hold-Job", "Release-Job"]),
    **_numbered(0x0E, ["Restart-Job"]),
    **_numbered(0x10, ["Pause-Printer", "Resume-Printer", "Purge-Jobs"]),
    **_numbered(0x38, ["Cancel-Jobs", "Cancel-My-Jobs", "Resubmit-Job", "Close-Job", "Identify-Printer"]),
}
_BY_ATTRIBUTE: Mapping[str, Mapping[str, int]] = {
    "finishings": FINISHINGS,
    "orientation-requested": ORIENTATIONS,
    "print-quality": QUALITIES,
    "printer-state": _numbered(3, ["idle", "processing", "stopped"]),
    "operations-supported": _OPERATIONS,
}
_SUFFIXES = ("-default", "-supported", "-ready")


def names_of(attribute: str) -> Mapping[str, int]:
    """The names of the values of an enum attribute, or none."""
    found = _BY_ATTRIBUTE.get(attribute)
    for suffix in _SUFFIXES if found is None else ():
        found = found or _BY_ATTRIBUTE.get(attribute.removesuffix(suffix))
    return found or {}
