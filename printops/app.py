"""`printops app`: makes the app registration with the permissions that the product needs, and checks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from printops import administrator as signing_in
from printops import app_options as options
from printops.app_survey import Asked, Survey, now, surveyed
from printops.common_options import Browser, Json, SettingsFile
from printops.local_settings import check_writable, put
from printops.session import console, errors, guarded
from shared.directory.applying import Applying, NotAllowed
from shared.directory.plan import (
    PERMISSIONS_TO_CHECK,
    PERMISSIONS_TO_CREATE,
    Action,
    Step,
    lacks_proof,
    remarks,
    surplus,
)
from shared.directory.registration import Registration
from shared.directory.wanted import DirectoryProblem, chosen_parts
from shared.errors import PrintFunctionsError
from shared.permissions import Kind
from shared.settings import DEFAULT_GRAPH_AUTHORITY, DEFAULT_GRAPH_BASE_URL

DIFFERS = 2

app = typer.Typer(no_args_is_help=True, help="The app registration of the functions and the print accounts.")


@app.command("create")
def create(
    tenant: options.TenantOption = "",
    cloud: options.CloudOption = None,
    app_id: options.AppIdOption = "",
    name: options.NameOption = "",
    with_parts: options.WithOption = [],  # noqa: B006 - typer reads it, nobody changes it
    without_parts: options.WithoutOption = [],  # noqa: B006 - likewise
    managed_identity: options.IdentityOption = "",
    certificate: options.CertificateOption = None,
    secret: Annotated[bool, typer.Option("--secret", help="Make a secret, for a trial, unless one is good.")] = False,
    new_secret: Annotated[bool, typer.Option("--new-secret", help="Make another secret in any case.")] = False,
    exact: options.ExactOption = False,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Put the settings into this local.settings.json.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also before consenting.")] = False,
    sign_in_client: options.SignInClientOption = "",
    administrator: options.AdministratorOption = "",
    browser: Browser = False,
    settings_file: SettingsFile = None,
) -> None:
    """Make the app registration, or what it lacks, and consent to its permissions. Shows first what would change.

    It can be interrupted and repeated, and takes nothing away without --exact.
    """

    async def work() -> int:
        asked = Asked(
            options.target(
                settings_file, tenant=tenant, cloud=cloud, app_id=app_id, name=name, sign_in_client=sign_in_client
            ),
            chosen_parts(with_parts, without_parts),
            options.proof(managed_identity, certificate),
            signing_in.acquire(administrator, browser=browser),
            administrator,
            secret,
            new_secret,
            exact,
        )
        if write is not None:
            check_writable(write)
        async with surveyed(asked, PERMISSIONS_TO_CREATE) as survey:
            return await _create(survey, write, yes=yes)

    raise typer.Exit(guarded(work, options.machine(settings_file, cloud)))


@app.command("check")
def check(
    tenant: options.TenantOption = "",
    cloud: options.CloudOption = None,
    app_id: options.AppIdOption = "",
    name: options.NameOption = "",
    with_parts: options.WithOption = [],  # noqa: B006 - typer reads it, nobody changes it
    without_parts: options.WithoutOption = [],  # noqa: B006 - likewise
    managed_identity: options.IdentityOption = "",
    certificate: options.CertificateOption = None,
    exact: options.ExactOption = False,
    as_json: Json = False,
    sign_in_client: options.SignInClientOption = "",
    administrator: options.AdministratorOption = "",
    browser: Browser = False,
    settings_file: SettingsFile = None,
) -> None:
    """Tell whether the app is as it should be. Exit codes: 0 it is, 2 something differs, 1 it cannot be told."""

    async def work() -> int:
        asked = Asked(
            options.target(
                settings_file, tenant=tenant, cloud=cloud, app_id=app_id, name=name, sign_in_client=sign_in_client
            ),
            chosen_parts(with_parts, without_parts),
            options.proof(managed_identity, certificate),
            signing_in.acquire(administrator, browser=browser),
            administrator,
            exact=exact,
        )
        async with surveyed(asked, PERMISSIONS_TO_CHECK) as survey:
            if as_json:
                typer.echo(json.dumps(_as_json(survey), ensure_ascii=False))
            else:
                _show(survey)
            unproved = lacks_proof(survey.wanted, survey.found, now())
            return DIFFERS if survey.steps or unproved else 0

    raise typer.Exit(guarded(work, options.machine(settings_file, cloud)))


async def _create(survey: Survey, write: Path | None, *, yes: bool) -> int:
    _show(survey)
    doubt = _doubt(survey)
    if doubt and yes:
        raise DirectoryProblem(f"Nothing was changed, because --yes asks nobody: {doubt}")
    agreed = survey if yes else await _agreed(survey, doubt)
    if agreed is None:
        _say("Nothing was changed.")
        return 1
    settings = await _applied(agreed, write) if agreed.steps else _settings(agreed, agreed.found)
    if write is not None:
        put(write, settings)
        _say(f"{write} has {', '.join(settings)}.")
    else:
        _say("Settings:")
        for name, value in settings.items():
            typer.echo(f"{name}={value}")
    if agreed.wanted.certificate is not None and agreed.asked.proof.certificate_file is None:
        _say("Set GRAPH_CLIENT_CERTIFICATE_PATH to the file that has the certificate and its key.")
    return 0


async def _agreed(survey: Survey, doubt: str) -> Survey | None:
    """What somebody agrees to, as the tenant is after the answer; None where nobody does."""
    shown = survey
    while shown.steps:
        if doubt:
            _say(f"Note: {doubt}")
        if not typer.confirm("Consent to this for the whole tenant?" if _consents(shown.steps) else "Go on?"):
            return None
        # A person takes time to answer, and somebody else may set up the same tenant.
        fresh = await shown.again()
        if fresh.asks_the_same_as(shown):
            return fresh
        _say("The tenant changed meanwhile, and nothing was done. This is how it is now:")
        _show(fresh)
        # One that was made since is somebody else's, whenever that was.
        shown, doubt = fresh, _doubt(fresh, may_be_own=survey.found is not None)
    return shown


async def _applied(survey: Survey, write: Path | None) -> dict[str, str]:
    """Do the steps; the settings to fill in. What cannot be shown again is written or shown at once."""
    done = 0
    secret: dict[str, str] = {}

    def told(step: Step, answer: Mapping[str, Any]) -> None:
        nonlocal done
        done += 1
        if step.action is Action.ADD_SECRET:
            secret["GRAPH_CLIENT_SECRET"] = str(answer["secretText"])
        if write is not None and step.action in {Action.CREATE_APP, Action.ADD_SECRET}:
            put(write, _settings(survey, applying.registration) | secret)
        _say(
            f"[{done}/{len(survey.steps)}] {step.sentence}{'' if answer or not _made(step) else ' (was there already)'}"
        )
        if write is None and step.action is Action.ADD_SECRET:
            _say("This secret is not shown again:")
            typer.echo(f"GRAPH_CLIENT_SECRET={secret['GRAPH_CLIENT_SECRET']}")

    def waiting(step: Step) -> None:
        _say(f"The directory does not know everywhere what was just made. Waiting to do this: {step.sentence}")

    applying = Applying(
        survey.directory,
        survey.wanted,
        survey.resource,
        survey.found,
        now,
        asyncio.sleep,
        told,
        waiting,
    )
    try:
        await applying.apply(survey.steps)
    except (PrintFunctionsError, asyncio.CancelledError) as error:
        _tell_left(survey, applying.registration, done, error)
        raise
    _say("The app registration is as it should be. It can take a minute until sign-ins have every permission.")
    return _settings(survey, applying.registration) | (secret if write is not None else {})


def _doubt(survey: Survey, *, may_be_own: bool = True) -> str:
    """Why consent may be given to somebody else's app; empty where nothing says so.

    A new one is taken for that of an interrupted run, where it `may_be_own`.
    """
    found = survey.found
    by_id = survey.asked.target.client_id is not None
    known = found is None or by_id or found.was_trusted or (may_be_own and found.is_new(now()))
    if known or found is None or not _consents(survey.steps):
        return ""
    return (
        f"the app {found.display_name!r} was found by its name, which anybody who may register apps can give, and "
        "whoever owns it gets what you consent to. Look at its owners and secrets; if it is yours, name it by "
        f"--app-id {found.client_id}."
    )


def _tell_left(survey: Survey, registration: Registration | None, done: int, error: BaseException) -> None:
    # An app that was just made may not be found by its name yet, and a second one would be made.
    by_id = f" with --app-id {registration.client_id}" if registration is not None else ""
    left = f"{done} of {len(survey.steps)} steps are done. Run the command again{by_id}: it goes on from here."
    if isinstance(error, NotAllowed) and registration is not None and _consents(survey.steps[done : done + 1]):
        page = f"{survey.asked.target.settings.graph_authority}/{survey.tenant_id}/adminconsent"
        left += (
            " Or let somebody with the role open the page that consents to all that is left: "
            f"{page}?client_id={registration.client_id}"
        )
    errors.print(left, style="yellow", highlight=False, markup=False)


def _settings(survey: Survey, registration: Registration | None) -> dict[str, str]:
    """The settings that follow from the app, without a secret."""
    settings = survey.asked.target.settings
    chosen = {"GRAPH_TENANT_ID": survey.tenant_id}
    if registration is not None:
        chosen["GRAPH_CLIENT_ID"] = registration.client_id
    if settings.graph_base_url != DEFAULT_GRAPH_BASE_URL:
        chosen["GRAPH_BASE_URL"] = settings.graph_base_url
    if settings.graph_authority != DEFAULT_GRAPH_AUTHORITY:
        chosen["GRAPH_AUTHORITY"] = settings.graph_authority
    if settings.graph_ca_bundle is not None:
        chosen["GRAPH_CA_BUNDLE"] = str(settings.graph_ca_bundle)
    if survey.identity is not None:
        chosen["GRAPH_FEDERATED_CLIENT_ID"] = survey.identity.client_id
    if survey.asked.proof.certificate_file is not None:
        chosen["GRAPH_CLIENT_CERTIFICATE_PATH"] = str(survey.asked.proof.certificate_file)
    return chosen


def _show(survey: Survey) -> None:
    found, wanted = survey.found, survey.wanted
    about = f"{wanted.name!r} ({found.client_id})" if found is not None else f"{wanted.name!r}, which is to be made"
    _say(f"Tenant {survey.tenant_id}, app registration {about}")
    for number, step in enumerate(survey.steps, 1):
        _say(f"{number:3}. {step.sentence}")
        for detail in step.details:
            _dim(f"     - {detail}")
        _dim(f"     needs {step.needs}")
    if not survey.steps:
        _say("Nothing to do: the app registration is as it should be.")
    for remark in remarks(wanted, found, survey.resource, now()):
        _say(f"Note: {remark}")


def _as_json(survey: Survey) -> dict[str, Any]:
    found, wanted, resource = survey.found, survey.wanted, survey.resource
    return {
        "tenantId": survey.tenant_id,
        "clientId": found.client_id if found is not None else None,
        "name": wanted.name,
        "needed": {kind: wanted.names(kind) for kind in Kind},
        "steps": [
            {
                "action": step.action,
                "subject": step.subject,
                "sentence": step.sentence,
                "details": step.details,
                "needs": {"permission": step.needs.permission, "role": step.needs.role},
            }
            for step in survey.steps
        ],
        "surplus": [{"kind": kind, "name": name} for kind, name in surplus(wanted, found, resource)],
        "notes": remarks(wanted, found, resource, now()),
    }


def _consents(steps: Sequence[Step]) -> bool:
    return any(step.is_consent for step in steps)


def _made(step: Step) -> bool:
    """Whether Graph answers with what the step made: an empty answer then means that it was there."""
    return step.action in {Action.CREATE_PRINCIPAL, Action.TRUST, Action.CONSENT_FOR_THE_APP}


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False)


def _dim(text: str) -> None:
    console.print(text, style="dim", highlight=False, markup=False)
