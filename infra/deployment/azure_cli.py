"""Runs the Azure CLI."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, Protocol


class CommandFailed(Exception):
    """A command of the Azure CLI failed; the message is what it said."""


class AzureCli(Protocol):
    """What the steps ask of the Azure CLI."""

    def __call__(self, arguments: Sequence[str]) -> Any:
        """What the command answered as JSON, None where it answered nothing. Raises CommandFailed."""
        ...


def azure_cli(program: str = "az") -> AzureCli:
    """The CLI that is installed. Raises CommandFailed where none is."""
    # On Windows it is a batch file, which only its full name starts.
    found = shutil.which(program)
    if found is None:
        raise CommandFailed("The Azure CLI is needed: https://aka.ms/azure-cli, then `az login`.")

    def run(arguments: Sequence[str]) -> Any:
        command = [found, *arguments, "--only-show-errors", "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            raise CommandFailed(done.stderr.strip() or f"az ended with {done.returncode}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run
