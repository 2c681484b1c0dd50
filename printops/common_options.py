"""The options that many commands have, worded in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="A local.settings.json.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
JsonLines = Annotated[bool, typer.Option("--json", help="As JSON lines, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Browser = Annotated[
    bool, typer.Option("--browser/--device-code", help="Sign in with this machine's browser, or anywhere by a code.")
]
PrinterName = Annotated[str, typer.Argument(metavar="PRINTER", help="The printer's name or id.")]
