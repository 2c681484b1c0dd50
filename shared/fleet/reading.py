"""Reads `fleet.toml`: every fault is told at once, with its place."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from shared.fleet import model
from shared.fleet.catalog_document import readable_problems
from shared.fleet.model import DEFAULT_FILE, AttributesFile, Fleet, FleetUnreadable, VirtualPrinter, folded, hint
from shared.fleet.printer_words import CAPABILITIES, DEFAULTS, problems_of
from shared.fleet.sections import SECTIONS, Kind, Section, Word

_WRONG: Mapping[Kind, str] = {
    Kind.TEXT: "a text that is not empty",
    Kind.TEXTS: "a list of texts",
    Kind.SWITCH: "true or false",
    Kind.NUMBER: "a whole number",
    Kind.PRICE: 'a price such as "0.035"',
    Kind.DATE: "a day such as 2026-11-30",
    Kind.TABLE: "a table",
    Kind.TABLES: "a list of tables",
}
# Graph: printer share, displayName.
LONGEST_SHARE_NAME = 50


def parse_fleet(text: str, read_file: Callable[[str], str], file: str = DEFAULT_FILE) -> Fleet:
    """The fleet that the file describes. `read_file` gives the text of a file named in it, or raises OSError.

    Raises FleetUnreadable with every fault, which calls the file `file`.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise FleetUnreadable(["it nests tables or lists too deeply"], file) from error
    except tomllib.TOMLDecodeError as error:
        raise FleetUnreadable([f"it is not TOML: {error}"], file) from error
    problems: list[str] = []
    sections = _sections(document, problems)
    attributes = _attribute_files(sections.get("virtual_printers", []), read_file, problems)
    if problems:
        raise FleetUnreadable(problems, file)
    fleet = replace(_fleet(sections, attributes), file=file)
    problems = [*_name_problems(fleet), *_reference_problems(fleet), *_word_problems(fleet)]
    # What the functions would refuse is only asked where all names lead somewhere: else it says everything twice.
    problems = problems or readable_problems(fleet)
    if problems:
        raise FleetUnreadable(problems, file)
    return fleet


def _sections(document: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        section = SECTIONS.get(name)
        if section is None:
            problems.append(f"there is no section {name!r}{hint(name, SECTIONS)}")
        elif (checked := _section(name, section, value, problems)) is not None:
            found[name] = checked
    return found


def _section(name: str, section: Section, value: object, problems: list[str]) -> Any:
    if section.form == "tables":
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            problems.append(f"{name} must be written as [[{name}]], once for each entry")
            return None
        return [_table(_place(name, index, entry), entry, section.words, problems) for index, entry in enumerate(value)]
    if not isinstance(value, dict):
        problems.append(f"{name} must be written as [{name}]")
        return None
    if section.form == "table":
        return _table(name, value, section.words, problems)
    wrong = [key for key, entry in value.items() if not isinstance(entry, dict)]
    problems.extend(f"{name}: {key} must be written as [{name}.{key}]" for key in wrong)
    return value


def _place(section: str, index: int, entry: Mapping[str, Any]) -> str:
    name = entry.get("name")
    return f"{section} {name!r}" if isinstance(name, str) else f"{section}, entry {index + 1}"


def _table(place: str, values: Mapping[str, Any], words: Mapping[str, Word], problems: list[str]) -> dict[str, Any]:
    problems.extend(f"{place}: there is no word {name!r}{hint(name, words)}" for name in values if name not in words)
    read: dict[str, Any] = {}
    for name, word in words.items():
        if name not in values:
            if word.required:
                problems.append(f"{place} has no {name}")
            continue
        value = _value(place, name, word, values[name], problems)
        if value is None:
            problems.append(f"{place}: {name} must be {_WRONG[word.kind]}, not {values[name]!r}")
        elif word.choices and value not in word.choices:
            problems.append(f"{place}: {name} must be {' or '.join(word.choices)}, not {value!r}")
        else:
            read[name] = value
    return read


def _value(place: str, name: str, word: Word, value: object, problems: list[str]) -> Any:
    """The value as it is kept, None where it is of another kind."""
    match word.kind:
        case Kind.TEXT:
            return value if isinstance(value, str) and value.strip() and value.isprintable() else None
        case Kind.TEXTS:
            return value if isinstance(value, list) and all(isinstance(text, str) and text for text in value) else None
        case Kind.SWITCH:
            return value if isinstance(value, bool) else None
        case Kind.NUMBER:
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case Kind.PRICE:
            fits = isinstance(value, str | int | float) and not isinstance(value, bool)
            return str(value) if fits else None
        case Kind.DATE:
            return _day(value)
        case Kind.TABLE:
            return value if isinstance(value, dict) else None
        case Kind.TABLES:
            if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
                return None
            entries = enumerate(value, 1)
            return [_table(f"{place}.{name} {index}", each, word.words or {}, problems) for index, each in entries]


def _day(value: object) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _attribute_files(
    printers: Iterable[Mapping[str, Any]], read_file: Callable[[str], str], problems: list[str]
) -> dict[str, AttributesFile]:
    from shared.ipp.document import read_document
    from shared.ipp.encoding import encode_group
    from shared.ipp.values import IppError

    files: dict[str, AttributesFile] = {}
    for printer in printers:
        name = printer.get("attributes")
        if name is None or name in files:
            continue
        try:
            body = encode_group(read_document(read_file(name)))
        except (OSError, UnicodeError, IppError) as error:
            problems.append(f"virtual_printers {printer.get('name')!r}: {name} cannot be used: {error}")
            continue
        files[name] = AttributesFile(name, body, hashlib.sha256(body).hexdigest())
    return files


def _fleet(sections: Mapping[str, Any], attributes: Mapping[str, AttributesFile]) -> Fleet:
    definition = sections.get("task_definition")
    pool = sections.get("licence_pool")
    return Fleet(
        task_definition=model.TaskDefinition(**definition) if definition else None,
        document_conversion=sections.get("settings", {}).get("document_conversion"),
        virtual_printers=tuple(
            model.VirtualPrinter(**_attributed(_stated(entry), attributes))
            for entry in sections.get("virtual_printers", [])
        ),
        printers=tuple(model.Device(**entry) for entry in sections.get("printers", [])),
        profiles=sections.get("profiles", {}),
        shares=tuple(_share(_stated(entry)) for entry in sections.get("shares", [])),
        printer_groups=tuple(
            model.PrinterGroup(entry["name"], tuple(entry["printers"])) for entry in sections.get("printer_groups", [])
        ),
        policies=tuple(sections.get("policies", [])),
        delegates=tuple(sections.get("delegates", [])),
        price_list=sections.get("price_list"),
        cost_centers=tuple(sections.get("cost_centers", [])),
        licence_pool={"jobsPerMonth": pool["jobs_per_month"]} if pool else None,
    )


def _stated(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in entry.items() if name != "state"}
    return {**values, "absent": entry.get("state") == "absent"}


def _attributed(entry: dict[str, Any], files: Mapping[str, AttributesFile]) -> dict[str, Any]:
    return {**entry, "attributes": files[entry["attributes"]]} if "attributes" in entry else entry


def _share(entry: dict[str, Any]) -> model.Share:
    values: dict[str, Any] = {"printer": None, **entry}
    lists = (name for name in ("users", "groups", "accounts") if name in entry)
    return model.Share(**values | {name: tuple(entry[name]) for name in lists})


def _name_problems(fleet: Fleet) -> Iterable[str]:
    yield from _twice("printers", (printer.name for printer in fleet.all_printers))
    yield from _twice("shares", (share.name for share in fleet.shares))
    yield from _twice("shares, by alias", (share.alias or share.name.strip() for share in fleet.present_shares))
    yield from _twice("printers, by id", (printer.id for printer in fleet.all_printers if printer.id is not None))
    yield from _twice("shares, by id", (share.id for share in fleet.shares if share.id is not None))
    yield from _twice("printer_groups", (group.name for group in fleet.printer_groups))
    yield from _twice("policies", (str(rule["name"]) for rule in fleet.policies))
    for share in fleet.shares:
        if len(share.name) > LONGEST_SHARE_NAME:
            yield f"shares {share.name!r}: a share's name has {LONGEST_SHARE_NAME} characters at most"
    for share in fleet.present_shares:
        if share.everyone and share.exclusive:
            yield f"shares {share.name!r}: exclusive has no meaning where everyone may print"
        folder = share.alias or share.name.strip()
        if "/" in folder or folder in (".", "..") or folder != folder.strip():
            yield f"shares {share.name!r} needs an alias that can be the name of a folder: without a slash, not . or .."
    if fleet.task_definition is None and any(printer.trigger for printer in fleet.present_printers):
        wanting = next(printer.name for printer in fleet.present_printers if printer.trigger)
        yield f"{wanting!r} has a trigger, so [task_definition] is needed"


def _reference_problems(fleet: Fleet) -> Iterable[str]:
    printers = {folded(printer.name): printer.name for printer in fleet.present_printers}
    used: dict[str, str] = {}
    for share in fleet.present_shares:
        place = f"shares {share.name!r}"
        if share.printer is None:
            yield f"{place} has no printer"
            continue
        yield from _known(place, share.printer, printers)
        other = used.setdefault(folded(share.printer), share.name)
        if other != share.name:
            yield f"{place}: {share.printer!r} is behind {other!r} already, and a printer has one share at most"
        if share.profile is not None and share.profile not in fleet.profiles:
            yield f"{place}: there is no profile {share.profile!r}{hint(share.profile, fleet.profiles)}"
    for group in fleet.printer_groups:
        for name in group.printers:
            yield from _known(f"printer_groups {group.name!r}", name, printers)
    for entry in (fleet.price_list or {}).get("printers", []):
        yield from _known("price_list.printers", entry["printer"], printers)


def _word_problems(fleet: Fleet) -> Iterable[str]:
    for entry in fleet.present_printers:
        place = f"printers {entry.name!r}"
        if isinstance(entry, VirtualPrinter):
            place = f"virtual_{place}"
            yield from problems_of(f"{place}: capabilities", entry.capabilities, CAPABILITIES)
        yield from problems_of(f"{place}: defaults", entry.defaults, DEFAULTS)


def _known(place: str, name: str, printers: Mapping[str, str]) -> Iterable[str]:
    if folded(name) not in printers:
        advice = hint(name, printers.values()) or f' (one that is registered needs [[printers]] with name = "{name}")'
        yield f"{place}: there is no printer {name!r} in this file{advice}"


def _twice(place: str, names: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for name in names:
        if folded(name) in seen:
            yield f"{place}: {name!r} is there twice"
        seen.add(folded(name))
