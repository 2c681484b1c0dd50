"""`printops definition`: the task definitions of this app registration, as the app itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from printops.administrator import app_client
from printops.common_options import Json, SettingsFile, Yes
from printops.confirming import confirm
from printops.named import only
from printops.session import console, run
from shared.errors import GraphConflict
from shared.graph.printer_changes import ChangeRefused
from shared.services import Services

app = typer.Typer(no_args_is_help=True, help="Task definitions: what a trigger starts. No administrator signs in.")


@app.command("list")
def list_definitions(as_json: Json = False, settings_file: SettingsFile = None) -> None:
    """Those that this app registration made; nobody sees those of another."""

    async def work(services: Services) -> int:
        table = Table("definition", "made by", "id")
        for definition in await app_client(services).task_definitions():
            if as_json:
                typer.echo(json.dumps(definition, ensure_ascii=False))
                continue
            made_by = (definition.get("createdBy") or {}).get("displayName") or ""
            table.add_row(str(definition.get("displayName")), str(made_by), str(definition.get("id")))
        if not as_json:
            console.print(table)
        return 0

    run(work, settings_file)


@app.command("create")
def create_definition(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, for administrators.")],
    creator: Annotated[str, typer.Option("--created-by", help="The name to show as its maker.")] = "Print Functions",
    as_json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """Make a task definition. One is enough for a tenant: any number of triggers may start it."""

    async def work(services: Services) -> int:
        client = app_client(services)
        known = [one for one in await client.task_definitions() if str(one.get("displayName")).lower() == name.lower()]
        if known:
            raise ChangeRefused(f"There is a task definition called {name} already: {known[0]['id']}.")
        made = await client.create_task_definition({"displayName": name, "createdBy": {"displayName": creator}})
        if as_json:
            typer.echo(json.dumps(made, ensure_ascii=False))
        else:
            console.print(
                f"{name} is made: {made['id']}\nNext: printops trigger create PRINTER --definition {made['id']}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
        return 0

    run(work, settings_file)


@app.command("delete")
def delete_definition(
    name: Annotated[str, typer.Argument(metavar="DEFINITION", help="Its name or id.")],
    yes: Yes = False,
    as_json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """Remove a task definition that no trigger starts any more."""

    async def work(services: Services) -> int:
        client = app_client(services)
        listed = await client.task_definitions()
        by_id = [one for one in listed if str(one.get("id")).lower() == name.lower()]
        found = by_id[0] if by_id else only(name, listed, "task definition", listed_by="printops definition list")
        confirm(str(found["displayName"]), yes=yes)
        try:
            await client.delete_task_definition(str(found["id"]))
        except GraphConflict as error:
            raise ChangeRefused(
                f"{found['displayName']} is still started by triggers: `printops trigger list` shows them, and "
                "`printops trigger delete` removes them."
            ) from error
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False))
        else:
            console.print(f"{found['displayName']} is gone", highlight=False, markup=False)
        return 0

    run(work, settings_file)
