"""Checks a printer's attributes: what is missing, what has the wrong form, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.ipp.document import SYNTAXES
from shared.ipp.media import dimensions
from shared.ipp.requirements import (
    CLIENT_FORMATS,
    EXPECTED,
    PWG_RASTER,
    PWG_RASTER_FORMAT,
    REQUIRED,
    SAID_BY_THE_SERVICE,
    Requirement,
)
from shared.ipp.values import (
    LOCALIZED,
    OUT_OF_BAND,
    STRINGS,
    Attribute,
    IntegerRange,
    Tag,
    Value,
)

# RFC 8011 5.1: the most octets of a value, by its tag.
_LONGEST = {
    **dict.fromkeys((Tag.TEXT, Tag.URI, Tag.OCTET_STRING), 1023),
    **dict.fromkeys((Tag.NAME, Tag.KEYWORD, Tag.MIME_MEDIA_TYPE), 255),
    **dict.fromkeys((Tag.URI_SCHEME, Tag.CHARSET, Tag.NATURAL_LANGUAGE), 63),
}
_MUST_INCLUDE = {"charset-supported": "utf-8", "compression-supported": "none"}
_SYNTAX = {tag: name for name, tag in SYNTAXES.items()}


class Level(StrEnum):
    """How much a finding weighs."""

    REQUIRED = "required"
    EXPECTED = "expected"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one attribute, what the attribute is for, and which document asks for it."""

    level: Level
    attribute: str
    problem: str
    what_for: str
    source: str

    @property
    def required(self) -> bool:
        """Whether the attribute is one that RFC 8011 requires."""
        return self.level is Level.REQUIRED


def check(attributes: Sequence[Attribute], *, virtual: bool = False) -> list[Finding]:
    """What to mend, the attributes that RFC 8011 requires first. Empty where nothing is known to be wrong.

    Of a `virtual` printer, what only the service can say is not missed.
    """
    known = {attribute.name: attribute for attribute in attributes}
    formats = [value.content for value in _values(known, "document-format-supported")]
    expected = EXPECTED + (PWG_RASTER if PWG_RASTER_FORMAT in formats else ())
    findings = [*_missing(known, REQUIRED, Level.REQUIRED), *_missing(known, expected, Level.EXPECTED)]
    if virtual:
        findings = [finding for finding in findings if finding.attribute not in SAID_BY_THE_SERVICE]
    for name, attribute in known.items():
        findings.extend(_form(attribute))
        if name.endswith("-default"):
            findings.extend(_default(known, name))
    findings.extend(_formats(formats))
    findings.extend(_names(known))
    return findings


def _missing(known: Mapping[str, Attribute], wanted: Sequence[Requirement], level: Level) -> Iterator[Finding]:
    for requirement in wanted:
        problem = _problem(known.get(requirement.name), requirement)
        if problem:
            yield Finding(level, requirement.name, problem, requirement.what_for, requirement.source)


def _problem(attribute: Attribute | None, requirement: Requirement) -> str:
    if attribute is None:
        return "is missing"
    foreign = {value.tag for value in attribute.values} - set(requirement.tags)
    if foreign and not foreign <= OUT_OF_BAND:
        wanted = " or ".join(_SYNTAX[tag] for tag in requirement.tags)
        return f"is of type {', '.join(map(_type, sorted(foreign)))}, not {wanted}"
    if requirement.single and len(attribute.values) > 1:
        return f"has {len(attribute.values)} values instead of one"
    needed = _MUST_INCLUDE.get(requirement.name)
    if needed and needed not in (str(value.content).lower() for value in attribute.values):
        return f"lacks {needed}"
    return ""


def _type(tag: int) -> str:
    return _SYNTAX.get(Tag(tag), "") if tag in set(Tag) else f"{tag:#04x}"


def _form(attribute: Attribute) -> Iterator[Finding]:
    for value in attribute.values:
        problem = _ill_formed(value)
        if problem:
            yield Finding(Level.WRONG, attribute.name, problem, "clients may pass over it", "RFC 8011 5.1")


def _ill_formed(value: Value) -> str:
    if isinstance(value.content, bytes) and (value.tag in STRINGS or value.tag in LOCALIZED):
        return "has a text that is not UTF-8, and a group alone names no other charset"
    longest = _LONGEST.get(Tag(value.tag)) if value.tag in set(Tag) else None
    content = value.content.encode() if isinstance(value.content, str) else value.content
    if longest is not None and isinstance(content, bytes) and len(content) > longest:
        return f"has a value of {len(content)} bytes; {longest} is the most"
    if isinstance(value.content, IntegerRange) and value.content.lower > value.content.upper:
        return f"has the range {value.content.lower}-{value.content.upper}, whose ends are the wrong way round"
    if isinstance(value.content, tuple):
        return next(
            (
                f"{member.name} {problem}"
                for member in value.content
                for one in member.values
                if (problem := _ill_formed(one))
            ),
            "",
        )
    return ""


def _default(known: Mapping[str, Attribute], name: str) -> Iterator[Finding]:
    """RFC 8011 5.2: a default is one of the values that are supported."""
    supported_name = name.removesuffix("-default") + "-supported"
    supported = known.get(supported_name)
    if supported is None:
        if any(requirement.name == supported_name for requirement in EXPECTED):
            return
        why = "clients offer no choice without the values"
        yield Finding(Level.WRONG, name, f"stands without {supported_name}", why, "RFC 8011 5.2")
        return
    if Tag.COLLECTION in (known[name].values[0].tag, supported.values[0].tag) or name.endswith("-col-default"):
        return
    for value in known[name].values:
        if value.tag not in OUT_OF_BAND and not _offered(value, supported.values):
            problem = f"{_shown(value)} is not among {supported_name}"
            yield Finding(Level.WRONG, name, problem, "clients choose it without asking", "RFC 8011 5.2")


def _offered(value: Value, supported: Sequence[Value]) -> bool:
    for one in supported:
        match one.content, value.content:
            case IntegerRange(lower, upper), int(number):
                if lower <= number <= upper:
                    return True
            case bool(), _:
                return True
            case int(most), int(number) if one.tag == Tag.INTEGER and len(supported) == 1:
                # `job-priority-supported` and its like are the number of levels, or the largest value.
                if number <= max(most, 100):
                    return True
            case offered, wanted if offered == wanted:
                return True
    return False


def _formats(formats: Sequence[object]) -> Iterator[Finding]:
    if formats and not any(kind in CLIENT_FORMATS for kind in formats):
        yield Finding(
            Level.EXPECTED,
            "document-format-supported",
            f"has none of {', '.join(CLIENT_FORMATS)}",
            "clients make these themselves; without one, each document must be converted",
            "PWG 5100.14",
        )


def _names(known: Mapping[str, Attribute]) -> Iterator[Finding]:
    for name in ("media-supported", "media-default", "media-ready"):
        for value in _values(known, name):
            if value.tag == Tag.KEYWORD and isinstance(value.content, str) and not _described(value.content):
                problem = f"{value.content} is no self-describing name as in iso_a4_210x297mm"
                yield Finding(Level.WRONG, name, problem, "clients take dimensions from the name", "PWG 5101.1")


def _described(name: str) -> bool:
    return name.startswith(("choice_", "custom_", "roll_")) or dimensions(name) is not None


def _values(known: Mapping[str, Attribute], name: str) -> tuple[Value, ...]:
    return known[name].values if name in known else ()


def _shown(value: Value) -> str:
    return str(value.content)
