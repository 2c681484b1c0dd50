"""What follows provisioning, against an Azure CLI that is scripted: done once, done again, and done at last."""

from __future__ import annotations

import base64
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.deployment.__main__ import main as deploy
from infra.deployment.azure_cli import CommandFailed, NoUseToRepeat
from infra.deployment.steps import (
    ATTEMPTS,
    LONGEST_WAIT_SECONDS,
    OUTPUTS,
    SECRETS,
    Grant,
    OutputsMissing,
    Target,
    deploy_package,
    grant_permissions,
    make_secrets,
    persistently,
    read_grant,
    read_secrets_anew,
    read_target,
    subscribe_to_events,
)
from tests.support import bicep

TARGET = Target("rg-print", "func-print", "kv-print", "evgt-print", "stprint")


class ScriptedAzure:
    """Keeps a vault, and what it was told."""

    def __init__(self) -> None:
        self.vault: dict[str, str] = {}
        self.commands: list[list[str]] = []
        self.modes: list[int] = []
        self.files: list[Path] = []
        self.refuses: str | None = None
        # Before the app is told to read the vault anew, it says of each setting what it found when it was made.
        self.read: dict[str, str] = {"TOKEN_CACHE_KEY": "SecretNotFound", "KIOSK_KEY": "SecretNotFound"}

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
        if command[:2] == ["functionapp", "show"]:
            return "/subscriptions/b7a4/sites/func-print"
        if command[0] == "rest":
            return self.rest(command[command.index("--method") + 1], command[command.index("--url") + 1])
        return None

    def rest(self, method: str, url: str) -> Any:
        references = "/subscriptions/b7a4/sites/func-print/config/configreferences/appsettings"
        path, _, query = url.partition("?")
        assert query.startswith("api-version=")
        if (method, path) == ("post", f"{references}/refresh"):
            self.read = dict.fromkeys(self.read, "Resolved")
            return None
        assert (method, path) == ("get", references)
        return {"value": [{"name": name, "properties": {"status": status}} for name, status in self.read.items()]}


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


def test_the_app_is_told_that_its_secrets_are_there_now() -> None:
    az, said = ScriptedAzure(), list[str]()
    read_secrets_anew(TARGET, az, said.append)
    assert set(az.read.values()) == {"Resolved"}
    assert said == ["the app reads 2 settings from the vault"]


def test_a_setting_that_the_app_cannot_read_is_named_with_why(monkeypatch: pytest.MonkeyPatch) -> None:
    az = ScriptedAzure()
    monkeypatch.setattr(
        az,
        "rest",
        lambda *_: {
            "value": [
                {"name": "KIOSK_KEY", "properties": {"status": "AccessToKeyVaultDenied"}},
                {"name": "TOKEN_CACHE_KEY", "properties": {"status": "Resolved"}},
            ]
        },
    )
    with pytest.raises(CommandFailed, match=r"vault: KIOSK_KEY \(AccessToKeyVaultDenied\)$"):
        read_secrets_anew(TARGET, az, quiet)


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"value": None}, {"value": [{"name": "KIOSK_KEY"}]}, {"value": [{"properties": None}]}]
)
def test_an_answer_of_another_form_is_a_failure_that_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    az = ScriptedAzure()
    monkeypatch.setattr(az, "rest", lambda *_: answer)
    with pytest.raises(CommandFailed, match="the app's references could not be read: "):
        read_secrets_anew(TARGET, az, quiet)


def test_the_code_is_deployed_to_an_app_that_has_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    az = ScriptedAzure()
    monkeypatch.setattr("infra.deployment.__main__.azure_cli", lambda **_: az)
    monkeypatch.setattr("sys.argv", ["deploy", "--package", "app.zip"])
    for name in OUTPUTS:
        monkeypatch.setenv(name, "x")
    assert deploy() == 0
    steps = [command[:2] for command in az.commands if command[:2] != ["keyvault", "secret"]]
    assert steps.index(["rest", "--method"]) < steps.index(["functionapp", "deployment"])
    assert set(az.vault) == set(SECRETS)


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


GRANTING = {
    "GRANT_GRAPH_PERMISSIONS": "true",
    "AZURE_RESOURCE_GROUP": "rg-print",
    "GRAPH_CLIENT_ID": "b7a4c1d2",
    "IDENTITY_NAME": "id-print",
}


def test_nothing_is_granted_unless_it_is_switched_on_with_all_that_it_needs() -> None:
    assert read_grant({}) is None
    assert read_grant(GRANTING | {"GRANT_GRAPH_PERMISSIONS": "false"}) is None
    assert read_grant(GRANTING) == Grant("rg-print", "b7a4c1d2", "id-print", "")
    with pytest.raises(OutputsMissing, match=r"^GRAPH_CLIENT_ID, IDENTITY_NAME: not set.*`azd env get-values`"):
        read_grant({"GRANT_GRAPH_PERMISSIONS": "True", "AZURE_RESOURCE_GROUP": "rg-print"})


@pytest.mark.parametrize(
    ("switch", "granting"),
    [("on", True), ("On", True), ("yes", True), ("1", True), ("off", False), ("0", False), ("no", False), ("", False)],
)
def test_the_grant_is_switched_as_settings_are(switch: str, granting: bool) -> None:
    assert (read_grant(GRANTING | {"GRANT_GRAPH_PERMISSIONS": switch}) is not None) is granting


def test_a_grant_that_is_neither_on_nor_off_is_asked_about() -> None:
    with pytest.raises(OutputsMissing, match="'ture', neither on nor off: `azd env set GRANT_GRAPH_PERMISSIONS true`"):
        read_grant(GRANTING | {"GRANT_GRAPH_PERMISSIONS": "ture"})


def test_the_grant_is_a_deployment_of_its_own_that_can_be_repeated() -> None:
    az = ScriptedAzure()
    grant_permissions(Grant("rg-print", "b7a4c1d2", "id-print", "print-app"), Path("app-permissions.bicep"), az, quiet)
    (command,) = az.commands
    assert command[:3] == ["deployment", "group", "create"]
    given = {entry for entry in command if "=" in entry}
    assert given == {"clientId=b7a4c1d2", "identityName=id-print", "applicationUniqueName=print-app"}
    assert {entry.partition("=")[0] for entry in given} <= set(
        bicep.template("graph/app-permissions.bicep")["parameters"]
    )


@pytest.mark.parametrize("refused", ["print-inbox-events", "graph-permissions"])
def test_a_step_that_does_not_succeed_keeps_from_nothing_else_and_is_told(
    refused: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    az = ScriptedAzure()

    def scripted(arguments: Sequence[str]) -> Any:
        answer = az(arguments)
        if refused in arguments:
            raise CommandFailed("Authorization_RequestDenied")
        return answer

    monkeypatch.setattr("infra.deployment.__main__.azure_cli", lambda **_: scripted)
    monkeypatch.setattr("infra.deployment.__main__.time.sleep", lambda _: None)
    monkeypatch.setattr("sys.argv", ["deploy", "--package", "app.zip"])
    for name, value in (dict.fromkeys(OUTPUTS, "x") | GRANTING).items():
        monkeypatch.setenv(name, value)
    assert deploy() == 1
    assert "Authorization_RequestDenied" in capsys.readouterr().err
    names = [command[command.index("--name") + 1] for command in az.commands if command[0] == "deployment"]
    assert {"print-inbox-events", "graph-permissions"} == set(names)
    assert names.count("graph-permissions") == (2 if refused == "graph-permissions" else 1)


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


def test_what_time_does_not_mend_is_not_waited_for() -> None:
    waits: list[float] = []

    def step() -> None:
        raise NoUseToRepeat("`az login`")

    with pytest.raises(NoUseToRepeat):
        persistently(step, "deploying", quiet, waits.append)
    assert waits == []


def test_all_missing_outputs_are_told_at_once() -> None:
    with pytest.raises(OutputsMissing, match="KEY_VAULT_NAME, EVENT_TOPIC_NAME"):
        read_target(dict.fromkeys(OUTPUTS, "x") | {"KEY_VAULT_NAME": "", "EVENT_TOPIC_NAME": ""})
    assert read_target(dict(zip(OUTPUTS, ("a", "b", "c", "d", "e"), strict=True))) == Target("a", "b", "c", "d", "e")


def test_whoever_stops_it_is_told_that_it_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(arguments: Sequence[str]) -> Any:
        raise KeyboardInterrupt(arguments)

    monkeypatch.setattr("infra.deployment.__main__.azure_cli", lambda **_: stopped)
    monkeypatch.setattr("sys.argv", ["deploy", "--package", "app.zip"])
    for name in OUTPUTS:
        monkeypatch.setenv(name, "x")
    assert deploy() == 130
    assert "again at any time" in capsys.readouterr().err
