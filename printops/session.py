"""Runs one command with settings and clients, and turns errors into one clean sentence and exit code 1."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TextIO

import typer
from rich.console import Console

from shared.doctor.explain import explain
from shared.doctor.finding import Line, failed
from shared.doctor.on_this_machine import Machine, machine_of, mended_here
from shared.errors import PrintFunctionsError
from shared.names import STATE
from shared.services import Services, open_services

LOCAL_SETTINGS = Path("local.settings.json")

# In a pipe a sentence stays one line, so that a program can look for it; tables need some width there.
PIPE_WIDTH = 160


def _console(stream: TextIO, *, to_errors: bool) -> Console:
    # Names of printers and documents may hold what rich would take for its markup.
    if stream.isatty():
        return Console(stderr=to_errors, markup=False, emoji=False)
    return Console(stderr=to_errors, soft_wrap=True, width=PIPE_WIDTH, markup=False, emoji=False)


console = _console(sys.stdout, to_errors=False)
errors = _console(sys.stderr, to_errors=True)


def run(work: Callable[[Services], Awaitable[int]], settings_file: Path | None) -> None:
    """Run `work` with open services, then leave with the exit code that it returns."""
    environ = read_environment(settings_file)

    async def with_services() -> int:
        async with AsyncExitStack() as stack:
            return await work(await open_services(environ, stack))

    raise typer.Exit(guarded(with_services, machine_of(environ, str(settings_file or LOCAL_SETTINGS))))


def guarded(work: Callable[[], Awaitable[int]], machine: Machine | None = None) -> int:
    """The exit code of `work`; 1 with a sentence on standard error where one of our errors, or storage, ended it.

    `machine` is where the step that mends it is to be taken.
    """
    try:
        return asyncio.run(_awaited(work))
    except PrintFunctionsError as error:
        tell_error(error, machine)
    except Exception as error:
        if not is_of_storage(error):
            raise
        tell_error(error, machine)
    return 1


def is_of_storage(error: Exception) -> bool:
    """Whether the SDK of storage raised it: storage refused, or did not answer."""
    from azure.core.exceptions import AzureError

    return isinstance(error, AzureError)


def tell_error(error: Exception, machine: Machine | None = None) -> None:
    """Show an error on standard error and, where it is one that people meet, the step that mends it."""
    found = explain(error)
    if isinstance(error, PrintFunctionsError):
        said = str(error)
    else:
        said = found.what if found is not None else f"storage refused: {str(error).partition(chr(10))[0]}"
    errors.print(said, style="red", highlight=False, markup=False)
    if found is None:
        return
    step = failed(found.what, portal=found.portal, command=found.command, cause=found.cause)
    if machine is not None:
        group = "storage" if is_of_storage(error) else "command"
        step = mended_here(Line(group, "", step), machine).finding
    if step.remedy:
        errors.print(f"To mend it: {step.remedy}", highlight=False, markup=False, soft_wrap=True)


def read_environment(settings_file: Path | None) -> Mapping[str, str]:
    """The environment over the values of a `local.settings.json`. Raises typer.BadParameter for an unreadable file."""
    path = settings_file or LOCAL_SETTINGS
    if settings_file is None and not path.exists():
        return os.environ
    try:
        document = json.loads(path.read_text("utf-8"))
        values = {str(name): str(value) for name, value in document["Values"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise typer.BadParameter(f"{path} is no settings file with Values: {error}") from error
    return {**values, **os.environ}


async def ensure_state_container(services: Services) -> None:
    """Make the container of the state: a command may come before anything else that makes it."""
    from azure.core.exceptions import ResourceExistsError

    try:
        await services.storage.container(STATE).create_container()
    except ResourceExistsError:
        return


async def _awaited(work: Callable[[], Awaitable[int]]) -> int:
    return await work()


def shown_waiting(waiting: Mapping[str, Any] | None) -> str:
    """Why a submission waits, or nothing."""
    return f"{waiting.get('code')} until {waiting.get('until')}: {waiting.get('reason')}" if waiting else ""
