"""Runs a command as a signed-in administrator, with the permissions that it needs and no others."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from printops.common_options import Browser, SettingsFile
from printops.session import ensure_state_container, errors, run
from shared.accounts.sign_in import Acquire, by_browser, by_device_code
from shared.accounts.token_cache import TokenCacheStore
from shared.errors import PrintFunctionsError
from shared.graph.admin_client import AdminClient
from shared.graph.admin_permissions import least_permissions
from shared.graph.admin_token import AdministratorTokens
from shared.graph.app_client import AppClient
from shared.graph.application import ApplicationAccess
from shared.names import administrator_cache_path
from shared.sealing import Sealer
from shared.services import Services

Administrator = Annotated[
    str,
    typer.Option(
        "--administrator",
        metavar="NAME",
        envvar="PRINTOPS_ADMINISTRATOR",
        help="The administrator's user name; a remembered sign-in of this user is used.",
    ),
]
Remember = Annotated[
    bool, typer.Option("--remember", help="Keep the sign-in, encrypted, for the next command with --administrator.")
]
_OPTIONS = {
    "administrator": (Administrator, ""),
    "browser": (Browser, False),
    "remember": (Remember, False),
    "settings_file": (SettingsFile, None),
}

app = typer.Typer(no_args_is_help=True, help="Remembered sign-ins of administrators.")


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with: Graph as the administrator, Graph as the app itself, and everything else."""

    admin: AdminClient
    app: AppClient
    tokens: AdministratorTokens
    services: Services


type Work = Callable[[Session], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Administered:
    """What a command is going to do: the names of AdminClient's operations (see NEEDS), and the work itself."""

    operations: Sequence[str]
    work: Work


def administered(command: Callable[..., Administered]) -> Callable[..., None]:
    """A command that signs an administrator in; it gets the options of the sign-in and `--settings`."""

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> None:
        chosen = {name: arguments.pop(name) for name in _OPTIONS}
        try:
            todo = command(**arguments)
        except PrintFunctionsError as error:
            errors.print(str(error), style="red", highlight=False, markup=False)
            raise typer.Exit(1) from error

        async def work(services: Services) -> int:
            permissions = least_permissions(todo.operations)
            sign_in = {name: chosen[name] for name in ("administrator", "browser", "remember")}
            session = await open_session(services, permissions, **sign_in)
            code = await todo.work(session)
            _tell_remembered(session, remember=chosen["remember"])
            return code

        run(work, chosen["settings_file"])

    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _OPTIONS.items()
    ]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in signature.parameters.values()]
    # typer reads a command's options off its signature.
    vars(wrapped)["__signature__"] = signature.replace(parameters=[*parameters, *added], return_annotation=None)
    wrapped.__annotations__ = {one.name: one.annotation for one in (*parameters, *added)}
    del vars(wrapped)["__wrapped__"]
    return wrapped


async def open_session(
    services: Services, permissions: Sequence[str], *, administrator: str = "", browser: bool = False, remember: bool
) -> Session:
    """A session for these delegated permissions. Nobody signs in before the first call that needs it."""
    if remember:
        await ensure_state_container(services)
    tokens = AdministratorTokens(
        services.settings,
        permissions,
        acquire(administrator, browser=browser),
        now=_now,
        administrator=administrator.strip() or None,
        remembered=_remembered(services),
        remember=remember,
    )
    return Session(admin_client(services, tokens), app_client(services), tokens, services)


def admin_client(services: Services, tokens: AdministratorTokens) -> AdminClient:
    """Graph as the administrator whose tokens these are."""
    return AdminClient(services.calls(tokens), sleep=services.submissions.sleep, granted=tokens.granted)


def app_client(services: Services) -> AppClient:
    """Graph as the app itself."""
    return AppClient(services.calls(ApplicationAccess(services.settings, services.submissions.uploads)))


@app.command("forget")
def forget(
    name: Annotated[str, typer.Argument(help="The administrator's user name.")], settings_file: SettingsFile = None
) -> None:
    """Throw a remembered sign-in away."""

    async def work(services: Services) -> int:
        await services.storage.state.delete(administrator_cache_path(name.strip()))
        errors.print(f"No sign-in of {name} is remembered.", highlight=False, markup=False)
        return 0

    run(work, settings_file)


def told(message: str) -> None:
    """Show what a sign-in has to say; standard output is for what the command answers."""
    typer.echo(message, err=True)


def acquire(administrator: str, *, browser: bool) -> Acquire:
    """The way to sign in that the options name."""
    return by_browser(administrator, told) if browser else by_device_code(told)


def _remembered(services: Services) -> TokenCacheStore:
    sealer = Sealer(services.settings.token_cache_keys)
    return TokenCacheStore(services.storage.state, sealer, _now, administrator_cache_path)


def _tell_remembered(session: Session, *, remember: bool) -> None:
    if remember and session.tokens.user_principal_name:
        name = session.tokens.user_principal_name
        told(f"The sign-in of {name} is remembered, encrypted: use --administrator {name}.")


def _now() -> datetime:
    return datetime.now(UTC)
