"""The emulator's own HTTP interface, on the loopback only: faults, clock, printers, sign-ins, log and state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

if TYPE_CHECKING:
    from emulator.universal_print.server import Emulator


def routes(emulator: Emulator) -> list[BaseRoute]:
    """Every route below `/emulator`, and the page."""
    return []
