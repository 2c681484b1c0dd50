"""`printops alerts` shows what was told to be wrong and is not mended."""

from __future__ import annotations

import json

import httpx

from emulator.azurite import StorageAccount
from shared.alerts import update
from shared.names import STATE
from shared.settings import StorageConnection
from shared.storage.clients import open_storage
from tests.support.notices import SETTINGS
from tests.support.tenant import printops


async def test_alerts_are_shown_as_lines_for_programs_and_as_a_table_for_people(
    storage_account: StorageAccount,
) -> None:
    settings = SETTINGS | {"PrintStorage": storage_account.connection_string}
    async with (
        open_storage(StorageConnection(storage_account.connection_string)) as storage,
        httpx.AsyncClient() as http,
    ):
        await storage.container(STATE).create_container()
        assert (await printops(["alerts"], settings)).output.strip() == "no alerts"
        await update({"document-stuck": "a dropped document waits"}, storage.state, http, None)
    shown = await printops(["alerts", "--json"], settings)
    assert (shown.code, json.loads(shown.output)) == (
        0,
        {"alert": "document-stuck", "text": "a dropped document waits"},
    )
    assert "a dropped document waits" in (await printops(["alerts"], settings)).output
