"""A tenant on the emulator where everything works, with a signed-in print account and storage, to break in parts."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from emulator.azurite import StorageAccount
from emulator.universal_print.world import AppRegistration, Printer
from shared.accounts.sign_in import by_device_code, sign_in
from shared.accounts.token_cache import TokenCacheStore
from shared.doctor.administrator_checks import OPERATIONS, Administrator
from shared.doctor.examining import examine_all
from shared.doctor.finding import Finding, Line, Status
from shared.doctor.ground import open_ground
from shared.graph.admin_permissions import least_permissions
from shared.kiosk.records import DeviceSecret, Kiosk, encode_kiosk
from shared.names import CATALOG_PATH, CONTAINERS, POISON_SUFFIX, QUEUES, kiosk_path
from shared.permissions import Kind, permissions
from shared.sealing import Sealer
from shared.services import Services, open_services
from shared.subscriptions.services import make_subscription_services
from shared.subscriptions.upkeep import maintain
from tests.support.administrator import administrator
from tests.support.emulated_service import (
    CLIENT,
    SECRET,
    TENANT,
    RecordingPrinter,
    quick_settings,
    running_service,
    small_tenant,
)
from tests.support.managed_tenant import SET_UP_SCOPES, SetUp
from tests.support.notified import NotifiedEndpoint, notified_endpoint
from tests.support.sign_in import KEY

ACCOUNT = "anna@contoso.example"
FOLLOW_ME = "Follow me"
OTHER_CLIENT = "9d2e4f60-1b3c-4a5d-8e7f-001122334455"


@dataclass(slots=True)
class DoctorWorld:
    """`environ` are the settings of the next examination; `trust` makes an HTTP client trust the emulator."""

    set_up: SetUp
    virtual: Printer
    endpoint: NotifiedEndpoint
    environ: dict[str, str]
    trust: ssl.SSLContext
    services: Services

    async def examine(
        self, *, administered: bool = True, clock: timedelta = timedelta(), environ: dict[str, str] | None = None
    ) -> dict[str, Finding]:
        """What the doctor finds now, by check and subject. `clock` is how far its clock is off."""
        async with AsyncExitStack() as stack:
            services = await open_services(environ or self.environ, stack)
            real = services.submissions.now
            who = self._administrator() if administered else None
            lines = await examine_all(await open_ground(services, who, lambda: real() + clock))
        return findings(lines)

    def _administrator(self) -> Administrator:
        wanted = least_permissions(OPERATIONS)
        graph = administrator(self.set_up, *wanted)
        return Administrator(graph, lambda: asyncio.sleep(0, "token"), lambda: wanted)

    async def sign_in(self) -> None:
        """Sign the print account in, as `printops login` does."""
        services = self.services

        async def signed_in(name: str) -> None:
            await services.pool.mark_signed_in(name)

        caches = TokenCacheStore(services.storage.state, Sealer((KEY,)), services.submissions.now)
        await sign_in(ACCOUNT, services.settings, caches, by_device_code(self._approve), signed_in)

    async def maintain(self) -> None:
        """Let upkeep look after the subscription."""
        await maintain(make_subscription_services(self.services))

    async def publish(self, **changes: Any) -> None:
        """Publish the catalog with these members changed."""
        state = self.services.storage.state
        await state.delete(CATALOG_PATH)
        await state.create(CATALOG_PATH, json.dumps({**self.catalog(), **changes}).encode())

    def catalog(self) -> dict[str, Any]:
        """The catalog of the healthy tenant."""
        tenant = self.set_up.tenant
        device = {"id": tenant.printer.id, "displayName": "Recorder"}
        virtual = {"id": self.virtual.id, "displayName": FOLLOW_ME, "virtual": True}
        share = {"alias": "finance", "id": tenant.share.id, "printerId": tenant.printer.id, "printerName": "Recorder"}
        definition = next(iter(self.set_up.service.emulator.tasks.definitions))
        return {"version": 1, "shares": [share], "printers": [device, virtual], "taskDefinitionId": definition}

    def _approve(self, _message: str) -> None:
        codes = self.set_up.service.emulator.authority.sign_ins.device_codes.values()
        code = next(entry.user_code for entry in codes if entry.user is None)
        with httpx.Client(verify=self.trust) as http:
            page = {"otc": code, "userPrincipalName": ACCOUNT}
            http.post(f"{self.set_up.service.url}/devicelogin", data=page).raise_for_status()


def findings(lines: list[Line]) -> dict[str, Finding]:
    """The findings by check and subject."""
    return {f"{line.check} {line.subject}".strip(): line.finding for line in lines}


def broken(found: dict[str, Finding]) -> set[str]:
    """The checks that did not end well."""
    return {name for name, finding in found.items() if finding.status in (Status.FAILED, Status.WARNING)}


@asynccontextmanager
async def doctor_world(storage: StorageAccount, folder: Path) -> AsyncIterator[DoctorWorld]:
    """Run the tenant, with everything set up."""
    tenant = small_tenant()
    tenant.app.delegated |= {*permissions(Kind.DELEGATED), *SET_UP_SCOPES}
    tenant.app.application = frozenset(permissions(Kind.APPLICATION))
    other = AppRegistration(OTHER_CLIENT, "Another", frozenset(), tenant.app.application, secrets=(SECRET,))
    tenant.world.add_app(other)
    virtual = tenant.world.add_printer(RecordingPrinter(FOLLOW_ME), has_physical_device=False)
    settings = quick_settings(allow_http_notifications=True, triggers_show_definition=True)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running_service(folder, tenant, settings))
        endpoint = await stack.enter_async_context(notified_endpoint())
        environ = {
            "PrintStorage": storage.connection_string,
            "GRAPH_BASE_URL": f"{service.url}/v1.0",
            "GRAPH_AUTHORITY": service.url,
            "GRAPH_TENANT_ID": TENANT,
            "GRAPH_CLIENT_ID": CLIENT,
            "GRAPH_CLIENT_SECRET": SECRET,
            "GRAPH_CA_BUNDLE": str(service.emulator.ca_bundle),
            "PRINT_ACCOUNTS": ACCOUNT,
            "REPORTS_ACCOUNT": ACCOUNT,
            "TOKEN_CACHE_KEY": KEY,
            "KIOSK_KEY": KEY,
            "NOTIFICATION_URL": endpoint.url,
            "NOTIFICATION_CLIENT_STATE": secrets.token_hex(8),
        }
        services = await open_services(environ, stack)
        trust = ssl.create_default_context(cafile=environ["GRAPH_CA_BUNDLE"])
        world = DoctorWorld(SetUp(service), virtual, endpoint, environ, trust, services)
        await _set_up(world, services)
        yield world


async def _set_up(world: DoctorWorld, services: Services) -> None:
    await asyncio.gather(
        *(services.storage.container(name).create_container() for name in CONTAINERS),
        *(
            services.storage.queue_client(f"{name}{end}").create_queue()
            for name in QUEUES
            for end in ("", POISON_SUFFIX)
        ),
    )
    tasks, tenant = world.set_up.service.emulator.tasks, world.set_up.tenant
    tasks.add_trigger(world.virtual, tasks.define(tenant.app, FOLLOW_ME))
    await world.publish()
    kiosk = Kiosk("hall", "Hall", tenant.printer.id, (DeviceSecret("00" * 32),), _text(services))
    await services.storage.state.create(kiosk_path("hall"), encode_kiosk(kiosk))
    await world.sign_in()
    await world.maintain()


def _text(services: Services) -> str:
    now: datetime = services.submissions.now()
    return now.isoformat()
