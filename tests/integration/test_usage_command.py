"""`printops usage` as an operator runs it, against the emulator and real storage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.reports.history import HistoryPlan
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.settings import Limits
from shared.accounts.pool import AccountPool
from shared.accounts.sign_in import by_device_code, sign_in
from shared.accounts.token_cache import TokenCacheStore
from shared.bounds import Bounds
from shared.errors import AccountLapsed
from shared.names import CATALOG_PATH, STATE, USAGE
from shared.sealing import Sealer
from shared.services import open_services
from shared.settings import StorageConnection, load_settings
from shared.storage.clients import Storage, open_storage
from shared.usage.services import from_services
from tests.support.accounts import ONE, TWO
from tests.support.emulated_reports import READ
from tests.support.tenant import Ended, make_emulator, printops, settings_for

PLAN = HistoryPlan(date(2026, 1, 5), date(2026, 1, 9), seed=3, people=5, printers=2)
DAYS = ("--from", "2026-01-05", "--to", "2026-01-09")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Operator:
    """Somebody with a terminal."""

    emulator: Emulator
    storage: Storage
    environ: dict[str, str]

    async def sign_in(self, name: str) -> None:
        user = next(one for one in self.emulator.world.users.values() if one.user_principal_name == name)

        def approve(message: str) -> None:
            for entry in self.emulator.authority.sign_ins.device_codes.values():
                if entry.user_code in message:
                    entry.user = user

        settings = load_settings(self.environ)
        caches = TokenCacheStore(self.storage.state, Sealer(settings.token_cache_keys), now)
        pool = AccountPool(
            [ONE, TWO], self.storage.state, bounds=Bounds(), now=now, sleep=asyncio.sleep, random=lambda: 0.5
        )
        await sign_in(name, settings, caches, by_device_code(approve), pool.mark_signed_in)

    async def usage(self, *arguments: str) -> Ended:
        return await printops(("usage", *arguments), self.environ)


@pytest.fixture
async def operator(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[Operator]:
    emulator = make_emulator(tmp_path)
    emulator.settings.limits = Limits.off()
    (app,) = emulator.world.apps.values()
    app.delegated |= {READ}
    history = emulator.reports.add_history(PLAN)
    async with running(emulator), open_storage_of(storage_account) as storage:
        for name in (STATE, USAGE):
            await storage.container(name).create_container()
        printers = [{"id": one.id, "displayName": one.name} for one in history.printers]
        catalog = {"version": 1, "shares": [], "printers": printers}
        await storage.state.create(CATALOG_PATH, json.dumps(catalog).encode())
        environ = settings_for(emulator, storage_account.connection_string) | {"REPORTS_ACCOUNT": ONE}
        yield Operator(emulator, storage, environ)


def open_storage_of(account: StorageAccount) -> AbstractAsyncContextManager[Storage]:
    return open_storage(StorageConnection(account.connection_string))


async def test_days_are_exported_and_agree_until_graph_is_corrected(operator: Operator) -> None:
    await operator.sign_in(ONE)
    exported = await operator.usage("export", *DAYS)
    assert (exported.code, exported.errors) == (0, "")
    assert "archived-jobs" in exported.output
    agrees = await operator.usage("verify", *DAYS)
    assert (agrees.code, agrees.errors) == (0, "")
    assert "0 of them differ" in agrees.output
    printer = next(operator.emulator.reports.histories[0].printers)
    operator.emulator.reports.correct(date(2026, 1, 7), ONE, printer.id, {"colorPageCount": 1})
    differs = await operator.usage("verify", *DAYS, "--series", "daily-by-printer")
    assert differs.code == 1
    assert "colorPageCount" in differs.output
    assert "2026-01-07" in differs.output


async def test_who_has_not_signed_in_is_told_to(operator: Operator) -> None:
    for command in ("export", "verify"):
        ended = await operator.usage(command, *DAYS)
        assert ended.code == 1
        assert f"printops login {ONE}" in " ".join(ended.errors.split())


async def test_an_account_without_consent_for_reports_still_prints(operator: Operator) -> None:
    del operator.environ["REPORTS_ACCOUNT"]
    await operator.sign_in(ONE)
    (app,) = operator.emulator.world.apps.values()
    app.delegated -= {READ}
    async with AsyncExitStack() as stack:
        ready = await open_services(operator.environ, stack)
        with pytest.raises(AccountLapsed, match="printops login"):
            await from_services(ready).reports.page(f"{operator.emulator.base_url}/v1.0/reports/dailyPrintUsageByUser")
        assert await ready.tokens.access_token(ONE)
        assert (await ready.pool.statuses())[0].lapsed_since is None
