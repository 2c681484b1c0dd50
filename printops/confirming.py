"""Asks before something goes for good."""

from __future__ import annotations

import typer

from shared.errors import PrintFunctionsError


class NotConfirmed(PrintFunctionsError):
    """The person did not type the name; nothing was done."""


def confirm(name: str, *, yes: bool) -> None:
    """Let the person type the name, unless `yes`. Raises NotConfirmed."""
    if not yes and typer.prompt(f"Type {name} to delete it", default="", show_default=False, err=True).strip() != name:
        raise NotConfirmed("That is not its name. Nothing was done.")
