"""`python -m infra.deployment`, which `python dev.py deploy` and azd run: from empty resources to a running app."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra.deployment.azure_cli import CommandFailed, azure_cli
from infra.deployment.steps import (
    ATTEMPTS,
    OutputsMissing,
    deploy_package,
    grant_permissions,
    make_secrets,
    persistently,
    read_grant,
    read_secrets_anew,
    read_target,
    subscribe_to_events,
)

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "infra" / "app" / "event-subscription.bicep"
GRANT_TEMPLATE = ROOT / "infra" / "graph" / "app-permissions.bicep"
# Who lacks the right lacks it a minute later, too; only the identity may be too new to be found.
GRANT_ATTEMPTS = 2
# About three minutes: a role of the app's identity counts by then, and the address of a vault is known in its network.
READ_ATTEMPTS = 6
SECRETS_ADVICE = (
    "The app cannot start without its keys. The portal shows beside each of its settings what keeps it from the vault; "
    "then run `azd hooks run postprovision` again."
)


def main() -> int:
    """Do every step; 0 when all succeeded, 130 when somebody stopped it."""
    parser = argparse.ArgumentParser(prog="dev.py deploy", description="Secrets, package, and events.")
    parser.add_argument("--package", type=Path, help="a zip that was built before; default: build it now")
    parser.add_argument("--uv", default="uv", help="the uv that installs packages")
    options = parser.parse_args()
    try:
        return _deploy(options)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run it again at any time: what is there is kept.\n")
        return 130


def _deploy(options: argparse.Namespace) -> int:
    try:
        target, grant = read_target(os.environ), read_grant(os.environ)
        # azd's subscription is often another than the default one of the CLI.
        az = azure_cli(subscription=os.environ.get("AZURE_SUBSCRIPTION_ID", ""))
        persistently(lambda: make_secrets(target, az, _say, os.urandom), "making the secrets", _say, time.sleep)
        done = [
            _tried(lambda: read_secrets_anew(target, az, _say), "reading the secrets", SECRETS_ADVICE, READ_ATTEMPTS)
        ]
        package = options.package or _build(options.uv)
        persistently(lambda: deploy_package(target, package, az, _say), "deploying", _say, time.sleep)
    except (OutputsMissing, CommandFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    done.append(
        _tried(
            lambda: subscribe_to_events(target, TEMPLATE, az, _say),
            "subscribing to events",
            "The app runs and prints: its sweep finds new files within a minute or two. Run `azd hooks run "
            "postprovision` later, so that they are announced at once.",
        )
    )
    if grant is not None:
        done.append(
            _tried(
                lambda: grant_permissions(grant, GRANT_TEMPLATE, az, _say),
                "granting Graph's permissions",
                "The app runs, and Graph refuses it what is not granted. Whoever may consent for the tenant runs this "
                "again, or `python -m printops app create`.",
                GRANT_ATTEMPTS,
            )
        )
    return 0 if all(done) else 1


def _tried(step: Callable[[], None], what: str, advice: str, attempts: int = ATTEMPTS) -> bool:
    """Do a step without which the app runs, too; where it does not succeed, say what to do."""
    try:
        persistently(step, what, _say, time.sleep, attempts)
    except CommandFailed as error:
        sys.stderr.write(f"{error}\n{advice}\n")
        return False
    return True


def _build(uv: str) -> Path:
    command = [sys.executable, "-m", "infra.package", "--uv", uv]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise CommandFailed("The package could not be built.")
    return ROOT / "dist" / "app.zip"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
