"""What stands where a printer has no physical device: it accepts jobs and never prints (Graph: printer-create).

What it offers is what the app said last, as JSON or as IPP attributes (Graph: printer-update).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.universal_print.devices.capabilities import PrinterModel
from emulator.universal_print.devices.device import DeliveredDocument, DeviceReport, UnknownConditionError
from emulator.universal_print.devices.ipp_message import Attributes, Value
from emulator.universal_print.devices.ipp_update import changed_by

_CONDITION = "notAcceptingJobs"


class DevicelessPrinter:
    """A virtual printer, which offers what `model` does. Its jobs are for an app to redirect."""

    def __init__(self, name: str, model: PrinterModel) -> None:
        self.name = name
        self.manufacturer = model.manufacturer
        self.model = model.model
        self.capabilities: dict[str, Any] = dict(model.capabilities)
        self.defaults: dict[str, Any] = dict(model.defaults)
        self.is_accepting_jobs: bool | None = True
        self.status: dict[str, Any] = {"state": "idle", "details": [], "description": "The printer is ready."}
        self.attributes: dict[str, list[Value]] = {}

    @classmethod
    def unheard_of(cls, name: str, manufacturer: str, model: str) -> DevicelessPrinter:
        """A printer of which nothing but this is known: it has just been registered."""
        printer = cls(name, PrinterModel(manufacturer, model, {}, {}))
        printer.is_accepting_jobs = None
        printer.status = {"state": "unknown", "details": [], "description": ""}
        return printer

    def take_attributes(self, supplied: Attributes) -> set[str]:
        """Put IPP printer attributes in the place of those of the same name; the defaults that they changed."""
        self.attributes |= {name: list(values) for name, values in supplied.items()}
        update = changed_by(supplied, self.attributes)
        self.capabilities = _merged(self.capabilities, update.capabilities)
        self.defaults = _merged(self.defaults, update.defaults)
        self.status = {**self.status, **update.status}
        if update.is_accepting_jobs is not None:
            self.is_accepting_jobs = update.is_accepting_jobs
        return set(update.defaults)

    @property
    def conditions(self) -> dict[str, bool]:
        """The one condition that needs no device."""
        return {_CONDITION: not self.is_accepting_jobs}

    async def set_condition(self, name: str, on: bool) -> None:
        """Accept jobs or not. Raises UnknownConditionError."""
        if name != _CONDITION:
            raise UnknownConditionError(f"{name!r} is no condition of a virtual printer; there is: {_CONDITION}.")
        self.is_accepting_jobs = not on

    async def print(self, document: DeliveredDocument, report: Callable[[DeviceReport], None]) -> None:
        """Never called: the service hands no job to a printer without a device."""
        raise NotImplementedError(f"{self.name} has no device that could print {document.document_name}.")


def _merged(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (old | changes).items() if value is not None}
