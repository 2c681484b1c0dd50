"""A small tenant on the Universal Print emulator, and a client that speaks plain HTTP to it."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from emulator.universal_print.clock import Clock
from emulator.universal_print.devices.device import DeliveredDocument, DeviceReport
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.settings import Limits, Settings
from emulator.universal_print.world import PRINTER_ADMINISTRATOR, AppRegistration, Group, Printer, Share, User, World

TENANT = "0f9a2c1e-7b4d-4f55-8e21-64c0d7a1b9e2"
CLIENT = "5c1d7e90-3a2b-4c6d-9e8f-0a1b2c3d4e5f"
SECRET = "a-secret"
PDF = b"%PDF-1.7\n" + b"0123456789abcdef" * 4096
DELEGATED = (
    *("PrintJob.Create", "PrintJob.ReadWrite", "PrintJob.ReadWrite.All", "Printer.Read.All", "PrintSettings.Read.All"),
    *("PrinterShare.ReadBasic.All", "PrinterShare.Read.All", "User.Read", "User.ReadBasic.All", "GroupMember.Read.All"),
)
APPLICATION = ("PrintJob.ReadWrite.All", "Printer.Read.All", "User.Read.All")
PRINT_SCOPES = ("PrintJob.ReadWrite", "PrinterShare.ReadBasic.All")


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds. Raises AssertionError when it does not come true within seconds."""
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("It did not come true.")


def said(value: dict[str, Any]) -> dict[str, Any]:
    """What a complex property says: Graph shows every member, null where there is nothing to say."""
    return {name: entry for name, entry in value.items() if entry is not None}


class RecordingPrinter:
    """A printer that notes what it is given. It prints at once, or when `gate` is set, and fails with `failure`."""

    manufacturer = "Contoso"
    model = "Recorder"

    def __init__(self, name: str, *content_types: str) -> None:
        self.name = name
        self.capabilities: dict[str, Any] = {"contentTypes": list(content_types or ("application/pdf",))}
        self.defaults: dict[str, Any] = {"copiesPerJob": 1}
        self.conditions: dict[str, bool] = {}
        self.is_accepting_jobs = True
        self.documents: list[DeliveredDocument] = []
        self.digests: list[str] = []
        self.cancelled: list[str] = []
        self.stops_when_told = True
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    @property
    def status(self) -> dict[str, Any]:
        return {"state": "idle", "details": [], "description": "The printer is ready."}

    async def set_condition(self, name: str, on: bool) -> None:
        self.conditions[name] = on
        self.is_accepting_jobs = not self.conditions.get("notAcceptingJobs", False)

    async def print(self, document: DeliveredDocument, report: Callable[[DeviceReport], None]) -> None:
        report(DeviceReport("processing", (), "Printing.", acquired=True))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(document.job_id)
            if self.stops_when_told:
                raise
        if self.failure is not None:
            raise self.failure
        self.documents.append(document)
        self.digests.append(hashlib.sha256(document.path.read_bytes()).hexdigest())
        report(DeviceReport("completed", ("completedSuccessfully",), "Done.", acquired=True, pages=1, sheets=1))


@dataclass(slots=True)
class Tenant:
    """The world of most tests: one printer, one share, people with and without access."""

    world: World
    device: RecordingPrinter
    app: AppRegistration
    staff: Group
    anna: User
    bruno: User
    stranger: User
    administrator: User
    printer: Printer
    share: Share


def small_tenant(clock: Clock | None = None) -> Tenant:
    """Make the world. Anna is on the share's list, Bruno in its group; the stranger is neither."""
    world = World(TENANT, clock=clock)
    app = world.add_app(
        AppRegistration(
            CLIENT,
            "Tests",
            frozenset(DELEGATED),
            frozenset(APPLICATION),
            secrets=(SECRET,),
            allow_public_client=True,
        )
    )
    device = RecordingPrinter("Recorder")
    staff = world.add_group("Staff")
    anna = world.add_user("anna@contoso.example")
    bruno = world.add_user("bruno@contoso.example", groups=[staff])
    stranger = world.add_user("stranger@contoso.example")
    administrator = world.add_user("admin@contoso.example", roles=[PRINTER_ADMINISTRATOR])
    printer = world.add_printer(device)
    share = world.add_share(printer, "Finance", users=[anna], groups=[staff])
    return Tenant(world, device, app, staff, anna, bruno, stranger, administrator, printer, share)


@dataclass(slots=True)
class Service:
    """A running emulator with its tenant. `http` trusts it; paths begin with `/`."""

    tenant: Tenant
    emulator: Emulator
    http: httpx.AsyncClient
    url: str
    _tokens: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    @property
    def token_url(self) -> str:
        return f"{self.url}/{TENANT}/oauth2/v2.0/token"

    async def ask_token(self, **fields: str) -> httpx.Response:
        """A request to the token endpoint as the tests' app."""
        return await self.http.post(self.token_url, data={"client_id": CLIENT, **fields})

    async def sign_in(self, user: User, *scopes: str) -> dict[str, Any]:
        """Sign a user in by device code; the token answer."""
        scope = " ".join((*scopes, "offline_access", "openid", "profile"))
        begun = await self.http.post(
            f"{self.url}/{TENANT}/oauth2/v2.0/devicecode", data={"client_id": CLIENT, "scope": scope}
        )
        code = begun.json()
        page = {"otc": code["user_code"], "userPrincipalName": user.user_principal_name}
        (await self.http.post(code["verification_uri"], data=page)).raise_for_status()
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        answer = await self.ask_token(grant_type=grant, device_code=code["device_code"])
        answer.raise_for_status()
        token: dict[str, Any] = answer.json()
        return token

    async def bearer(self, user: User | None = None, *scopes: str) -> dict[str, str]:
        """The Authorization header of a user (Anna unless named), with the print scopes unless named."""
        user, scopes = user or self.tenant.anna, scopes or PRINT_SCOPES
        key = (user.id, scopes)
        if key not in self._tokens:
            self._tokens[key] = (await self.sign_in(user, *scopes))["access_token"]
        return {"Authorization": f"Bearer {self._tokens[key]}"}

    async def app_bearer(self) -> dict[str, str]:
        """The Authorization header of the app on its own."""
        answer = await self.ask_token(
            grant_type="client_credentials", client_secret=SECRET, scope="https://graph.microsoft.com/.default"
        )
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def graph(self, method: str, path: str, user: User | None = None, **options: Any) -> httpx.Response:
        """A Graph request as a user (Anna unless named)."""
        headers = {**await self.bearer(user), **options.pop("headers", {})}
        return await self.http.request(method, f"/v1.0{path}", headers=headers, **options)

    @property
    def jobs_path(self) -> str:
        return f"/print/shares/{self.tenant.share.id}/jobs"

    async def create_job(self, user: User | None = None, **configuration: Any) -> dict[str, Any]:
        """A new job on the share, as its JSON."""
        answer = await self.graph("POST", self.jobs_path, user, json={"configuration": configuration})
        assert answer.status_code == 201, answer.text
        job: dict[str, Any] = answer.json()
        return job

    async def ask_session(
        self, job: dict[str, Any], size: int, content_type: str = "application/pdf", user: User | None = None
    ) -> httpx.Response:
        """Ask for an upload session of the job's document."""
        path = f"{self.jobs_path}/{job['id']}/documents/{job['documents'][0]['id']}/createUploadSession"
        properties = {"documentName": "invoice.pdf", "contentType": content_type, "size": size}
        return await self.graph("POST", path, user, json={"properties": properties})

    async def open_session(self, job: dict[str, Any], size: int, user: User | None = None) -> str:
        """The URL of a new upload session."""
        answer = await self.ask_session(job, size, user=user)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["uploadUrl"])

    async def put(self, upload_url: str, content: bytes, start: int, total: int) -> httpx.Response:
        """Send one part."""
        span = {"Content-Range": f"bytes {start}-{start + len(content) - 1}/{total}"}
        return await self.http.put(upload_url, content=content, headers=span)

    async def uploaded_job(self, content: bytes = PDF, user: User | None = None) -> dict[str, Any]:
        """A job with its document complete."""
        job = await self.create_job(user)
        upload_url = await self.open_session(job, len(content), user)
        assert (await self.put(upload_url, content, 0, len(content))).status_code == 201
        return job

    async def start(self, job: dict[str, Any], user: User | None = None) -> httpx.Response:
        """Start the job."""
        return await self.graph("POST", f"{self.jobs_path}/{job['id']}/start", user)

    async def final_state(self, job: dict[str, Any]) -> str:
        """The job's state once nothing further happens to it."""
        kept = self.emulator.job(job["id"])
        async with asyncio.timeout(10):
            await kept.finished.wait()
        return kept.state


def quick_settings(**changes: Any) -> Settings:
    """Settings without the waits and ceilings that a test is not about."""
    return Settings(**{"processing_seconds": 0.0, "limits": Limits.off(), "device_code_interval_seconds": 0, **changes})


@asynccontextmanager
async def running_service(
    directory: Path, tenant: Tenant | None = None, settings: Settings | None = None
) -> AsyncIterator[Service]:
    """Run the emulator for the length of the block; fails when it made an answer that the schema does not allow."""
    tenant = tenant or small_tenant()
    emulator = Emulator(tenant.world, directory, settings or quick_settings())
    async with running(emulator) as url:
        trust = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        async with httpx.AsyncClient(verify=trust, base_url=url) as http:
            yield Service(tenant, emulator, http, url)
    assert emulator.violations.found == []
