"""The people and printers of an invented history: those of the tenant first, then as many more as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from emulator.universal_print.reports.records import Person, ReportedPrinter
from emulator.universal_print.world import World, stable_id

_GIVEN = (
    *("Aino", "Bela", "Carla", "Dmitri", "Elif", "Fatou", "Greta", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Mateo"),
    *("Nadia", "Omar", "Petra", "Quinn", "Rosa", "Sven", "Tuuli", "Umar", "Vera", "Wim", "Xenia", "Yara", "Zoltan"),
)
_FAMILY = (
    *("Almeida", "Brandt", "Castro", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova", "Jansen"),
    *("Kowalski", "Laine", "Moreau", "Nilsson", "Oliveira", "Petrov", "Rossi", "Sato", "Tanaka", "Weber", "Yilmaz"),
)
_PLACES = (
    "Lobby",
    "Sales",
    "Workshop",
    "Library",
    "Legal",
    "Reception",
    "Laboratory",
    "Warehouse",
    "School",
    "Canteen",
)
# One printer in so many is black and white only, where the history makes printers up.
_MONO_EVERY = 3


@dataclass(frozen=True, slots=True)
class Habit:
    """How a person prints: times the mean number of jobs, times the mean share of colour, and at which printer."""

    person: Person
    rate: float
    color: float
    home: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A printer of the history. One that is `silent` never reports pages."""

    printer: ReportedPrinter
    color: bool
    silent: bool


def machines(world: World, count: int, silent: int) -> tuple[Machine, ...]:
    """So many printers; the last `silent` of them report no pages."""
    found: list[tuple[ReportedPrinter, bool]] = []
    for printer in world.printers.values():
        if printer.has_physical_device and len(found) < count:
            color = printer.device.capabilities.get("isColorPrintingSupported") is not False
            found.append((ReportedPrinter(printer.id, printer.display_name), color))
    for number in range(count - len(found)):
        name = f"{_PLACES[number % len(_PLACES)]} {number // len(_PLACES) + 1}"
        made = ReportedPrinter(stable_id(world.tenant_id, "printer", name), name)
        found.append((made, number % _MONO_EVERY != 0))
    return tuple(Machine(printer, color, number >= count - silent) for number, (printer, color) in enumerate(found))


def habits(world: World, count: int, printers: int, seed: int) -> tuple[Habit, ...]:
    """So many people, each with habits that the seed settles."""
    return tuple(_habit(person, printers, Random(f"{seed}/{person.id}")) for person in _people(world, count))  # noqa: S311 - no secret


def _people(world: World, count: int) -> Iterator[Person]:
    known = [user for user in world.users.values() if not user.is_printer_administrator][:count]
    taken = {user.user_principal_name.lower() for user in known}
    for user in known:
        yield Person(user.id, user.user_principal_name, user.display_name)
    domain = known[0].user_principal_name.partition("@")[2] if known else "contoso.example"
    left, number = count - len(known), 0
    while left > 0:
        given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
        # The two lists have no common divisor, so that a pair comes back only after all pairs.
        turn = number // (len(_GIVEN) * len(_FAMILY))
        number += 1
        name = f"{given.lower()}.{family.lower()}{turn or ''}@{domain}"
        if name in taken:
            continue
        left -= 1
        yield Person(stable_id(world.tenant_id, "user", name), name, f"{given} {family}")


def _habit(person: Person, printers: int, chance: Random) -> Habit:
    # Few people print much: the mean of the rates is 1, the median well below.
    return Habit(
        person, chance.lognormvariate(-0.32, 0.8), chance.triangular(0.2, 1.8, 1.0), chance.randrange(printers)
    )
