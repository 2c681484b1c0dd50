"""What the app itself sets up: its task definitions, and printers without a device, by JSON or IPP attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from shared.errors import GraphDenied
from shared.graph.application_calls import ApplicationCalls, segment
from shared.graph.printer_changes import By, ChangeRefused, check_printer_changes

IPP = "application/ipp"
# RFC 8010, 3.5.1: the delimiter of printer attributes, with which Graph's body begins (S2S sample).
_PRINTER_ATTRIBUTES = b"\x04"
# The least application permission of each operation (fact: Microsoft's permissions.json).
APPLICATION_NEEDS: Mapping[str, str] = {
    "get printer": "Printer.Read.All",
    "update printer": "Printer.ReadWrite.All",
    "list task definitions": "PrintTaskDefinition.ReadWrite.All",
    "create task definition": "PrintTaskDefinition.ReadWrite.All",
    "delete task definition": "PrintTaskDefinition.ReadWrite.All",
}


class ApplicationDenied(GraphDenied):
    """Graph refused the app itself; `message` says which permission that takes."""


class AppClient:
    """Calls Graph as the application. Raises ApplicationDenied and GraphError's other branches, NoReply and NotNow."""

    def __init__(self, calls: ApplicationCalls) -> None:
        self._calls = calls
        self._root = self._calls.base_url

    async def printer(self, printer_id: str, select: Sequence[str] | None = None) -> dict[str, Any]:
        """One printer, by its id: the app may not list them (Graph: printer-get)."""
        query = f"?$select={','.join(select)}" if select else ""
        with _explained("get printer"):
            return dict(
                await self._calls.run("get printer", "GET", f"{self._printer(printer_id)}{query}", repeatable=True)
            )

    async def update_virtual_printer(self, printer_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change a printer without a device (Graph: printer-update, application). Raises ChangeRefused."""
        check_printer_changes(body, By.APPLICATION, printer=printer_id)
        with _explained("update printer"):
            address = self._printer(printer_id)
            return dict(await self._calls.run("update printer", "PATCH", address, body, repeatable=True))

    async def send_attributes(self, printer_id: str, group: bytes) -> None:
        """Replace the values of these IPP attributes; others stay (Graph: printer-update, application/ipp).

        `group` is one group of printer attributes from its delimiter on, without an IPP header. Raises ChangeRefused.
        """
        if not group.startswith(_PRINTER_ATTRIBUTES) or len(group) == 1:
            raise ChangeRefused("Nothing was sent. Graph takes one group of IPP printer attributes, and no IPP header.")
        with _explained("update printer"):
            address = self._printer(printer_id)
            await self._calls.exchange("update printer", "PATCH", address, group, content_type=IPP, repeatable=True)

    async def task_definitions(self) -> list[dict[str, Any]]:
        """Those that this app registration made (Graph: print-list-taskdefinitions)."""
        with _explained("list task definitions"):
            found = self._calls.entries("list task definitions", f"{self._root}/print/taskDefinitions")
            return [dict(entry) async for entry in found]

    async def create_task_definition(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Graph: print-post-taskdefinitions; displayName and createdBy.displayName. Never repeated."""
        with _explained("create task definition"):
            address = f"{self._root}/print/taskDefinitions"
            return dict(await self._calls.run("create task definition", "POST", address, body, repeatable=False))

    async def delete_task_definition(self, definition_id: str) -> None:
        """Graph: print-delete-taskdefinition."""
        with _explained("delete task definition"):
            address = self._definition(definition_id)
            await self._calls.run("delete task definition", "DELETE", address, repeatable=True)

    def _printer(self, printer_id: str) -> str:
        return f"{self._root}/print/printers/{segment(printer_id)}"

    def _definition(self, definition_id: str) -> str:
        return f"{self._root}/print/taskDefinitions/{segment(definition_id)}"


@contextmanager
def _explained(operation: str) -> Iterator[None]:
    try:
        yield
    except GraphDenied as error:
        device = " It also takes a printer without a physical device." if operation == "update printer" else ""
        reason = (
            f"It takes the application permission {APPLICATION_NEEDS[operation]} of the app registration, consented to "
            f"by an administrator.{device}"
        )
        raise ApplicationDenied(
            operation, error.status, error.code, f"{error.message} {reason}".strip(), error.request_id
        ) from error
