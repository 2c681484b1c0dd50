"""`printops app`: makes the app registration with the permissions that the product needs, and checks it."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from printops import administrator as signing_in
from printops import app_options as options
from printops.app_options import Proof, Target
from printops.common_options import Browser, Json, SettingsFile
from printops.local_settings import check_writable, put
from printops.session import console, errors, guarded
from shared.accounts.sign_in import Acquire
from shared.directory.applying import Applying, NotAllowed
from shared.directory.client import DirectoryClient
from shared.directory.plan import (
    PERMISSIONS_TO_CHECK,
    PERMISSIONS_TO_CREATE,
    Action,
    Step,
    lacks_proof,
    plan,
    remarks,
    surplus,
)
from shared.directory.registration import Registration, Resource
from shared.directory.wanted import DirectoryProblem, Identity, Wanted, chosen_parts, reasons, trust_of
from shared.errors import GraphDenied, PrintFunctionsError
from shared.graph.admin_token import AdministratorTokens
from shared.graph.application_calls import ApplicationCalls
from shared.permissions import Kind, Part
from shared.services import CONNECT_SECONDS
from shared.settings import DEFAULT_GRAPH_AUTHORITY, DEFAULT_GRAPH_BASE_URL

DIFFERS = 2

app = typer.Typer(no_args_is_help=True, help="The app registration of the functions and the print accounts.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command is about."""

    target: Target
    parts: frozenset[Part]
    proof: Proof
    sign_in: Acquire
    administrator: str
    secret: bool = False
    another_secret: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What the app should be, what it is, and the steps from the one to the other."""

    asked: Asked
    directory: DirectoryClient
    tenant_id: str
    wanted: Wanted
    identity: Identity | None
    resource: Resource
    found: Registration | None
    steps: Sequence[Step]


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
        async with _surveyed(asked, PERMISSIONS_TO_CREATE) as survey:
            return await _create(survey, write, yes=yes)

    raise typer.Exit(guarded(work))


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
        async with _surveyed(asked, PERMISSIONS_TO_CHECK) as survey:
            if as_json:
                typer.echo(json.dumps(_as_json(survey), ensure_ascii=False))
            else:
                _show(survey)
            unproved = lacks_proof(survey.wanted, survey.found, _now())
            return DIFFERS if survey.steps or unproved else 0

    raise typer.Exit(guarded(work))


@asynccontextmanager
async def _surveyed(asked: Asked, permissions: Sequence[str]) -> AsyncIterator[Survey]:
    """Sign in, and read what there is. Raises PrintFunctionsError."""
    import httpx

    settings = asked.target.settings
    context = ssl.create_default_context()
    if settings.graph_ca_bundle:
        context.load_verify_locations(settings.graph_ca_bundle)
    timeout = httpx.Timeout(settings.bounds.graph_timeout_seconds, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(verify=context, timeout=timeout) as http:
        tokens = AdministratorTokens(
            settings, permissions, asked.sign_in, now=_now, administrator=asked.administrator.strip() or None
        )
        calls = ApplicationCalls(
            *(settings.graph_base_url, http, tokens),
            bounds=settings.bounds,
            sleep=asyncio.sleep,
            random=random.random,
        )
        directory = DirectoryClient(calls)
        try:
            survey = await _survey(asked, directory, tokens)
        except GraphDenied as error:
            raise NotAllowed(
                f"You may not read the tenant's app registrations ({error.operation}: {error.message}). It takes the "
                "directory role Cloud Application Administrator, or to check alone Global Reader."
            ) from error
        yield survey


async def _survey(asked: Asked, directory: DirectoryClient, tokens: AdministratorTokens) -> Survey:
    target, proof = asked.target, asked.proof
    resource = await directory.resource()
    tenant_id = tokens.tenant_id or target.settings.graph_tenant_id
    identity = await directory.identity(proof.identity_id) if proof.identity_id else None
    found = await directory.find(client_id=target.client_id, name=target.name)
    if found is None and target.client_id is not None:
        raise DirectoryProblem(
            f"The tenant {tenant_id} has no app registration with the client id {target.client_id}. If it was made a "
            "moment ago, try again in a minute; else correct --app-id or GRAPH_CLIENT_ID, or make a new app by --name."
        )
    wanted = Wanted(
        found.display_name if found is not None else target.name,
        reasons(asked.parts),
        trust_of(identity, tenant_id, target.settings.graph_authority) if identity is not None else None,
        proof.certificate,
        asked.secret,
        asked.another_secret,
        asked.exact,
    )
    steps = plan(wanted, found, resource, _now())
    return Survey(asked, directory, tenant_id, wanted, identity, resource, found, steps)


async def _create(survey: Survey, write: Path | None, *, yes: bool) -> int:
    _show(survey)
    settings = _settings(survey, survey.found)
    if survey.steps:
        doubt = _doubt(survey)
        if doubt and yes:
            raise DirectoryProblem(f"Nothing was changed, because --yes asks nobody: {doubt}")
        if doubt:
            _say(f"Note: {doubt}")
        question = "Consent to this for the whole tenant?" if _consents(survey.steps) else "Go on?"
        if not yes and not typer.confirm(question):
            _say("Nothing was changed.")
            return 1
        settings = await _applied(survey, write)
    if write is not None:
        put(write, settings)
        _say(f"{write} has {', '.join(settings)}.")
    else:
        _say("Settings:")
        for name, value in settings.items():
            typer.echo(f"{name}={value}")
    if survey.wanted.certificate is not None and survey.asked.proof.certificate_file is None:
        _say("Set GRAPH_CLIENT_CERTIFICATE_PATH to the file that has the certificate and its key.")
    return 0


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
        _now,
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


def _doubt(survey: Survey) -> str:
    """Why consent may be given to somebody else's app; empty where nothing says so."""
    found = survey.found
    known = found is None or survey.asked.target.client_id is not None or found.was_trusted or found.is_new(_now())
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
    for remark in remarks(wanted, found, survey.resource, _now()):
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
        "notes": remarks(wanted, found, resource, _now()),
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


def _now() -> datetime:
    return datetime.now(UTC)
