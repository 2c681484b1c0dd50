"""`python dev.py run --real`: the app on the local host, with the real Graph and a storage account of your choice.

Nothing of the demo runs. Graph cannot reach this machine, so there are no notifications: the reconcile timer finds
print tasks, as it does in Azure when notifications are lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from emulator.azurite import running_azurite
from emulator.demo.advice import short
from emulator.demo.ports import Ports, preferred_port
from emulator.demo.processes import Children
from emulator.demo.storage import DemoStorage
from emulator.demo.system import SETTINGS_NAME, START_SECONDS, write_settings
from emulator.functions_host.__main__ import read_settings

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
# Graph would be given an address that another app listens at.
WITHHELD = ("NOTIFICATION_URL",)
LOOK_SECONDS = 1.0


class SettingsMissing(Exception):
    """There is no settings file, or it is still the example."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings to run with. `placeholders` are names whose value is still the example's."""

    settings: Mapping[str, str]
    local_storage: bool
    placeholders: tuple[str, ...]


def plan(settings: Mapping[str, str], connection_string: str) -> Plan:
    """What to run with: `connection_string` stands wherever the settings ask for development storage. Pure."""
    chosen = {
        name: connection_string if value == DEVELOPMENT_STORAGE else value
        for name, value in settings.items()
        if name not in WITHHELD
    }
    placeholders = tuple(sorted(name for name, value in settings.items() if value.startswith("<")))
    return Plan(chosen, DEVELOPMENT_STORAGE in settings.values(), placeholders)


def read_values(settings_file: Path, root: Path) -> Mapping[str, str]:
    """The settings to run with. Raises SettingsMissing, or StartError where the file is no settings file."""
    if not settings_file.is_file():
        raise SettingsMissing(
            f"{settings_file} is missing. Copy local.settings.example.json to it and fill it in: docs/settings.md."
        )
    values = read_settings(settings_file, root)
    placeholders = plan(values, "").placeholders
    if placeholders:
        raise SettingsMissing(f"{settings_file} still has the example's {', '.join(placeholders)}.")
    return values


async def run_real(
    root: Path, folder: Path, values: Mapping[str, str], say: Callable[[str], None], ports: Ports
) -> int:
    """Run until interrupted. Raises AzuriteError or ProcessFailed."""
    withheld = [name for name in WITHHELD if values.get(name)]
    if withheld:
        say(f"{', '.join(withheld)} is left out: Graph cannot reach this machine, and the reconcile timer serves")
    async with AsyncExitStack() as stack:
        connection_string, checks = "", []
        if plan(values, "").local_storage:
            azurite = await stack.enter_async_context(running_azurite(folder / "storage"))
            connection_string = azurite.connection_string
            checks.append(azurite.check)
            storage = await stack.enter_async_context(DemoStorage(connection_string))
            await storage.make_places()
            say("Azurite is up; what it holds stays for the next time")
        chosen = plan(values, connection_string)
        used = write_settings(folder / SETTINGS_NAME, chosen.settings)
        children = await stack.enter_async_context(Children(folder / "logs"))
        host = await children.start(
            "functions host",
            [
                *("-m", "emulator.functions_host", "--app", str(root), "--one-worker"),
                *("--settings", str(used), "--port", str(preferred_port(ports.host))),
            ],
            folder=root,
        )
        listening = await host.ready(START_SECONDS)
        say("the functions host is up, with the real Graph")
        say(advice(listening["url"].rstrip("/"), listening["masterKey"], short(used, root), short(folder, root)))
        checks.append(children.check)
        while True:
            for check in checks:
                check()
            await asyncio.sleep(LOOK_SECONDS)


def advice(host_url: str, key: str, settings: Path, folder: Path) -> str:
    """What a person does next."""
    return f"""\
runs until Ctrl-C

  Is it up                       {host_url}/api/health
  How is it doing                {host_url}/api/status?code={key}
  Sign a print account in        python -m printops login ACCOUNT --settings {settings}
  Print a file                   python -m printops submit FILE --share NAME --watch --settings {settings}
  Logs are in                    {folder / "logs"}
"""
