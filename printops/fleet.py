"""`printops init`, `plan`, `apply`, `drift` and `catalog`: the tenant as `fleet.toml` says it should be."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from printops.administrator import Administered, Session, administered
from printops.common_options import Json, SettingsFile
from printops.session import console, ensure_state_container, errors, run
from shared.errors import PrintFunctionsError
from shared.fleet.applying import Outcome, apply
from shared.fleet.graph_tenancy import GraphTenancy
from shared.fleet.initial import first_fleet
from shared.fleet.model import DEFAULT_FILE, Fleet
from shared.fleet.operations import SURVEY, to_apply, to_plan
from shared.fleet.planning import plan
from shared.fleet.reading import parse_fleet
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Tenant
from shared.names import CATALOG_PATH
from shared.services import Services

DIFFERS = 2
FLEET_FILE = Path(DEFAULT_FILE)
FleetFile = Annotated[Path, typer.Option("--file", "-f", help="The file that says what the tenant should be.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also before what people notice.")]

catalog_app = typer.Typer(no_args_is_help=True, help="The published catalog, which is what the functions read.")


@administered
def init(file: FleetFile = FLEET_FILE) -> Administered:
    """Write a fleet.toml from what the tenant has. Changes nothing in the tenant, and no file that is there."""
    if file.exists():
        raise typer.BadParameter(f"{file} is there already. Move it, or name another with --file.")

    async def work(session: Session) -> int:
        tenancy = await tenancy_of(session)
        text = first_fleet(await tenancy.read_whole())
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise PrintFunctionsError(f"{file} cannot be written: {error.strerror}.") from error
        _say(f"{file} says what the tenant has. Change it, then see what would change: {_with_file('plan', file)}")
        return 0

    return Administered(SURVEY, work)


@administered
def show_plan(file: FleetFile = FLEET_FILE, as_json: Json = False) -> Administered:
    """Show what would change, and the permission and role of each step. Changes nothing."""
    fleet = read_fleet(file)

    async def work(session: Session) -> int:
        await _planned(fleet, session, as_json=as_json)
        return 0

    return Administered(to_plan(fleet), work)


@administered
def drift(file: FleetFile = FLEET_FILE, as_json: Json = False) -> Administered:
    """Tell whether the tenant is as the file says. Exit codes: 0 it is, 2 something differs, 1 it cannot be told."""
    fleet = read_fleet(file)

    async def work(session: Session) -> int:
        return DIFFERS if await _planned(fleet, session, as_json=as_json) else 0

    return Administered(to_plan(fleet), work)


@administered
def apply_fleet(file: FleetFile = FLEET_FILE, yes: Yes = False) -> Administered:
    """Make the tenant what the file says, and publish the catalog. Asks before anything that people notice."""
    fleet = read_fleet(file)

    async def work(session: Session) -> int:
        return await _run_steps(fleet, session, yes=yes)

    return Administered(to_apply(fleet), work)


@catalog_app.command("publish")
@administered
def publish(file: FleetFile = FLEET_FILE, yes: Yes = False) -> Administered:
    """Publish the catalog alone. Refused where the tenant is not as the file says: `apply` does it all."""
    fleet = read_fleet(file)

    async def work(session: Session) -> int:
        return await _run_steps(fleet, session, yes=yes, catalog_alone=True)

    return Administered(to_plan(fleet), work)


@catalog_app.command("show")
def show(settings_file: SettingsFile = None) -> None:
    """Print the catalog that is published."""

    async def work(services: Services) -> int:
        stored = await services.submissions.state.read(CATALOG_PATH)
        if stored is None:
            raise PrintFunctionsError(f"No {CATALOG_PATH} is published yet: python -m printops apply")
        typer.echo(stored.content.decode())
        return 0

    run(work, settings_file)


def read_fleet(file: Path) -> Fleet:
    """The fleet in a file; files that it names lie beside it. Raises PrintFunctionsError, mostly FleetUnreadable."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        advice = f"Write one from what the tenant has: {_with_file('init', file)}"
        raise PrintFunctionsError(f"There is no {file}. {advice}") from error
    except OSError as error:
        raise PrintFunctionsError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeError as error:
        raise PrintFunctionsError(f"{file} is no text in UTF-8, which TOML is. Save it as that.") from error
    return parse_fleet(text, lambda name: (file.parent / name).read_text("utf-8"), str(file))


async def tenancy_of(session: Session) -> GraphTenancy:
    """The tenant that the session's clients see, and its storage."""
    await ensure_state_container(session.services)
    core = session.services.submissions
    return GraphTenancy(session.admin, session.app, core.state, now=core.now, sleep=core.sleep)


def _with_file(command: str, file: Path) -> str:
    """The command with the option that names the file, where it takes one."""
    return f"python -m printops {command}" + (f" --file {shlex.quote(str(file))}" if file != FLEET_FILE else "")


async def _planned(fleet: Fleet, session: Session, *, as_json: bool) -> Sequence[Step]:
    tenancy = await tenancy_of(session)
    steps = plan(fleet, await tenancy.read(fleet))
    if as_json:
        typer.echo(json.dumps({"steps": [_as_json(step) for step in steps]}, ensure_ascii=False))
    else:
        _show(steps)
    return steps


async def _run_steps(fleet: Fleet, session: Session, *, yes: bool, catalog_alone: bool = False) -> int:
    tenancy = await tenancy_of(session)
    tenant = await tenancy.read(fleet)
    steps = plan(fleet, tenant)
    _show(steps)
    if catalog_alone and any(step.kind is not Kind.PUBLISH for step in steps):
        raise PrintFunctionsError("The tenant is not as the file says, so nothing was published. Apply the file.")
    noticed = any(step.noticed for step in steps)
    if noticed and not yes and not typer.confirm("People will notice this. Go on?"):
        _say("Nothing was changed.")
        return 1
    if steps:
        await _applied(fleet, tenancy, tenant, steps, confirmed=noticed or yes)
    return 0


async def _applied(
    fleet: Fleet, tenancy: GraphTenancy, tenant: Tenant, steps: Sequence[Step], *, confirmed: bool
) -> None:
    done = 0

    def told(step: Step, outcome: Outcome) -> None:
        nonlocal done
        done += 1
        _say(f"[{done}/{len(steps)}] {step.sentence}{' (was done already)' if outcome is Outcome.ALREADY else ''}")

    try:
        await apply(fleet, tenancy, tenant, steps, confirmed=confirmed, told=told)
    except (PrintFunctionsError, asyncio.CancelledError):
        left = f"{done} of {len(steps)} steps are done. Apply again: it goes on from here."
        errors.print(left, style="yellow", highlight=False, markup=False)
        raise
    _say("The tenant is as the file says.")


def _show(steps: Sequence[Step]) -> None:
    if not steps:
        _say("Nothing to do: the tenant is as the file says.")
        return
    for number, step in enumerate(steps, 1):
        _say(f"{number:3}. {step.sentence}{'  [people notice]' if step.noticed else ''}")
        console.print(f"     needs {step.needs}", style="dim", highlight=False, markup=False)


def _as_json(step: Step) -> dict[str, Any]:
    needs = {"permission": step.needs.permission, "role": step.needs.role}
    return {
        "kind": step.kind,
        "subject": step.subject,
        "sentence": step.sentence,
        "needs": needs,
        "noticed": step.noticed,
    }


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False)
