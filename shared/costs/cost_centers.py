"""Cost centres: whose printing each bears, and what a month costs each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shared.catalog import CatalogUnreadable
from shared.costs.price_list import PageCounts, PriceList

_PLACE = "costCenters"
_LISTS = ("users", "groups", "members")


class _Fault(Exception):
    """An entry cannot be read; the message names the place."""


@dataclass(frozen=True, slots=True)
class CostCenters:
    """Names in the catalog's order, and the centre of each person (user principal name in lower case).

    `default` bears the printing of everybody else; None leaves it without a centre.
    """

    names: tuple[str, ...] = ()
    of_user: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None

    def of(self, user_principal_name: str | None) -> str | None:
        """The centre that bears what this person prints, None where no centre does."""
        return self.of_user.get((user_principal_name or "").strip().lower(), self.default)


@dataclass(frozen=True, slots=True)
class PersonCounts:
    """What one person printed in a month."""

    user_principal_name: str
    counts: PageCounts
    jobs: int


@dataclass(frozen=True, slots=True)
class CenterLine:
    """One line of a month's summary; `name` is None for people without a centre. `cost` is rounded to be shown."""

    name: str | None
    people: int
    jobs: int
    counts: PageCounts
    cost: Decimal


def parse_cost_centers(document: Mapping[str, Any]) -> CostCenters:
    """The catalog's `costCenters`; empty where it has none. Raises CatalogUnreadable with every fault and its place.

    Each entry has a `name`, `users` (user principal names), `groups` (ids; set-up writes their people into `members`,
    so that no function asks Graph for them) and at most one entry `default: true`. A person is in the centre that lists
    them in `users`, else in the first one that has them in `members`.
    """
    entries = document.get("costCenters")
    if entries is None:
        return CostCenters()
    if not isinstance(entries, list):
        raise CatalogUnreadable(f"catalog.json: {_PLACE} is not a list")
    names: list[str] = []
    named: dict[str, str] = {}
    resolved: dict[str, str] = {}
    default: str | None = None
    problems: list[str] = []
    for index, entry in enumerate(entries):
        try:
            name, lists = _entry(entry, f"{_PLACE}[{index}]")
        except _Fault as fault:
            problems.append(str(fault))
            continue
        if name in names:
            problems.append(f"{_PLACE} names {name!r} twice")
            continue
        names.append(name)
        problems.extend(
            f"{_PLACE}: {user} is in both {named[user]!r} and {name!r}"
            for user in lists["users"]
            if named.setdefault(user, name) != name
        )
        for user in lists["members"]:
            resolved.setdefault(user, name)
        if entry.get("default"):
            if default is not None:
                problems.append(f"{_PLACE}: both {default!r} and {name!r} are the default")
            default = default or name
    if problems:
        raise CatalogUnreadable("catalog.json: " + "; ".join(problems))
    return CostCenters(tuple(names), {**resolved, **named}, default)


def summarise(people: Iterable[PersonCounts], centers: CostCenters, prices: PriceList | None) -> tuple[CenterLine, ...]:
    """A line for every centre that printed, in the catalog's order, people without a centre last.

    Costs are at the general prices: usage by person does not say on which printer (Graph: printUsageByUser).
    """
    found: dict[str | None, list[PersonCounts]] = {}
    for person in people:
        found.setdefault(centers.of(person.user_principal_name), []).append(person)
    order: list[str | None] = [*centers.names, None]
    return tuple(_line(name, found[name], prices) for name in order if name in found)


def _line(name: str | None, people: list[PersonCounts], prices: PriceList | None) -> CenterLine:
    counts = PageCounts(
        sum(person.counts.black_pages for person in people),
        sum(person.counts.color_pages for person in people),
        sum(person.counts.sheets for person in people),
        sum(person.counts.double_sided_sheets for person in people),
    )
    cost = prices.rounded(prices.cost(counts)) if prices else Decimal(0)
    return CenterLine(name, len(people), sum(person.jobs for person in people), counts, cost)


def _entry(entry: object, place: str) -> tuple[str, dict[str, list[str]]]:
    if not isinstance(entry, dict):
        raise _Fault(f"{place} is not an object")
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise _Fault(f"{place} has no name")
    if not isinstance(entry.get("default", False), bool):
        raise _Fault(f"{place}.default must be true or false, not {entry['default']!r}")
    lists: dict[str, list[str]] = {}
    for key in _LISTS:
        values = entry.get(key)
        if values is not None and not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
            raise _Fault(f"{place}.{key} is not a list of texts")
        lists[key] = [value.strip().lower() for value in values or []]
    return name.strip(), lists
