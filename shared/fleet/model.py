"""What `fleet.toml` says, typed. Names are as they are written; `None` means that the file leaves it as it is."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.errors import PrintFunctionsError

DEFAULT_FILE = "fleet.toml"
DEFAULT_MANUFACTURER = "Universal Print Functions"
DEFAULT_MODEL = "Virtual"
type Table = Mapping[str, Any]


class FleetUnreadable(PrintFunctionsError):
    """A `fleet.toml` cannot be applied. `problems` holds one sentence for each fault, with its place in `file`."""

    def __init__(self, problems: Sequence[str], file: str = DEFAULT_FILE) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{file} needs attention:\n" + "\n".join(f"- {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class AttributesFile:
    """IPP printer attributes to give to a virtual printer: `body` as Graph takes it, `digest` to tell a change."""

    name: str
    body: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """What triggers start."""

    name: str
    app: str | None = None


@dataclass(frozen=True, slots=True)
class VirtualPrinter:
    """A printer without a device."""

    name: str
    id: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    trigger: bool | None = None
    accepting_jobs: bool = True
    attributes: AttributesFile | None = None
    capabilities: Table = field(default_factory=dict)
    defaults: Table = field(default_factory=dict)
    location: Table = field(default_factory=dict)
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A registered printer with a device."""

    name: str
    id: str | None = None
    trigger: bool | None = None
    defaults: Table = field(default_factory=dict)
    location: Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """A share. `printer` is None only where it is to be absent."""

    name: str
    printer: str | None
    id: str | None = None
    alias: str | None = None
    everyone: bool | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    exclusive: bool = False
    profile: str | None = None
    paused: bool = False
    accounts: tuple[str, ...] | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class PrinterGroup:
    """Printers that a policy chooses from, by name."""

    name: str
    printers: tuple[str, ...]


@dataclass(frozen=True)
class Fleet:
    """The whole file. The parts that functions read are in the words of the catalog, with names in place of ids.

    `file` is what messages call it.
    """

    task_definition: TaskDefinition | None = None
    document_conversion: bool | None = None
    virtual_printers: tuple[VirtualPrinter, ...] = ()
    printers: tuple[Device, ...] = ()
    profiles: Mapping[str, Table] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    printer_groups: tuple[PrinterGroup, ...] = ()
    policies: tuple[Table, ...] = ()
    delegates: tuple[Table, ...] = ()
    price_list: Table | None = None
    cost_centers: tuple[Table, ...] = ()
    licence_pool: Table | None = None
    file: str = field(default=DEFAULT_FILE, compare=False)

    @property
    def present_printers(self) -> tuple[VirtualPrinter | Device, ...]:
        """Every printer that is to be there, virtual ones first."""
        return (*(printer for printer in self.virtual_printers if not printer.absent), *self.printers)

    @property
    def all_printers(self) -> tuple[VirtualPrinter | Device, ...]:
        """Every printer that the file names, also to remove it."""
        return (*self.virtual_printers, *self.printers)

    def printer_named(self, name: str) -> VirtualPrinter | Device | None:
        """The printer of this name that is to be there."""
        return self._present_by_name.get(folded(name))

    @cached_property
    def _present_by_name(self) -> Mapping[str, VirtualPrinter | Device]:
        return {folded(printer.name): printer for printer in self.present_printers}

    def wants_trigger(self, entry: VirtualPrinter | Device) -> bool | None:
        """Whether the printer is to have a trigger: as written, else yes for a virtual one where there is what for."""
        if entry.trigger is None and isinstance(entry, VirtualPrinter) and self.task_definition is not None:
            return True
        return entry.trigger

    @property
    def present_shares(self) -> tuple[Share, ...]:
        """Every share that is to be there."""
        return tuple(share for share in self.shares if not share.absent)

    @property
    def user_names(self) -> tuple[str, ...]:
        """The people whose ids are needed, in lower case, each once."""
        named = [name for share in self.present_shares for name in share.users]
        named += [str(entry[key]) for entry in self.delegates for key in ("owner", "delegate")]
        return tuple(dict.fromkeys(name.lower() for name in named))

    @property
    def group_names(self) -> tuple[str, ...]:
        """The groups whose ids are needed, as written, each once."""
        named = [name for share in self.present_shares for name in share.groups]
        named += [name for rule in self.policies for name in rule.get("when", {}).get("groups", ())]
        named += [name for center in self.cost_centers for name in center.get("groups", ())]
        return tuple(dict.fromkeys(str(name) for name in named))


def folded(name: str) -> str:
    """A name as it is compared: without letter case, in one Unicode form."""
    return unicodedata.normalize("NFC", name).casefold()


def hint(name: str, known: Iterable[str]) -> str:
    """In brackets, which of the known names may have been meant; nothing where none is near."""
    names = {folded(each): each for each in known}
    near = difflib.get_close_matches(folded(name), list(names), n=1)
    return f" (did you mean {names[near[0]]!r}?)" if near else ""
