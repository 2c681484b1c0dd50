"""Runs the Azure CLI."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, Protocol


class CommandFailed(Exception):
    """A command of the Azure CLI failed; the message is what it said."""


class NoUseToRepeat(CommandFailed):
    """A command failed for a reason that time does not mend; the message is what does."""


# What the CLI says, and what mends it.
_TO_BE_MENDED = {
    "az login": "The Azure CLI is not signed in, or its sign-in has ended: `az login`.",
    "doesn't exist in cloud": "The Azure CLI does not know azd's subscription: `az login` in its tenant and cloud.",
    "deleted but recoverable": "A secret of that name was deleted: bring it back by `az keyvault secret recover`.",
    "Public network access is disabled": "The vault is closed to this machine, as PRIVATE_NETWORKING asks: run "
    "`azd hooks run postprovision` on one that is in its network or peered with it.",
}


class AzureCli(Protocol):
    """What the steps ask of the Azure CLI."""

    def __call__(self, arguments: Sequence[str]) -> Any:
        """What the command answered as JSON, None where it answered nothing. Raises CommandFailed."""
        ...


def azure_cli(program: str = "az", subscription: str = "") -> AzureCli:
    """The CLI that is installed, in a subscription, or in its own default one. Raises CommandFailed where none is."""
    # On Windows it is a batch file, which only its full name starts.
    found = shutil.which(program)
    if found is None:
        raise CommandFailed("The Azure CLI is needed: https://aka.ms/azure-cli, then `az login`.")

    place = ["--subscription", subscription] if subscription else []

    def run(arguments: Sequence[str]) -> Any:
        command = [found, *arguments, *place, "--only-show-errors", "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            raise _failure(done.stderr.strip() or f"az ended with {done.returncode}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def _failure(said: str) -> CommandFailed:
    for words, mending in _TO_BE_MENDED.items():
        if words in said:
            return NoUseToRepeat(f"{said}\n{mending}")
    return CommandFailed(said)
