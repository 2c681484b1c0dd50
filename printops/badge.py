"""`printops badge`: which badge is whose, and PINs for people without one."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from printops.common_options import SettingsFile
from printops.kiosk import kiosk_keys
from printops.session import console, run
from shared.kiosk.badge_file import BadgeRow, read_badges
from shared.kiosk.pins import check_pin
from shared.kiosk.registering import Registrar
from shared.services import Services
from shared.setting_values import user_principal_name
from shared.tasks.services import make_task_services

app = typer.Typer(no_args_is_help=True, help="Which badge is whose, and PINs.")

UserName = Annotated[str, typer.Argument(metavar="UPN", help="The person's user principal name.")]
UserId = Annotated[str, typer.Option("--user-id", help="The person's user id, so that Graph is not asked.")]


@app.command("import")
def import_badges(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with upn,badge[,pin] in UTF-8.")],
    user_id: Annotated[
        str, typer.Option("--user-id", help="Name of the column with user ids, so that Graph is not asked.")
    ] = "",
    settings_file: SettingsFile = None,
) -> None:
    """Add the badges and PINs of a file. Nothing is written unless every line is right; it can be run again."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read as UTF-8: {error}") from error

    async def work(registrar: Registrar) -> None:
        done = await registrar.register(read_badges(text, user_id or None))
        shown = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
        console.print(shown, highlight=False, markup=False)

    _run(work, settings_file)


@app.command("add")
def add(
    user: UserName,
    badge: Annotated[str, typer.Option(prompt=True, hide_input=True, help="As the reader gives it; asked for.")] = "",
    user_id: UserId = "",
    settings_file: SettingsFile = None,
) -> None:
    """Add a badge of a person: show it to the reader when asked."""

    async def work(registrar: Registrar) -> None:
        done = await registrar.register([BadgeRow(1, _name(user), badge=badge, user_id=user_id or None)])
        console.print("added" if done["badges added"] else "known already", highlight=False)

    _run(work, settings_file)


@app.command("pin")
def pin(
    user: UserName,
    remove: Annotated[bool, typer.Option("--remove", help="Take the PIN away.")] = False,
    user_id: UserId = "",
    settings_file: SettingsFile = None,
) -> None:
    """Set or remove a person's PIN; it is asked for."""
    typed = "" if remove else typer.prompt("PIN", hide_input=True, confirmation_prompt=True)

    async def work(registrar: Registrar) -> None:
        if remove:
            await registrar.remove_pin(_name(user))
        else:
            check_pin(typed)
            await registrar.register([BadgeRow(1, _name(user), pin=typed, user_id=user_id or None)])
        console.print("removed" if remove else "set", highlight=False)

    _run(work, settings_file)


@app.command("remove")
def remove_badge(
    user: Annotated[str, typer.Option("--user", help="All badges and the PIN of this person.")] = "",
    settings_file: SettingsFile = None,
) -> None:
    """Remove a badge, which is asked for, or everything of a person. Sessions that it began end with it."""
    badge = "" if user else typer.prompt("Badge", hide_input=True)

    async def work(registrar: Registrar) -> None:
        removed = await (registrar.remove_person(_name(user)) if user else registrar.remove_badge(badge))
        console.print(f"{removed} removed", highlight=False)

    _run(work, settings_file)


def _run(work: Callable[[Registrar], Awaitable[None]], settings_file: Path | None) -> None:
    async def with_registrar(services: Services) -> int:
        keys = kiosk_keys(services)
        graph = make_task_services(services).graph
        await work(Registrar(services.submissions.state, keys, graph.get_user, secrets.token_bytes))
        return 0

    run(with_registrar, settings_file)


def _name(user: str) -> str:
    try:
        return user_principal_name(user)
    except ValueError as error:
        raise typer.BadParameter(f"the name {error}") from error
