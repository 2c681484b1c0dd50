"""What stands where a printer has no physical device: it accepts jobs and never prints (Graph: printer-create)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.universal_print.devices.capabilities import PrinterModel
from emulator.universal_print.devices.device import DeliveredDocument, DeviceReport, UnknownConditionError

_CONDITION = "notAcceptingJobs"


class DevicelessPrinter:
    """A virtual printer, which offers what `model` does. Its jobs are for an app to redirect."""

    def __init__(self, name: str, model: PrinterModel) -> None:
        self.name = name
        self.manufacturer = model.manufacturer
        self.model = model.model
        self.capabilities: dict[str, Any] = model.capabilities
        self.defaults: dict[str, Any] = model.defaults
        self.is_accepting_jobs = True

    @property
    def status(self) -> dict[str, Any]:
        """Graph: printerStatus."""
        return {"state": "idle", "details": [], "description": "The printer is ready."}

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
