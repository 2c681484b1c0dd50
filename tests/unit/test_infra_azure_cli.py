"""The Azure CLI is asked in the right place, and what it complains of reaches the person with what mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.deployment.__main__ import main as deploy
from infra.deployment.azure_cli import CommandFailed, NoUseToRepeat, azure_cli
from infra.deployment.steps import OUTPUTS


def test_without_the_azure_cli_the_way_to_it_is_told() -> None:
    with pytest.raises(CommandFailed, match="az login"):
        azure_cli("no-such-azure-cli")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Azure CLI that complains of `fail` with the text of a file beside it, and else answers what it was asked."""
    program = tmp_path / "az"
    complains = f'if [ "$1" = fail ]; then cat "{tmp_path}/complaint" >&2; exit 3; fi'
    program.write_text(f'#!/bin/sh\n{complains}\nprintf \'{{"asked": "%s"}}\' "$*"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


@pytest.mark.skipif("sys.platform == 'win32'", reason="the script is for a POSIX shell")
def test_the_cli_answers_json_and_its_complaint_becomes_the_error(installed: Path) -> None:
    (installed / "complaint").write_text("it said no\n")
    az = azure_cli()
    assert az(["group", "show"]) == {"asked": "group show --only-show-errors --output json"}
    with pytest.raises(CommandFailed, match="it said no") as failed:
        az(["fail"])
    assert not isinstance(failed.value, NoUseToRepeat)


@pytest.mark.skipif("sys.platform == 'win32'", reason="the script is for a POSIX shell")
def test_the_cli_is_asked_in_the_subscription_that_azd_deployed_to(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = azure_cli(subscription="b7a4")(["group", "show"])["asked"]
    assert asked.startswith("group show --subscription b7a4 ")
    (installed / "az").write_text('#!/bin/sh\necho "no such vault in $*. Please run: az login" >&2\nexit 1\n')
    monkeypatch.setattr("sys.argv", ["deploy", "--package", "app.zip"])
    for name, value in (dict.fromkeys(OUTPUTS, "x") | {"AZURE_SUBSCRIPTION_ID": "b7a4"}).items():
        monkeypatch.setenv(name, value)
    assert deploy() == 1
    assert "--subscription b7a4" in capsys.readouterr().err


@pytest.mark.skipif("sys.platform == 'win32'", reason="the script is for a POSIX shell")
@pytest.mark.parametrize(
    ("complaint", "mending"),
    [
        ("ERROR: Please run 'az login' to setup account.", "`az login`"),
        ("ERROR: The subscription of 'b7a4' doesn't exist in cloud 'AzureCloud'.", "its tenant and cloud"),
        ("ERROR: (Conflict) Secret kiosk-key is currently in a deleted but recoverable state", "secret recover"),
        ("ERROR: (Forbidden) Public network access is disabled and request is not from a trusted service", "network"),
    ],
)
def test_what_somebody_must_mend_is_told_with_how(installed: Path, complaint: str, mending: str) -> None:
    (installed / "complaint").write_text(complaint)
    with pytest.raises(NoUseToRepeat, match=mending) as failed:
        azure_cli()(["fail"])
    assert complaint in str(failed.value)
