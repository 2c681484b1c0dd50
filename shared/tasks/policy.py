"""Decides from the rules and the facts what becomes of a job. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.tasks.rules import Abort, Configure, Final, Hold, Redirect, Release, Rule, Stamp, When, Window


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a job when its rules are read. Ids and names in any letter case; `size` is bytes.

    `groups` are those of the rules' groups to which the person belongs. `printed` is when the job was made (aware).
    """

    printer_id: str
    user_id: str
    user_principal_name: str
    content_type: str
    size: int
    configuration: Mapping[str, Any]
    printed: datetime
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a job, in this order: `configure` settings, `stamp` the document, then `final`.

    `rules` are the names of the rules that said so.
    """

    configure: Mapping[str, Any] = field(default_factory=dict)
    stamp: Stamp | None = None
    final: Final = field(default_factory=Hold)
    rules: tuple[str, ...] = ()


def groups_named(rules: Iterable[Rule]) -> frozenset[str]:
    """The groups that some rule asks for; empty where Graph need not be asked at all."""
    return frozenset[str]().union(*(rule.when.groups or frozenset() for rule in rules))


def decide(rules: Sequence[Rule], facts: Facts) -> Plan:
    """The plan for a job: rules in order, the first final action ends it, and no rule at all means to hold.

    A rule sees the settings as the rules before it left them.
    """
    configure: dict[str, Any] = {}
    stamp: Stamp | None = None
    names: list[str] = []
    for rule in rules:
        seen = replace(facts, configuration={**facts.configuration, **configure})
        if not matches(rule.when, seen):
            continue
        names.append(rule.name)
        match rule.action:
            case Configure(configuration, most_copies):
                configure |= configuration
                copies = configure.get("copies", facts.configuration.get("copies")) or 1
                if most_copies is not None and copies > most_copies:
                    configure["copies"] = most_copies
            case Stamp():
                stamp = _both(stamp, rule.action)
            case Hold() | Release() | Redirect() | Abort():
                return Plan(_changed(configure, facts), stamp, rule.action, tuple(names))
    return Plan(_changed(configure, facts), stamp, Hold(), tuple(names))


def matches(when: When, facts: Facts) -> bool:
    """Whether every condition of a rule holds."""
    person = {facts.user_id.lower(), facts.user_principal_name.lower()}
    copies = facts.configuration.get("copies") or 1
    return (
        (when.printers is None or facts.printer_id.lower() in when.printers)
        and (when.users is None or bool(person & when.users))
        and (when.groups is None or bool({group.lower() for group in facts.groups} & when.groups))
        and (when.content_types is None or facts.content_type.lower() in when.content_types)
        and (when.size_over is None or facts.size > when.size_over)
        and (when.size_up_to is None or facts.size <= when.size_up_to)
        and (when.color_modes is None or facts.configuration.get("colorMode") in when.color_modes)
        and (when.copies_over is None or copies > when.copies_over)
        and (when.during is None or within(when.during, facts.printed))
    )


def within(window: Window, moment: datetime) -> bool:
    """Whether the moment (aware) lies in the window; from and to alike mean the whole day."""
    local = moment.astimezone(window.zone)
    clock, day = local.time().replace(tzinfo=None), local.weekday()
    if window.begin < window.end:
        return day in window.days and window.begin <= clock < window.end
    before = (local - timedelta(days=1)).weekday()
    if window.begin == window.end:
        return day in window.days
    return (day in window.days and clock >= window.begin) or (before in window.days and clock < window.end)


def _both(first: Stamp | None, second: Stamp) -> Stamp:
    if first is None:
        return second
    texts = [text for text in (first.text, second.text) if text]
    return Stamp(first.banner or second.banner, first.footer or second.footer, " ".join(texts))


def _changed(configure: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    return {name: value for name, value in configure.items() if facts.configuration.get(name) != value}
