"""`python dev.py run --empty`: what set-up needs on a laptop: a tenant in which nothing is set up, and storage.

The functions start as soon as the settings name the app registration, and anew whenever the settings change.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

from emulator.azurite import running_azurite
from emulator.demo.advice import python_here, short
from emulator.demo.ports import Ports, free_port, preferred_port
from emulator.demo.processes import Child, Children, ProcessFailed
from emulator.demo.storage import DemoStorage
from emulator.demo.system import START_SECONDS, write_settings
from emulator.functions_host.__main__ import read_settings
from emulator.functions_host.errors import StartError
from emulator.universal_print import empty_tenant
from emulator.universal_print.sample_documents import write_invoice

LOOK_SECONDS = 0.5
STARTED_BY = "STARTED_BY"
_OURS = "dev.py run --empty"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_UNREADABLE = "unreadable"
_APP = "GRAPH_CLIENT_ID"
_PROOFS = ("GRAPH_CLIENT_SECRET", "GRAPH_CLIENT_CERTIFICATE_PATH", "GRAPH_FEDERATED_CLIENT_ID")


class SettingsInTheWay(Exception):
    """There is a settings file that somebody else made."""


def check_free(settings_file: Path, root: Path) -> None:
    """Raises SettingsInTheWay where the file is not one of an earlier run; StartError where it is no settings file."""
    if settings_file.exists() and not _is_ours(read_settings(settings_file, root)):
        raise SettingsInTheWay(
            f"{settings_file} is there already, and it is yours. Move it, or name another file with --settings and "
            "give that to each command as well."
        )


async def run_empty(root: Path, folder: Path, settings_file: Path, say: Callable[[str], None], ports: Ports) -> int:
    """Run until interrupted; `folder` is empty. Raises AzuriteError or ProcessFailed."""
    async with AsyncExitStack() as stack:
        children = await stack.enter_async_context(Children(folder / "logs"))
        emulator = await children.start(
            "Universal Print emulator",
            [
                *("-m", "emulator.universal_print", "--seed", "empty", "--allow-http-notifications"),
                *("--directory", str(folder / "universal-print"), "--port", str(preferred_port(ports.emulator))),
            ],
            folder=root,
        )
        azurite = await stack.enter_async_context(running_azurite(folder / "storage"))
        storage = await stack.enter_async_context(DemoStorage(azurite.connection_string))
        await storage.make_places()
        say("Azurite is up")
        announced = await emulator.ready(START_SECONDS)
        url = announced["url"].rstrip("/")
        say(f"a tenant is up in which nothing is set up; its administrator is {empty_tenant.ADMINISTRATOR}")
        port = free_port(ports.host)
        first = first_settings(azurite.connection_string, url, announced["caBundle"], port)
        write_settings(settings_file, first)
        sample = folder / "invoice.pdf"
        await asyncio.to_thread(write_invoice, sample)
        say(advice(url, short(sample, root), short(settings_file, root), short(folder / "logs", root)))
        host = _Host(root, settings_file, port, folder / "logs", say)
        try:
            while True:
                children.check()
                azurite.check()
                await host.look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await host.stop()


def first_settings(connection_string: str, url: str, bundle: str, host_port: int) -> dict[str, str]:
    """All that is known before the tenant is set up: what is missing is the app registration."""
    return {
        STARTED_BY: _OURS,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": connection_string,
        "PrintStorage": connection_string,
        "GRAPH_BASE_URL": f"{url}/v1.0",
        "GRAPH_AUTHORITY": url,
        "GRAPH_CA_BUNDLE": bundle,
        "GRAPH_TENANT_ID": empty_tenant.TENANT_ID,
        "PRINT_ACCOUNTS": ",".join(empty_tenant.PRINT_ACCOUNTS),
        "NOTIFICATION_URL": f"http://127.0.0.1:{host_port}",
        **{name: _key() for name in ("NOTIFICATION_CLIENT_STATE", "TOKEN_CACHE_KEY", "KIOSK_KEY")},
        # A person is watching, who would not wait a quarter of an hour for the subscription.
        "RECONCILE_SCHEDULE": "*/15 * * * * *",
        "UPKEEP_SCHEDULE": "*/20 * * * * *",
    }


def is_complete(settings: Mapping[str, str]) -> bool:
    """Whether the functions can start: the app is named, and can prove itself."""
    return bool(settings.get(_APP)) and any(settings.get(name) for name in _PROOFS)


def advice(url: str, sample: Path, settings: Path, logs: Path) -> str:
    """What a person does next."""
    python = python_here()
    return f"""\
runs until Ctrl-C

  Set it up, in another terminal   docs/setup.md from step 1, with {python} for python;
                                   {settings} has the settings of step 2
  See printers, jobs and paper     {url}/ (the certificate is the emulator's own)
  A document to print              {sample}
  Print as a person's computer     {python} -m emulator.demo.computer dora@fabrikam.example "Follow me" {sample}
  Logs are in                      {logs}
"""


class _Host:
    """The functions host, which runs while the settings are complete."""

    def __init__(self, root: Path, settings_file: Path, port: int, logs: Path, say: Callable[[str], None]) -> None:
        self._root = root
        self._settings_file = settings_file
        self._port = port
        self._logs = logs
        self._say = say
        self._seen: Mapping[str, str] = {}
        self._running: tuple[Children, Child] | None = None

    async def look(self) -> None:
        """Start the host, or start it anew, where the settings have changed."""
        try:
            settings = read_settings(self._settings_file, self._root)
        except StartError as error:
            # Somebody may be in the middle of editing it.
            settings = {_UNREADABLE: str(error)}
        if settings != self._seen:
            self._seen = settings
            if _UNREADABLE in settings:
                self._say(f"{settings[_UNREADABLE]}; the functions wait until that is mended")
            await self.stop()
            if is_complete(settings):
                await self._start(settings)
        elif self._running and self._running[1].process.returncode is not None:
            self._say(self._running[1].complaint("has ended"))
            await self.stop()

    async def stop(self) -> None:
        """Stop the host, if it runs."""
        if self._running:
            children, self._running = self._running[0], None
            await children.__aexit__(None, None, None)

    async def _start(self, settings: Mapping[str, str]) -> None:
        port = free_port(self._port)
        if port != self._port:
            # Another program took it meanwhile, and Graph must know where to post.
            self._port = port
            self._seen = {**settings, "NOTIFICATION_URL": f"http://127.0.0.1:{port}"}
            write_settings(self._settings_file, self._seen)
        children = await Children(self._logs).__aenter__()
        host = await children.start(
            "functions host",
            [
                *("-m", "emulator.functions_host", "--app", str(self._root), "--one-worker"),
                *("--settings", str(self._settings_file), "--port", str(self._port)),
            ],
            folder=self._root,
        )
        self._running = children, host
        try:
            listening = await host.ready(START_SECONDS)
        except ProcessFailed as error:
            self._say(str(error))
            await self.stop()
            return
        self._say(f"the functions run with these settings: {listening['url'].rstrip('/')}/api/health")


def _is_ours(settings: Mapping[str, str]) -> bool:
    """Whether an earlier run wrote the settings, and nobody has turned them to a real tenant since."""
    try:
        host = urlsplit(settings.get("GRAPH_BASE_URL", "")).hostname
    except ValueError:
        host = None
    return settings.get(STARTED_BY) == _OURS and host in _LOOPBACK


def _key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()
