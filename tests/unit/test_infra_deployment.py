"""What follows provisioning, against an Azure CLI that is scripted: done once, done again, and done at last."""

from __future__ import annotations

import base64
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.deployment.azure_cli import CommandFailed, azure_cli
from infra.deployment.steps import (
    ATTEMPTS,
    LONGEST_WAIT_SECONDS,
    OUTPUTS,
    SECRETS,
    OutputsMissing,
    Target,
    deploy_package,
    make_secrets,
    persistently,
    read_target,
    subscribe_to_events,
)

TARGET = Target("rg-print", "func-print", "kv-print", "evgt-print", "stprint")


class ScriptedAzure:
    """Keeps a vault, and what it was told."""

    def __init__(self) -> None:
        self.vault: dict[str, str] = {}
        self.commands: list[list[str]] = []
        self.modes: list[int] = []
        self.files: list[Path] = []
        self.refuses: str | None = None

    def __call__(self, arguments: Sequence[str]) -> Any:
        command = list(arguments)
        self.commands.append(command)
        if self.refuses:
            raise CommandFailed(self.refuses)
        if command[:3] == ["keyvault", "secret", "show"]:
            name = command[command.index("--name") + 1]
            if name not in self.vault:
                raise CommandFailed(f"ERROR: (SecretNotFound) A secret with (name/id) {name} was not found")
            return f"https://kv-print/secrets/{name}"
        if command[:3] == ["keyvault", "secret", "set"]:
            file = Path(command[command.index("--file") + 1])
            self.files.append(file)
            self.modes.append(stat.S_IMODE(file.stat().st_mode))
            self.vault[command[command.index("--name") + 1]] = file.read_text()
        return None


def quiet(text: str) -> None:
    assert text


def test_secrets_are_made_once_and_never_changed() -> None:
    az = ScriptedAzure()
    make_secrets(TARGET, az, quiet, lambda size: b"\1" * size)
    assert set(az.vault) == set(SECRETS)
    assert all(len(base64.urlsafe_b64decode(value)) == 32 for value in az.vault.values())
    make_secrets(TARGET, az, quiet, lambda size: b"\2" * size)
    assert all(base64.urlsafe_b64decode(value) == b"\1" * 32 for value in az.vault.values())


def test_a_secret_is_in_no_argument_and_its_file_is_private_and_goes() -> None:
    az = ScriptedAzure()
    make_secrets(TARGET, az, quiet, lambda size: b"\1" * size)
    assert set(az.modes) == {0o600}
    assert not any(file.exists() for file in az.files)
    assert not any(value in argument for value in az.vault.values() for line in az.commands for argument in line)


def test_a_vault_that_cannot_be_read_is_not_written_to() -> None:
    az = ScriptedAzure()
    az.refuses = "ERROR: (Forbidden) Caller is not authorized to perform action on resource."
    with pytest.raises(CommandFailed, match="Forbidden"):
        make_secrets(TARGET, az, quiet, lambda size: b"\1" * size)
    assert az.vault == {}


def test_the_package_is_deployed_without_a_build_elsewhere() -> None:
    az = ScriptedAzure()
    deploy_package(TARGET, Path("dist/app.zip"), az, quiet)
    (command,) = az.commands
    assert command[command.index("--build-remote") + 1] == "false"
    assert command[command.index("--src") + 1] == str(Path("dist/app.zip"))
    assert {"rg-print", "func-print"} <= set(command)


def test_the_subscription_is_a_deployment_that_can_be_repeated() -> None:
    az = ScriptedAzure()
    subscribe_to_events(TARGET, Path("event-subscription.bicep"), az, quiet)
    (command,) = az.commands
    assert command[:3] == ["deployment", "group", "create"]
    assert {"topicName=evgt-print", "functionAppName=func-print", "storageName=stprint"} <= set(command)


def test_a_step_is_done_again_until_it_succeeds_with_waits_that_grow() -> None:
    waits: list[float] = []
    outcomes = [CommandFailed("roles are not there yet\nmore"), CommandFailed(""), None]
    said: list[str] = []

    def step() -> None:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    persistently(step, "deploying", said.append, waits.append)
    assert waits == [10, 20]
    assert "roles are not there yet" in said[0]


def test_a_step_that_never_succeeds_ends_with_its_error() -> None:
    waits: list[float] = []

    def step() -> None:
        raise CommandFailed("no such app")

    with pytest.raises(CommandFailed, match="no such app"):
        persistently(step, "deploying", quiet, waits.append)
    assert len(waits) == ATTEMPTS - 1
    assert max(waits) == LONGEST_WAIT_SECONDS


def test_all_missing_outputs_are_told_at_once() -> None:
    with pytest.raises(OutputsMissing, match="KEY_VAULT_NAME, EVENT_TOPIC_NAME"):
        read_target(dict.fromkeys(OUTPUTS, "x") | {"KEY_VAULT_NAME": "", "EVENT_TOPIC_NAME": ""})
    assert read_target(dict(zip(OUTPUTS, ("a", "b", "c", "d", "e"), strict=True))) == Target("a", "b", "c", "d", "e")


def test_without_the_azure_cli_the_way_to_it_is_told() -> None:
    with pytest.raises(CommandFailed, match="az login"):
        azure_cli("no-such-azure-cli")


@pytest.mark.skipif("sys.platform == 'win32'", reason="the script is for a POSIX shell")
def test_the_cli_answers_json_and_its_complaint_becomes_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "az"
    program.write_text('#!/bin/sh\nif [ "$1" = fail ]; then echo "it said no" >&2; exit 3; fi\necho "{\\"a\\": 1}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    az = azure_cli()
    assert az(["group", "show"]) == {"a": 1}
    with pytest.raises(CommandFailed, match="it said no"):
        az(["fail"])
