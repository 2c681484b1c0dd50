"""The demo's set-up against the emulator: a real sign-in, real permissions, the catalog that the functions read."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from emulator.demo.documents import DOCUMENTS
from emulator.demo.tenant import administrator_token, read_catalog
from emulator.universal_print import demo
from emulator.universal_print.server import Emulator, running
from shared.catalog import parse_catalog


async def test_the_demo_tenant_becomes_a_catalog_with_the_shares_that_the_documents_name(tmp_path: Path) -> None:
    emulator = Emulator(await demo.demo_world(tmp_path / "paper"), tmp_path)
    async with running(emulator) as url:
        context = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        async with httpx.AsyncClient(verify=context) as http:
            token = await administrator_token(f"{url}/{demo.TENANT_ID}", demo.CLIENT_ID, demo.ADMINISTRATOR, http)
            published = await read_catalog(f"{url}/v1.0", token, http, datetime.now(UTC))
    catalog = parse_catalog(json.dumps(published).encode())
    assert {share.alias for share in catalog.shares} >= {document.name.split("/")[0] for document in DOCUMENTS}
    assert all(share.capabilities["contentTypes"] for share in catalog.shares)
    assert {share.printer_name for share in catalog.shares} == {
        "Office MFP", "Finance Laser", "Photo Desk", "Archive XPS", "Follow Me"
    }  # fmt: skip


async def test_a_person_without_the_role_cannot_publish(tmp_path: Path) -> None:
    emulator = Emulator(await demo.demo_world(tmp_path / "paper"), tmp_path)
    async with running(emulator) as url:
        context = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        async with httpx.AsyncClient(verify=context) as http:
            token = await administrator_token(f"{url}/{demo.TENANT_ID}", demo.CLIENT_ID, demo.PEOPLE[0], http)
            with pytest.raises(httpx.HTTPStatusError, match="403"):
                await read_catalog(f"{url}/v1.0", token, http, datetime.now(UTC))
