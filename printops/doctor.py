"""`printops doctor`: whether each thing that the system needs works, or the exact step that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from printops.administrator import open_session
from printops.common_options import Json, SettingsFile
from printops.session import LOCAL_SETTINGS, console, guarded, is_of_storage, read_environment
from shared.doctor.account_checks import share_of
from shared.doctor.administrator_checks import OPERATIONS, Administrator
from shared.doctor.examining import examine_all
from shared.doctor.finding import Finding, Line, exit_code, failed, skipped
from shared.doctor.ground import open_ground
from shared.doctor.on_this_machine import machine_of, mended_here
from shared.doctor.render import as_json, render
from shared.doctor.settings_checks import READ, check_settings, problem_line
from shared.doctor.trial_page import print_page
from shared.errors import PrintFunctionsError, SettingsError
from shared.graph.admin_permissions import least_permissions
from shared.services import Services, open_services


def doctor(
    administrator: Annotated[
        str,
        typer.Option(
            "--administrator",
            metavar="NAME",
            envvar="PRINTOPS_ADMINISTRATOR",
            help="Also try what takes a Printer Administrator: the role, and the triggers of virtual printers.",
        ),
    ] = "",
    browser: Annotated[
        bool, typer.Option("--browser/--device-code", help="How the administrator signs in, unless remembered.")
    ] = False,
    share: Annotated[
        str, typer.Option("--print", metavar="SHARE", help="At the end print one page to this share, for real.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the page is printed.")] = False,
    machine: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """Try every identity, permission, share, queue and setting for real; nothing is printed or changed.

    Exit codes: 0 nothing failed; 2 something is to be mended; 1 it could not be told.
    """
    environ = read_environment(settings_file)
    here = machine_of(environ, str(settings_file or LOCAL_SETTINGS))

    async def work() -> int:
        async with AsyncExitStack() as stack:
            lines, services = await _opened(environ, stack)
            if services is not None:
                who = await _administrator(services, administrator, browser=browser) if administrator.strip() else None
                lines += await examine_all(await open_ground(services, who))
                if share:
                    lines.append(Line("print.page", share, await _page(services, share, yes=yes)))
        _show([mended_here(line, here) for line in lines], machine=machine)
        return exit_code(lines)

    raise typer.Exit(guarded(work, here))


async def _opened(environ: Mapping[str, str], stack: AsyncExitStack) -> tuple[list[Line], Services | None]:
    """What the settings are like, and services where they can be opened with them."""
    settings, lines = check_settings(environ)
    if settings is not None:
        try:
            return lines, await open_services(environ, stack)
        except SettingsError as error:
            lines = [problem_line(problem) for problem in error.problems]
        except Exception as error:  # noqa: BLE001 - a connection string may be wrong in any way
            words = f"{type(error).__name__}: {error}"
            portal = "look at PrintStorage"
            lines = [Line(READ, "", failed(f"nothing can be opened with these settings: {words}", portal=portal))]
    unread = skipped(f"not tried, because {READ} failed")
    return [*lines, *(Line(f"{group}.all", "", unread) for group in ("storage", "application", "account"))], None


async def _administrator(services: Services, name: str, *, browser: bool) -> Administrator:
    """The administrator, signed in before the checks begin: a person takes longer than a check may."""
    session = await open_session(
        services, least_permissions(OPERATIONS), administrator=name, browser=browser, remember=False
    )
    refused: Exception | None = None
    try:
        await session.tokens.access_token()
    except PrintFunctionsError as error:
        refused = error
    except Exception as error:
        # A remembered sign-in lies in storage, which the checks that follow look at.
        if not is_of_storage(error):
            raise
        refused = error

    async def sign_in() -> str:
        if refused is not None:
            raise refused
        return await session.tokens.access_token()

    return Administrator(session.admin, sign_in, session.tokens.granted)


async def _page(services: Services, name: str, *, yes: bool) -> Finding:
    try:
        found = (await services.submissions.load_catalog()).find(name)
    except PrintFunctionsError as error:
        return failed(str(error), command="python -m printops apply")
    if found is None:
        return failed(f"the catalog names no share {name}", command="python -m printops share list")
    accounts = services.settings.print_accounts
    account = next((one for one in accounts if share_of(one, [found]) is not None), None)
    if account is None:
        return failed(f"no print account may use {found.alias}", portal="fleet.toml: `accounts` of the share")
    if not yes and not typer.confirm(f"Print a page to {found.alias} as {account}?", err=True):
        return skipped("nobody wanted the page")
    return await print_page(found, account, services)


def _show(lines: list[Line], *, machine: bool) -> None:
    if machine:
        typer.echo(as_json(lines))
        return
    for shown in render(lines):
        console.print(shown.text, style=shown.colour or None, highlight=False, markup=False, soft_wrap=True)
