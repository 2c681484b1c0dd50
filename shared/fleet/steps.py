"""The steps of a plan: what each does, in the words of the file, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.fleet.model import AttributesFile

ADMINISTRATOR = "Printer Administrator"


@dataclass(frozen=True, slots=True)
class Need:
    """The permission that a step uses, and who uses it: a role of a person, or the app itself."""

    permission: str
    role: str | None = ADMINISTRATOR

    def __str__(self) -> str:
        return f"{self.permission} with the role {self.role}" if self.role else f"{self.permission} of the app itself"


PRINTER = Need("Printer.ReadWrite.All")
NEW_PRINTER = Need("Printer.Create")
REMOVED_PRINTER = Need("Printer.FullControl.All")
APP_PRINTER = Need("Printer.ReadWrite.All", None)
DEFINITION = Need("PrintTaskDefinition.ReadWrite.All", None)
SHARE = Need("PrinterShare.ReadWrite.All")
SETTINGS = Need("PrintSettings.ReadWrite.All")
STORAGE = Need("access to the container print-state", "Storage Blob Data Contributor")


class Kind(StrEnum):
    """The kinds of steps."""

    CHANGE_SETTINGS = "changeSettings"
    CREATE_DEFINITION = "createTaskDefinition"
    CREATE_PRINTER = "createVirtualPrinter"
    UPDATE_PRINTER = "updatePrinter"
    SEND_ATTRIBUTES = "sendAttributes"
    UPDATE_VIRTUAL = "updateVirtualPrinter"
    DELETE_TRIGGER = "deleteTrigger"
    CREATE_TRIGGER = "createTrigger"
    DELETE_SHARE = "deleteShare"
    UPDATE_SHARE = "updateShare"
    SWAP_PRINTER = "swapPrinter"
    CREATE_SHARE = "createShare"
    CHANGE_EVERYONE = "changeEveryone"
    ADD_USER = "addUser"
    ADD_GROUP = "addGroup"
    REMOVE_USER = "removeUser"
    REMOVE_GROUP = "removeGroup"
    DELETE_PRINTER = "deletePrinter"
    PUBLISH = "publishCatalog"


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `subject` is the name in the file, `detail` what else tells two steps of a kind apart.

    The ids are None where the object is made by a step before; `body` is what Graph is sent, in its own names, or
    the catalog. `noticed` says whether people see the change.
    """

    kind: Kind
    subject: str
    sentence: str
    needs: Need
    noticed: bool = False
    detail: str = ""
    printer_id: str | None = None
    share_id: str | None = None
    other_id: str | None = None
    body: Mapping[str, Any] | None = None
    attributes: AttributesFile | None = None

    @property
    def key(self) -> tuple[Kind, str, str]:
        """What a step is known by when the plan is made anew."""
        return self.kind, self.subject, self.detail
