"""What set-up asks of Graph: the calls of a Printer Administrator, and those of the app itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

type Object = Mapping[str, Any]


class Administrator(Protocol):
    """Graph delegated by a Printer Administrator. Objects are Graph's, by its own names."""

    async def printers(self, *, with_shares: bool = False) -> Sequence[Object]:
        """Every printer, without capabilities and defaults (Graph: print-list-printers)."""
        ...

    async def printer(self, printer_id: str, select: Sequence[str] | None = None) -> Object:
        """One printer with the properties that are named (Graph: printer-get)."""
        ...

    async def create_printer(self, display_name: str, manufacturer: str, model: str) -> Object:
        """Register a printer without a device, and wait until it is there (Graph: printer-create)."""
        ...

    async def update_printer(self, printer_id: str, body: Object) -> object:
        """Change displayName, location or defaults (Graph: printer-update)."""
        ...

    async def delete_printer(self, printer_id: str) -> None:
        """Unregister it (Graph: printer-delete)."""
        ...

    async def shares(self) -> Sequence[Object]:
        """Every share (Graph: print-list-shares)."""
        ...

    async def share(self, share_id: str) -> Object:
        """One share (Graph: printershare-get)."""
        ...

    async def printer_shares(self, printer_id: str) -> Sequence[Object]:
        """The shares of a printer, one at most (Graph: printer-list-shares)."""
        ...

    async def create_share(self, printer_id: str, display_name: str, allow_all_users: bool) -> Object:
        """Share a printer (Graph: print-post-shares)."""
        ...

    async def update_share(self, share_id: str, body: Object) -> object:
        """Change displayName or allowAllUsers, or the printer by `printer@odata.bind` (Graph: printershare-update)."""
        ...

    async def swap_printer(self, share_id: str, printer_id: str) -> object:
        """Put another printer behind the share (Graph: printershare-update)."""
        ...

    async def delete_share(self, share_id: str) -> None:
        """Remove the share (Graph: printershare-delete)."""
        ...

    async def allowed_users(self, share_id: str) -> Sequence[Object]:
        """The users who may print (Graph: printershare-list-allowedusers)."""
        ...

    async def allowed_groups(self, share_id: str) -> Sequence[Object]:
        """The groups whose people may print (Graph: printershare-list-allowedgroups)."""
        ...

    async def add_allowed_user(self, share_id: str, user_id: str) -> None:
        """Graph: printershare-post-allowedusers."""
        ...

    async def add_allowed_group(self, share_id: str, group_id: str) -> None:
        """Graph: printershare-post-allowedgroups."""
        ...

    async def remove_allowed_user(self, share_id: str, user_id: str) -> None:
        """Graph: printershare-delete-alloweduser."""
        ...

    async def remove_allowed_group(self, share_id: str, group_id: str) -> None:
        """Graph: printershare-delete-allowedgroup."""
        ...

    async def task_triggers(self, printer_id: str) -> Sequence[Object]:
        """The triggers of a printer, one at most (Graph: printer-list-tasktriggers)."""
        ...

    async def create_task_trigger(self, printer_id: str, definition_id: str) -> Object:
        """Graph: printer-post-tasktriggers."""
        ...

    async def delete_task_trigger(self, printer_id: str, trigger_id: str) -> None:
        """Graph: printer-delete-tasktrigger."""
        ...

    async def settings(self) -> Object:
        """The tenant's printSettings (Graph: print-get-settings)."""
        ...

    async def update_settings(self, body: Object) -> None:
        """Graph: print-update-settings."""
        ...

    async def user_id(self, user_principal_name: str) -> str | None:
        """The id of a user, None where there is none."""
        ...

    async def group_ids(self, display_name: str) -> Sequence[str]:
        """The ids of all groups of this name."""
        ...

    async def group_members(self, group_id: str) -> Sequence[str]:
        """The user principal names of a group's people, nested ones too (Graph: group-list-transitivemembers)."""
        ...


class AppSide(Protocol):
    """Graph as the app itself."""

    async def task_definitions(self) -> Sequence[Object]:
        """Those of this app (Graph: print-list-taskdefinitions)."""
        ...

    async def create_task_definition(self, body: Object) -> Object:
        """Graph: print-post-taskdefinitions."""
        ...

    async def update_virtual_printer(self, printer_id: str, body: Object) -> object:
        """Change a printer without a device by JSON (Graph: printer-update)."""
        ...

    async def send_attributes(self, printer_id: str, group: bytes) -> None:
        """Change a printer without a device by IPP attributes (Graph: printer-update)."""
        ...
