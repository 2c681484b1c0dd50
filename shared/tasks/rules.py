"""The policy rules of the catalog: their types, and the parser that says what is wrong with them. docs/policies.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.catalog import Catalog, CatalogUnreadable
from shared.errors import DocumentRejected
from shared.ticket import ENUMERATIONS, Source, make_ticket

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A person reads an abort's reason on a kiosk or a phone.
REASON_CHARACTERS = 300
STAMP_CHARACTERS = 200


class PoliciesUnreadable(CatalogUnreadable):
    """The rules in the catalog cannot be used. The message names every fault."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time of day on some days, by the clock of a place. A window over midnight belongs to the day it begins on."""

    zone: ZoneInfo
    days: frozenset[int] = frozenset(range(7))
    begin: time = time(0)
    end: time = time(0)


@dataclass(frozen=True, slots=True)
class When:
    """What a rule matches: everything that is given must hold. None means that it does not matter.

    `printers` and `groups` are lower-case ids, `users` lower-case names or ids. Sizes are bytes.
    """

    printers: frozenset[str] | None = None
    users: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    content_types: frozenset[str] | None = None
    size_over: int | None = None
    size_up_to: int | None = None
    color_modes: frozenset[str] | None = None
    copies_over: int | None = None
    during: Window | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the job for its owner: pull printing."""


@dataclass(frozen=True, slots=True)
class Release:
    """Let the job print on the printer that it was sent to."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the job to the first printer of `printer_ids` that is ready."""

    printer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Abort:
    """End the job; the person reads `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Configure:
    """Change settings, then go on with the next rule."""

    configuration: Mapping[str, Any] = field(default_factory=dict)
    most_copies: int | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """Write who printed it and when onto the document, then go on with the next rule. `text` is added to it."""

    banner: bool = False
    footer: bool = False
    text: str = ""


Final = Hold | Release | Redirect | Abort
Action = Final | Configure | Stamp


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, what it matches and what it does."""

    name: str
    when: When
    action: Action


def parse_rules(catalog: Catalog) -> tuple[Rule, ...]:
    """The rules of `catalog.json`, in order. Raises PoliciesUnreadable naming every fault."""
    entries = catalog.document.get("policies")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise PoliciesUnreadable("catalog.json: policies is not a list")
    reader = _Reader(catalog)
    rules = [reader.rule(entry, f"policies[{index}]") for index, entry in enumerate(entries)]
    if reader.problems:
        raise PoliciesUnreadable("catalog.json: " + "; ".join(reader.problems))
    return tuple(rule for rule in rules if rule is not None)


class _Fault(Exception):
    """One thing that is wrong, in words."""


class _Reader:
    """Reads rules against one catalog and gathers what is wrong."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.problems: list[str] = []
        try:
            self._groups = _printer_groups(catalog)
        except _Fault as fault:
            self.problems.append(str(fault))
            self._groups = {}

    def rule(self, entry: object, place: str) -> Rule | None:
        before = len(self.problems)
        values = _object(entry)
        if values is None:
            self.problems.append(f"{place} is not an object")
            return None
        self._unknown(values, {"name", "when", "action"}, place)
        name = self._try(place, lambda: _text(values.get("name"), "name", 100))
        when = self._when(values.get("when", {}), f"{place}.when")
        action = self._action(values.get("action"), f"{place}.action")
        if name is None or when is None or action is None or len(self.problems) > before:
            return None
        if isinstance(action, Release):
            self._check_release(when, name)
        return Rule(name, when, action)

    def _when(self, entry: object, place: str) -> When | None:
        values = _object(entry)
        if values is None:
            self.problems.append(f"{place} is not an object")
            return None
        found: dict[str, Any] = {}
        for name, value in values.items():
            reader = self._WHEN.get(name)
            if reader is None:
                self.problems.append(f"{place} has no condition {name!r}: there are {', '.join(sorted(self._WHEN))}")
                continue
            field_name, read = reader
            found[field_name] = self._try(f"{place}.{name}", partial(read, self, value))
        return When(**found)

    def _action(self, entry: object, place: str) -> Action | None:
        values = _object(entry)
        kind = values.get("do") if values else None
        read = self._ACTIONS.get(kind) if isinstance(kind, str) else None
        if values is None or read is None:
            self.problems.append(f"{place}.do must be one of {', '.join(self._ACTIONS)}")
            return None
        names, reader = read
        self._unknown(values, {"do", *names}, place)
        return self._try(place, lambda: reader(self, values))

    def _release(self, values: Mapping[str, Any]) -> Action:
        # Naming the printer sends the job there, which to Graph is a redirect.
        return Redirect((self._printer(values["printer"], real=True),)) if "printer" in values else Release()

    def _redirect(self, values: Mapping[str, Any]) -> Action:
        if ("printer" in values) == ("group" in values):
            raise _Fault("redirect needs either printer or group")
        if "printer" in values:
            return Redirect((self._printer(values["printer"], real=True),))
        name = values["group"]
        members = self._groups.get(name.casefold()) if isinstance(name, str) else None
        if not members:
            known = ", ".join(sorted(self._groups)) or "none"
            raise _Fault(f"there is no printer group {name!r} with printers (printerGroups: {known})")
        return Redirect(tuple(self._printer(member, real=True) for member in members))

    def _configure(self, values: Mapping[str, Any]) -> Action:
        settings = _object(values.get("configuration", {}))
        if settings is None:
            raise _Fault("configuration is not an object")
        most = values.get("maxCopies")
        try:
            ticket = make_ticket([Source("the policy", settings)])
        except DocumentRejected as rejected:
            raise _Fault(rejected.reason) from rejected
        if ticket.owner is not None:
            raise _Fault("owner is not a print setting")
        if most is None and not ticket.configuration:
            raise _Fault("configure changes nothing: give configuration or maxCopies")
        return Configure(dict(ticket.configuration), None if most is None else _number(most, least=1))

    def _abort(self, values: Mapping[str, Any]) -> Action:
        return Abort(_text(values.get("reason"), "reason", REASON_CHARACTERS))

    def _stamp(self, values: Mapping[str, Any]) -> Action:
        banner, footer = (values.get(name, False) for name in ("banner", "footer"))
        if not isinstance(banner, bool) or not isinstance(footer, bool) or not (banner or footer):
            raise _Fault("stamp needs banner or footer, each true or false, and one of them true")
        text = values.get("text", "")
        return Stamp(banner, footer, _text(text, "text", STAMP_CHARACTERS) if text != "" else "")

    def _hold(self, _: Mapping[str, Any]) -> Action:
        return Hold()

    def _printers(self, value: object) -> frozenset[str]:
        return frozenset(self._printer(name).lower() for name in _texts(value))

    def _printer(self, value: object, *, real: bool = False) -> str:
        """The id of the printer that is named by its id or display name."""
        text = _text(value, "a printer", 200)
        named = [printer for printer in self._catalog.printers if printer.display_name.casefold() == text.casefold()]
        printer = self._catalog.printer(text) or (named[0] if len(named) == 1 else None)
        if printer is None:
            raise _Fault(f"the catalog has {'several printers' if named else 'no printer'} {text!r}")
        if real and printer.virtual:
            raise _Fault(f"{printer.display_name} is virtual: nothing can come out of it")
        return printer.id

    def _check_release(self, when: When, name: str) -> None:
        meant = [printer for printer in self._catalog.printers if when.printers and printer.id.lower() in when.printers]
        virtual = [printer.display_name for printer in meant if printer.virtual]
        if virtual:
            self.problems.append(f"{name!r} releases on {', '.join(virtual)}, which is virtual: name a printer")

    def _during(self, value: object) -> Window:
        values = _object(value)
        if values is None or not set(values) <= {"days", "from", "to", "timeZone"}:
            raise _Fault('must be an object of "days", "from", "to" and "timeZone"')
        zone = _text(values.get("timeZone"), "timeZone", 100)
        try:
            place = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _Fault(f"{zone!r} is no time zone; use a name such as Europe/Berlin") from error
        names = [name.lower() for name in _texts(values.get("days", list(DAYS)))]
        wrong = [name for name in names if name not in DAYS]
        if wrong:
            raise _Fault(f"{wrong[0]!r} is no day; days are {', '.join(DAYS)}")
        begin, end = (_clock(values.get(name, "00:00"), name) for name in ("from", "to"))
        return Window(place, frozenset(DAYS.index(name) for name in names), begin, end)

    def _lower(self, value: object) -> frozenset[str]:
        return frozenset(text.strip().lower() for text in _texts(value))

    def _colors(self, value: object) -> frozenset[str]:
        known = {mode.casefold(): mode for mode in ENUMERATIONS["colorMode"]}
        texts = _texts(value)
        wrong = [text for text in texts if text.casefold() not in known]
        if wrong:
            raise _Fault(f"{wrong[0]!r} is no colour mode; there are {', '.join(known.values())}")
        return frozenset(known[text.casefold()] for text in texts)

    def _amount(self, value: object) -> int:
        return _number(value)

    def _unknown(self, values: Mapping[str, Any], known: set[str], place: str) -> None:
        self.problems.extend(f"{place} has an unknown {name!r}" for name in values if name not in known)

    def _try[T](self, place: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except _Fault as fault:
            self.problems.append(f"{place}: {fault}")
            return None

    _WHEN: Mapping[str, tuple[str, Callable[[_Reader, Any], Any]]] = {
        "printers": ("printers", _printers),
        "users": ("users", _lower),
        "groups": ("groups", _lower),
        "contentTypes": ("content_types", _lower),
        "sizeOver": ("size_over", _amount),
        "sizeUpTo": ("size_up_to", _amount),
        "colorModes": ("color_modes", _colors),
        "copiesOver": ("copies_over", _amount),
        "during": ("during", _during),
    }
    _ACTIONS: Mapping[str, tuple[tuple[str, ...], Callable[[_Reader, Mapping[str, Any]], Action]]] = {
        "hold": ((), _hold),
        "release": (("printer",), _release),
        "configure": (("configuration", "maxCopies"), _configure),
        "redirect": (("printer", "group"), _redirect),
        "abort": (("reason",), _abort),
        "stamp": (("banner", "footer", "text"), _stamp),
    }


def _printer_groups(catalog: Catalog) -> dict[str, Sequence[str]]:
    entries = catalog.document.get("printerGroups")
    if entries is None:
        return {}
    if not isinstance(entries, list):
        raise _Fault("printerGroups is not a list")
    groups: dict[str, Sequence[str]] = {}
    for index, entry in enumerate(entries):
        values = _object(entry)
        if values is None:
            raise _Fault(f"printerGroups[{index}] is not an object")
        name = _text(values.get("name"), f"printerGroups[{index}].name", 100).casefold()
        if name in groups:
            raise _Fault(f"printerGroups names {name!r} twice")
        groups[name] = _texts(values.get("printerIds"))
    return groups


def _object(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _text(value: object, what: str, most: int) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > most:
        raise _Fault(f"{what} must be a text of at most {most} characters")
    return value.strip()


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and text.strip() for text in value):
        raise _Fault("must be a list of texts that is not empty")
    return value


def _number(value: object, *, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 2**53:
        raise _Fault(f"must be a whole number from {least}")
    return value


def _clock(value: object, what: str) -> time:
    try:
        read = time.fromisoformat(value) if isinstance(value, str) and len(value) == 5 else None
    except ValueError:
        read = None
    if read is None:
        raise _Fault(f"{what} must be a time of day such as 18:30")
    return read
