"""The system of the demo: its processes, the settings that join them, and the order in which they start."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from emulator.azurite import Azurite, running_azurite
from emulator.demo.ports import ANY_PORTS, Ports, free_port, preferred_port
from emulator.demo.processes import Children
from emulator.demo.sign_in import sign_in_accounts
from emulator.demo.storage import DemoStorage
from emulator.demo.tap import Kiosk, add_kiosk, make_trigger
from emulator.demo.tenant import administrator_token, read_catalog
from emulator.universal_print import demo as tenant

START_SECONDS = 60.0
SETTINGS_NAME = "local.settings.json"


@dataclass(frozen=True, slots=True)
class System:
    """The running system: where each part is reached. `check` raises when one of its processes has ended."""

    storage: DemoStorage
    connection_string: str
    emulator_url: str
    host_url: str
    function_key: str
    paper: Path
    settings_file: Path
    ca_bundle: str
    kiosk: Kiosk
    check: Callable[[], None]


@asynccontextmanager
async def running_system(
    root: Path,
    folder: Path,
    say: Callable[[str], None],
    *,
    app: Path | None = None,
    more_settings: Mapping[str, str] | None = None,
    ports: Ports = ANY_PORTS,
) -> AsyncIterator[System]:
    """Run everything for the length of the block. `root` is the checkout, `folder` takes all that is written.

    `app` is the folder that the host runs, where it is not the checkout; `more_settings` are app settings of its own.
    """
    logs = folder / "logs"
    # Entered in the order in which each needs the one before, so that they stop without complaint.
    async with Children(logs) as emulators:
        emulator = await emulators.start(
            "Universal Print emulator",
            [
                *("-m", "emulator.universal_print", "--seed", "demo", "--allow-http-notifications"),
                # What was just printed shall be in the report, and its many pages not in the way of who watches.
                *("--report-page-size", "1000", "--report-delay", "0"),
                *("--directory", str(folder / "universal-print"), "--port", str(preferred_port(ports.emulator))),
            ],
            folder=root,
        )
        async with running_azurite(folder / "storage") as azurite, DemoStorage(azurite.connection_string) as storage:
            say("Azurite is up")
            announced, _ = await asyncio.gather(emulator.ready(START_SECONDS), storage.make_places())
            say("the Universal Print emulator is up")
            url, bundle = announced["url"].rstrip("/"), announced["caBundle"]
            host_port = free_port(ports.host)
            settings = app_settings(azurite, url, bundle, host_port) | dict(more_settings or {})
            settings_file = write_settings(folder / SETTINGS_NAME, settings)
            async with Children(logs) as hosts, _trusting(bundle) as http:
                host = await hosts.start(
                    "functions host",
                    [
                        *("-m", "emulator.functions_host", "--app", str(app or root), "--one-worker"),
                        *("--settings", str(settings_file), "--port", str(host_port)),
                    ],
                    folder=root,
                )
                await asyncio.gather(
                    _publish(storage, url, http),
                    sign_in_accounts(list(tenant.PRINT_ACCOUNTS), settings, root, logs, http),
                )
                say(f"the catalog is published, and {' and '.join(tenant.PRINT_ACCOUNTS)} are signed in")
                listening = await host.ready(START_SECONDS)
                say("the functions host is up")
                kiosk = await add_kiosk(settings, root, logs)
                await _run_timer("upkeep", listening, http)
                say("a kiosk stands beside the Office MFP, and Graph tells of jobs to hold")
                await _run_timer("usage_export", listening, http)

                def check() -> None:
                    emulators.check()
                    azurite.check()
                    hosts.check()

                yield System(
                    storage=storage,
                    connection_string=azurite.connection_string,
                    emulator_url=url,
                    host_url=listening["url"].rstrip("/"),
                    function_key=listening["masterKey"],
                    paper=Path(announced["paper"]),
                    settings_file=settings_file,
                    ca_bundle=bundle,
                    kiosk=kiosk,
                    check=check,
                )


def app_settings(azurite: Azurite, url: str, bundle: str, host_port: int) -> dict[str, str]:
    """The settings that point the app at this storage and this emulator (`url` and its trust in `bundle`)."""
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "PrintStorage": azurite.connection_string,
        "GRAPH_BASE_URL": f"{url}/v1.0",
        "GRAPH_AUTHORITY": url,
        "GRAPH_TENANT_ID": tenant.TENANT_ID,
        "GRAPH_CLIENT_ID": tenant.CLIENT_ID,
        "GRAPH_CA_BUNDLE": bundle,
        "PRINT_ACCOUNTS": ",".join(tenant.PRINT_ACCOUNTS),
        "REPORTS_ACCOUNT": tenant.PRINT_ACCOUNTS[0],
        "GRAPH_CLIENT_SECRET": tenant.CLIENT_SECRET,
        "NOTIFICATION_URL": f"http://127.0.0.1:{host_port}",
        "NOTIFICATION_CLIENT_STATE": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "TOKEN_CACHE_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "KIOSK_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        # A person is watching: look for messages often, and at a started job soon.
        "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.250",
        "POLL_FIRST_SECONDS": "0.5",
    }


def write_settings(path: Path, settings: Mapping[str, str]) -> Path:
    """Write the settings in the form of a `local.settings.json`; give its path."""
    path.write_text(json.dumps({"IsEncrypted": False, "Values": settings}, indent=2), encoding="utf-8")
    return path


async def _run_timer(name: str, host: Mapping[str, str], http: httpx.AsyncClient) -> None:
    """Run a timer now; it would come by itself in a quarter of an hour (Functions: admin functions)."""
    address = f"{host['url'].rstrip('/')}/admin/functions/{name}"
    headers = {"x-functions-key": host["masterKey"]}
    (await http.post(address, json={"input": ""}, headers=headers)).raise_for_status()


def _trusting(bundle: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=ssl.create_default_context(cafile=bundle), timeout=30)


async def _publish(storage: DemoStorage, url: str, http: httpx.AsyncClient) -> None:
    token = await administrator_token(f"{url}/{tenant.TENANT_ID}", tenant.CLIENT_ID, tenant.ADMINISTRATOR, http)
    definition = await make_trigger(f"{url}/v1.0", f"{url}/{tenant.TENANT_ID}", token, http)
    await storage.publish_catalog(await read_catalog(f"{url}/v1.0", token, http, datetime.now(UTC), definition))
