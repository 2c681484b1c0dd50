"""Whether the administrator who set the tenant up still may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.doctor.account_checks import explained
from shared.doctor.asked import Asked
from shared.doctor.finding import Finding, works
from shared.doctor.graph_errors import missing_permission
from shared.graph.admin_permissions import PRINTER_ADMINISTRATOR, lacking
from shared.permissions import Kind

# What doctor asks for as an administrator: nothing that changes anything.
OPERATIONS = ("list printers", "list task triggers", "get settings")


class AdministratorGraph(Protocol):
    """What is asked of Graph as an administrator; see `shared.graph.admin_client`."""

    async def printers(self) -> Sequence[Mapping[str, Any]]:
        """Every printer."""
        ...

    async def task_triggers(self, printer_id: str, *, with_definition: bool = False) -> Sequence[Mapping[str, Any]]:
        """The triggers of a printer."""
        ...

    async def settings(self) -> Mapping[str, Any]:
        """The tenant's print settings."""
        ...


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who is signed in: Graph as them, a token (raises where the sign-in failed), and what that may."""

    graph: AdministratorGraph
    sign_in: Callable[[], Awaitable[str]]
    granted: Callable[[], Collection[str]]

    def asked(self, client_id: str, subject: str = "") -> Asked:
        """As whom Graph is asked."""
        return Asked(Kind.DELEGATED, client_id, subject=subject, granted=frozenset(self.granted()))


async def check_sign_in(administrator: Administrator) -> Finding:
    """Whether somebody is signed in."""
    await administrator.sign_in()
    return works("an administrator is signed in")


async def check_permissions(administrator: Administrator, asked: Asked) -> Finding:
    """Whether the sign-in has what doctor reads with."""
    granted = administrator.granted()
    for operation in OPERATIONS:
        missing = lacking(operation, granted)
        if missing:
            return explained(missing_permission(operation, Kind.DELEGATED, missing, asked))
    await administrator.graph.settings()
    return works("the sign-in may read printers, triggers and settings")


async def check_role(administrator: Administrator) -> Finding:
    """Whether the user is a Printer Administrator now: only such a one may list printers."""
    printers = await administrator.graph.printers()
    return works(f"the role {PRINTER_ADMINISTRATOR} is active: {len(printers)} printers are listed")
