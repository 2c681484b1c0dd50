"""The app proves itself without a secret: by its managed identity, or by a certificate."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.universal_print.tokens import managed_identity
from shared.errors import NotNow
from shared.graph.application import ApplicationAccess, exchange_scope
from shared.settings import Settings, StorageConnection
from shared.upload.http import open_upload_http
from tests.support.emulated_service import CLIENT, TENANT
from tests.support.emulated_tasks import Tap, running_tap

IDENTITY = "0a0a0a0a-0000-0000-0000-00000000000a"


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    async with running_tap(tmp_path) as running:
        yield running


@asynccontextmanager
async def proving(tap: Tap, **proof: Any) -> AsyncIterator[ApplicationAccess]:
    settings = Settings(
        storage=StorageConnection(),
        graph_tenant_id=TENANT,
        graph_client_id=CLIENT,
        print_accounts=(),
        reports_account="",
        token_cache_keys=(),
        graph_base_url=f"{tap.service.url}/v1.0",
        graph_authority=tap.service.url,
        **proof,
    )
    trust = ssl.create_default_context(cafile=str(tap.service.emulator.ca_bundle))
    async with open_upload_http(trust) as http:
        yield ApplicationAccess(settings, http)


@asynccontextmanager
async def identity_endpoint(tap: Tap, asked: list[dict[str, list[str]]]) -> AsyncIterator[str]:
    """What App Service offers to the app at IDENTITY_ENDPOINT, answered by the emulator's identity."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        query = parse_qs(urlsplit(head.split(" ")[1]).query)
        asked.append(query)
        answer = await tap.service.http.get(
            "/emulator/managed-identity/token", params={"resource": query["resource"][0]}
        )
        body = json.dumps(answer.json()).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/msi/token"


async def test_the_managed_identity_stands_for_the_app(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    tap.tenant.app.federated = (managed_identity.federated_credential(TENANT),)
    asked: list[dict[str, list[str]]] = []
    opened: list[object] = []
    async with identity_endpoint(tap, asked) as endpoint, proving(tap, graph_federated_client_id=IDENTITY) as access:
        monkeypatch.setenv("IDENTITY_ENDPOINT", endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", "of the app service")
        monkeypatch.setattr(aiohttp.ClientSession, "__init__", lambda *given, **_: opened.append(given))
        token = await access.access_token()
        assert await access.access_token() == token
        assert opened == [], "a client that was not given is one that nobody closes"
    (query,) = asked
    assert (query["resource"], query["client_id"]) == (["api://AzureADTokenExchange"], [IDENTITY])
    listed = await tap.service.http.get(f"/v1.0{tap.tasks_path}", headers={"Authorization": f"Bearer {token}"})
    assert listed.status_code == 200


async def test_an_identity_that_the_app_does_not_trust_is_refused(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    async with identity_endpoint(tap, []) as endpoint, proving(tap, graph_federated_client_id=IDENTITY) as access:
        monkeypatch.setenv("IDENTITY_ENDPOINT", endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", "of the app service")
        with pytest.raises(NotNow) as found:
            await access.access_token()
    assert found.value.code == "applicationRefused"


async def test_a_certificate_stands_for_the_app(tap: Tap, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Universal Print Functions")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 5, now, now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file = tmp_path / "app.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate)
    tap.tenant.app.certificates = (certificate.decode(),)
    async with proving(tap, graph_client_certificate_path=file) as access:
        assert await access.access_token()


@pytest.mark.parametrize(
    ("authority", "audience"),
    [
        ("https://login.microsoftonline.com", "api://AzureADTokenExchange"),
        ("https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        ("https://login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
    ],
)
def test_each_cloud_exchanges_tokens_for_its_own_audience(authority: str, audience: str) -> None:
    assert exchange_scope(authority) == f"{audience}/.default"
