"""Reads the schema and compiles, for each type, a check that costs no more than a walk over the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_HERE = Path(__file__).resolve().parent
_NAMESPACE = "{http://docs.oasis-open.org/odata/ns/edm}"
_FILES = ("print-v1.0.csdl.xml", "directory.csdl.xml")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# Given a value, where it stands and where to put complaints.
type Check = Callable[[Any, str, list[str]], None]


class UnknownTypeError(LookupError):
    """The schema has no such type."""


@dataclass(slots=True)
class StructuredType:
    """An entity or complex type with what it inherits."""

    name: str
    is_open: bool
    properties: dict[str, Check] = field(default_factory=dict)
    navigation: dict[str, Check] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)


class Schema:
    """The types by their bare name (`printJob`), and the check of values against them."""

    def __init__(self, roots: list[ElementTree.Element]) -> None:
        self._elements: dict[str, ElementTree.Element] = {}
        for root in roots:
            for kind in ("EnumType", "ComplexType", "EntityType"):
                for element in root.iter(f"{_NAMESPACE}{kind}"):
                    self._elements[element.attrib["Name"]] = element
        self._types: dict[str, StructuredType] = {}
        self._member_types: dict[str, dict[str, str]] = {}

    def check(self, value: Mapping[str, Any], type_name: str, *, complete: bool = True) -> list[str]:
        """What is wrong with `value` as that type; an empty list when nothing is.

        `complete` also demands every property that is not nullable, which `$select` and some lists leave out.
        """
        complaints: list[str] = []
        self._structured(type_name)(value, type_name, complaints)
        if complete:
            missing = self.type_of(type_name).required - value.keys()
            complaints += [f"{type_name}.{name} is missing" for name in sorted(missing)]
        return complaints

    def type_of(self, name: str) -> StructuredType:
        """The entity or complex type. Raises UnknownTypeError."""
        known = self._types.get(name)
        if known is not None:
            return known
        element = self._elements.get(name)
        if element is None or element.tag == f"{_NAMESPACE}EnumType":
            raise UnknownTypeError(name)
        base = element.get("BaseType")
        inherited = self.type_of(_bare(base)) if base else None
        made = StructuredType(name, element.get("OpenType") == "true")
        if inherited is not None:
            made.properties |= inherited.properties
            made.navigation |= inherited.navigation
            made.required |= inherited.required
        # Known before its members are compiled: types refer to each other in circles.
        self._types[name] = made
        for member in element:
            kind = member.tag.removeprefix(_NAMESPACE)
            if kind not in {"Property", "NavigationProperty"}:
                continue
            nullable = member.get("Nullable") != "false"
            check = self._nullable(self._check_of(member.attrib["Type"]), nullable=nullable)
            if kind == "Property":
                made.properties[member.attrib["Name"]] = check
                if not nullable:
                    made.required.add(member.attrib["Name"])
            else:
                made.navigation[member.attrib["Name"]] = check
        return made

    def members_of(self, name: str) -> set[str]:
        """The members of an enumeration."""
        return {member.attrib["Name"] for member in self._elements[name]}

    def members_beyond(self, name: str, sentinel: str) -> frozenset[str]:
        """The members of an enumeration whose number is above that of `sentinel`; none where it has no such member."""
        numbers = {member.attrib["Name"]: int(member.attrib["Value"]) for member in self._elements[name]}
        last = numbers.get(sentinel)
        return frozenset(member for member, number in numbers.items() if last is not None and number > last)

    def is_enumeration(self, name: str) -> bool:
        """Whether the schema has an enumeration of that name."""
        return name in self._elements and self._elements[name].tag == f"{_NAMESPACE}EnumType"

    def is_structured(self, name: str) -> bool:
        """Whether the schema has an entity or complex type of that name."""
        return name in self._elements and not self.is_enumeration(name)

    def member_types(self, name: str) -> dict[str, str]:
        """The types of a structured type's properties and navigation properties, inherited ones too, by their name."""
        known = self._member_types.get(name)
        if known is None:
            element = self._elements[name]
            base = element.get("BaseType")
            known = self._member_types[name] = {
                **(self.member_types(_bare(base)) if base else {}),
                **{member.attrib["Name"]: member.attrib["Type"] for member in element if "Type" in member.attrib},
            }
        return known

    def whole(self, value: Mapping[str, Any], type_name: str) -> dict[str, Any]:
        """`value` with every property of that type, null for those that it lacks (Graph: printershare-post-jobs)."""
        return dict.fromkeys(self.member_types(type_name)) | dict(value)

    def _check_of(self, type_name: str) -> Check:
        if type_name.startswith("Collection("):
            item = self._check_of(type_name[len("Collection(") : -1])

            def check_all(value: Any, where: str, complaints: list[str]) -> None:
                if not isinstance(value, list):
                    complaints.append(f"{where} is not a collection")
                    return
                for number, entry in enumerate(value):
                    item(entry, f"{where}[{number}]", complaints)

            return check_all
        if type_name in _PRIMITIVE:
            return _primitive(type_name, _PRIMITIVE[type_name])
        bare = _bare(type_name)
        element = self._elements.get(bare)
        if element is None:
            raise UnknownTypeError(bare)
        if element.tag == f"{_NAMESPACE}EnumType":
            return _enumeration(bare, self.members_of(bare))
        return self._structured(bare)

    def _structured(self, name: str) -> Check:
        def check(value: Any, where: str, complaints: list[str]) -> None:
            if not isinstance(value, Mapping):
                complaints.append(f"{where} is not an object")
                return
            declared = str(value.get("@odata.type", "")).rpartition(".")[2] or name
            kind = self.type_of(declared)
            for key, entry in value.items():
                checked = kind.properties.get(key) or kind.navigation.get(key)
                if checked is not None:
                    checked(entry, f"{where}.{key}", complaints)
                elif not _is_annotation(key, kind) and not kind.is_open:
                    complaints.append(f"{where} has no property {key}")

        return check

    @staticmethod
    def _nullable(check: Check, *, nullable: bool) -> Check:
        def checked(value: Any, where: str, complaints: list[str]) -> None:
            if value is None:
                if not nullable:
                    complaints.append(f"{where} must not be null")
            else:
                check(value, where, complaints)

        return checked


@cache
def graph_schema() -> Schema:
    """The schema that the emulator's answers are checked against."""
    return Schema([ElementTree.parse(_HERE / name).getroot() for name in _FILES])  # noqa: S314 - our own files


def _bare(type_name: str) -> str:
    return type_name.rpartition(".")[2]


def _is_annotation(key: str, kind: StructuredType) -> bool:
    name, at, _ = key.partition("@odata.")
    return bool(at) and (not name or name in kind.properties or name in kind.navigation)


def _is_whole(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_PRIMITIVE: dict[str, Callable[[Any], bool]] = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: _is_whole(value, 32),
    "Edm.Int64": lambda value: _is_whole(value, 64),
    "Edm.Double": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "Edm.DateTimeOffset": _matches(_MOMENT),
    "Edm.Date": _matches(_DATE),
    "Edm.Guid": _matches(_GUID),
    "Edm.Binary": _matches(_BASE64),
}


def _primitive(name: str, accepts: Callable[[Any], bool]) -> Check:
    def check(value: Any, where: str, complaints: list[str]) -> None:
        if not accepts(value):
            complaints.append(f"{where} is not {name}: {value!r}"[:200])

    return check


def _enumeration(name: str, members: set[str]) -> Check:
    # A member that stands for values of the future never appears in an answer.
    allowed = members - {"unknownFutureValue"}

    def check(value: Any, where: str, complaints: list[str]) -> None:
        if not isinstance(value, str) or value not in allowed:
            complaints.append(f"{where} is not a {name}: {value!r}"[:200])

    return check
