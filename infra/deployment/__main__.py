"""`python -m infra.deployment`, which `python dev.py deploy` and azd run: from empty resources to a running app."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from infra.deployment.azure_cli import CommandFailed, azure_cli
from infra.deployment.steps import (
    OutputsMissing,
    deploy_package,
    make_secrets,
    persistently,
    read_target,
    subscribe_to_events,
)

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "infra" / "app" / "event-subscription.bicep"


def main() -> int:
    """Do every step; 0 when all succeeded."""
    parser = argparse.ArgumentParser(prog="dev.py deploy", description="Secrets, package, and events.")
    parser.add_argument("--package", type=Path, help="a zip that was built before; default: build it now")
    parser.add_argument("--uv", default="uv", help="the uv that installs packages")
    options = parser.parse_args()
    try:
        target, az = read_target(os.environ), azure_cli()
        persistently(lambda: make_secrets(target, az, _say, os.urandom), "making the secrets", _say, time.sleep)
        package = options.package or _build(options.uv)
        persistently(lambda: deploy_package(target, package, az, _say), "deploying", _say, time.sleep)
    except (OutputsMissing, CommandFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        persistently(lambda: subscribe_to_events(target, TEMPLATE, az, _say), "subscribing to events", _say, time.sleep)
    except CommandFailed as error:
        sys.stderr.write(
            f"{error}\nThe app runs and prints: its sweep finds new files within a minute or two. Run "
            "`azd hooks run postprovision` later, so that they are announced at once.\n"
        )
        return 1
    return 0


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
