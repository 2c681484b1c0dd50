"""Reads what is sent to the control interface."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from emulator.universal_print.world import Printer, User, World


class ControlError(Exception):
    """A request that makes no sense; answered with `status` and the message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def json_of(request: Request) -> Any:
    """The body; an empty one is an empty object. Raises ControlError."""
    content = await request.body()
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise ControlError("The body is not JSON.") from None


async def object_of(request: Request) -> dict[str, Any]:
    """The body, which must be an object. Raises ControlError."""
    body = await json_of(request)
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def seconds_of(body: dict[str, Any], name: str) -> float:
    """A number of seconds, 0 where there is none. Raises ControlError."""
    value = body.get(name, 0)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ControlError(f"{name} must be a number of seconds.")
    return float(value)


def user_of(world: World, name: str) -> User:
    """The user of that id or user principal name. Raises ControlError 404."""
    user = world.user_named(name)
    if user is None:
        raise ControlError(f"There is no user {name}.", 404)
    return user


def printer_of(world: World, name: str) -> Printer:
    """The printer of that id or display name. Raises ControlError 404."""
    printers = world.printers
    found = printers.get(name) or next((one for one in printers.values() if one.display_name == name), None)
    if found is None:
        raise ControlError(f"There is no printer {name}.", 404)
    return found
