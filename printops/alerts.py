"""`printops alerts`: what is wrong now."""

from __future__ import annotations

import json

import typer
from rich.table import Column, Table

from printops.common_options import JsonLines, SettingsFile
from printops.session import console, run
from shared.alerts import in_force
from shared.services import Services


def alerts(
    as_json: JsonLines = False,
    settings_file: SettingsFile = None,
) -> None:
    """The alerts that are in force."""

    async def work(services: Services) -> int:
        found = await in_force(services.storage.state)
        if as_json:
            for name, text in found.items():
                typer.echo(json.dumps({"alert": name, "text": text}))
        elif found:
            table = Table("alert", Column("what to do", overflow="fold"))
            for name, text in found.items():
                table.add_row(name, text)
            console.print(table)
        else:
            console.print("no alerts", highlight=False)
        return 0

    run(work, settings_file)
