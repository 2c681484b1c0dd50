"""An administrator and an app that set printers up on the emulator, and what a printer registers with."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.support.emulated_service import Service, Tenant, quick_settings, running_service, small_tenant

SET_UP_SCOPES = (
    *("Printer.FullControl.All", "PrinterShare.ReadWrite.All", "PrintConnector.ReadWrite.All", "User.ReadBasic.All"),
    *("PrintSettings.ReadWrite.All", "GroupMember.Read.All"),
)


@cache
def device_key() -> RSAPrivateKey:
    """One key for all tests: making one takes a tenth of a second."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@cache
def signing_request() -> dict[str, str]:
    """A printCertificateSigningRequest."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Follow Me")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(device_key(), hashes.SHA256())
    public = device_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "content": base64.b64encode(request.public_bytes(Encoding.DER)).decode(),
        "transportKey": base64.b64encode(public).decode(),
    }


def virtual_printer(**changes: Any) -> dict[str, Any]:
    """The body that registers a printer without a device."""
    return {
        "displayName": "Follow Me",
        "manufacturer": "Contoso",
        "model": "Virtual",
        "hasPhysicalDevice": False,
        "physicalDeviceId": None,
        "certificateSigningRequest": signing_request(),
        **changes,
    }


@dataclass(slots=True)
class SetUp:
    """A running emulator, its administrator and its app."""

    service: Service

    @property
    def tenant(self) -> Tenant:
        return self.service.tenant

    async def administer(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A Graph request of the Printer Administrator with every scope that setting printers up needs."""
        headers = await self.service.bearer(self.tenant.administrator, *SET_UP_SCOPES)
        return await self.service.http.request(method, f"/v1.0{path}", headers=headers, **options)

    async def as_app(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A Graph request of the app on its own."""
        headers = {**await self.service.app_bearer(), **options.pop("headers", {})}
        return await self.service.http.request(method, f"/v1.0{path}", headers=headers, **options)

    async def registered(self, **changes: Any) -> dict[str, Any]:
        """Register a printer to the end; the operation's last answer."""
        begun = await self.administer("POST", "/print/printers/create", json=virtual_printer(**changes))
        assert begun.status_code == 202, begun.text
        self.service.emulator.clock.advance(timedelta(seconds=5))
        path = begun.headers["operation-location"].partition("/v1.0")[2]
        operation: dict[str, Any] = (await self.administer("GET", path)).json()
        return operation

    async def virtual_printer(self) -> str:
        """Register a printer without a device; the path of the printer."""
        return f"/print/printers/{(await self.registered())['printer']['id']}"


@asynccontextmanager
async def setting_up(directory: Path) -> AsyncIterator[SetUp]:
    """Run the small tenant with an app that is allowed what set-up needs."""
    tenant = small_tenant()
    tenant.app.delegated |= frozenset(SET_UP_SCOPES)
    tenant.app.application |= frozenset({"Printer.ReadWrite.All", "PrintTaskDefinition.ReadWrite.All"})
    async with running_service(directory, tenant, quick_settings()) as service:
        yield SetUp(service)
