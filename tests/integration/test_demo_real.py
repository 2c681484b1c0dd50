"""`dev.py run --real` runs the app with a tenant of its user; here the emulated one stands for it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from emulator.demo.real import DEVELOPMENT_STORAGE, SettingsMissing, plan, read_values
from emulator.universal_print.server import running
from tests.support.tenant import ROOT, make_emulator, settings_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent as on POSIX")


@asynccontextmanager
async def real_run(settings: Path, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The command, and what it had said by the time that it was up."""
    command = ["-m", "emulator.demo", "--any-ports", "--real", "--settings", str(settings), "--directory", str(folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said = ""
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while "Logs are in" not in said:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        yield process, said
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.communicate()


async def test_the_app_runs_with_the_settings_of_its_user_and_keeps_their_storage(tmp_path: Path) -> None:
    emulator = make_emulator(tmp_path / "tenant")
    async with running(emulator):
        values = settings_for(emulator, DEVELOPMENT_STORAGE) | {
            "AzureWebJobsStorage": DEVELOPMENT_STORAGE,
            "NOTIFICATION_URL": "https://print.contoso.example",
            "NOTIFICATION_CLIENT_STATE": "secret",
        }
        settings = tmp_path / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
        folder = tmp_path / "real"
        async with real_run(settings, folder) as (process, said):
            assert "NOTIFICATION_URL is left out" in said
            url = said.split("/api/health")[0].split()[-1]
            used = json.loads((folder / "local.settings.json").read_text())["Values"]
            assert "NOTIFICATION_URL" not in used
            assert "devstoreaccount1" in used["PrintStorage"]
            async with httpx.AsyncClient() as http:
                assert (await http.get(f"{url}/api/health")).json() == {"status": "up"}
            process.send_signal(signal.SIGINT)
            await process.communicate()
            assert process.returncode == 130
        assert list((folder / "storage").iterdir()), "what Azurite holds stays"


def test_development_storage_is_replaced_wherever_it_is_named() -> None:
    chosen = plan({"PrintStorage": DEVELOPMENT_STORAGE, "GRAPH_CLIENT_ID": "<id>", "A": "b"}, "connection")
    assert chosen.settings == {"PrintStorage": "connection", "GRAPH_CLIENT_ID": "<id>", "A": "b"}
    assert (chosen.local_storage, chosen.placeholders) == (True, ("GRAPH_CLIENT_ID",))


def test_a_missing_or_unfilled_settings_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsMissing, match=r"Copy local\.settings\.example\.json"):
        read_values(tmp_path / "local.settings.json", tmp_path)
    with pytest.raises(SettingsMissing, match="GRAPH_CLIENT_ID, GRAPH_TENANT_ID"):
        read_values(ROOT / "local.settings.example.json", ROOT)
