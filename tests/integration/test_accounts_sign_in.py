"""`printops login` and the tokens that follow from it, against the emulated authority and real blob storage."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from emulator.azurite import StorageAccount
from emulator.universal_print.faults import Fault
from emulator.universal_print.server import Emulator, running
from emulator.universal_print.world import User
from shared.accounts.pool import AccountPool
from shared.accounts.sign_in import by_device_code, sign_in
from shared.accounts.token_cache import TokenCacheStore
from shared.accounts.tokens import AccountTokens
from shared.bounds import Bounds
from shared.errors import AccountLapsed, NotNow
from shared.names import STATE, token_cache_path
from shared.sealing import Sealer
from shared.settings import load_settings
from shared.storage.clients import Storage, open_storage
from tests.support.accounts import ONE, TWO
from tests.support.tenant import (
    ROOT,
    STRANGER,
    browser_command,
    make_emulator,
    printops,
    settings_for,
    write_settings,
)

# Far less than a code of the sign-in page stands.
ENDS_SECONDS = 60


def now() -> datetime:
    return datetime.now(UTC)


class Tenant:
    """The emulator, the storage, and what one instance of the app makes of them."""

    def __init__(self, emulator: Emulator, storage: Storage, environ: dict[str, str]) -> None:
        self.emulator, self.storage, self.environ = emulator, storage, environ
        self.pool = self.new_pool()
        self.tokens = self.new_tokens()

    def new_pool(self) -> AccountPool:
        return AccountPool(
            [ONE, TWO], self.storage.state, bounds=Bounds(), now=now, sleep=asyncio.sleep, random=lambda: 0.5
        )

    def new_tokens(self) -> AccountTokens:
        settings = load_settings(self.environ)
        return AccountTokens.from_settings(settings, self.storage.state, now=now, refreshed=self.pool.mark_refreshed)

    async def sign_in(self, name: str = ONE) -> None:
        """As `printops login` does, without the start of another process."""
        user = self.user(name)

        def approve(message: str) -> None:
            for entry in self.emulator.authority.sign_ins.device_codes.values():
                if entry.user_code in message:
                    entry.user = user

        settings = load_settings(self.environ)
        caches = TokenCacheStore(self.storage.state, Sealer(settings.token_cache_keys), now)
        await sign_in(name, settings, caches, by_device_code(approve), self.pool.mark_signed_in)

    async def graph_status(self, token: str) -> int:
        """What Graph thinks of the token."""
        trust = ssl.create_default_context(cafile=str(self.emulator.ca_bundle))
        async with httpx.AsyncClient(verify=trust) as http:
            address = f"{self.emulator.base_url}/v1.0/print/shares"
            return (await http.get(address, headers={"Authorization": f"Bearer {token}"})).status_code

    def user(self, name: str = ONE) -> User:
        user = self.emulator.world.user_named(name)
        assert user is not None
        return user


@pytest.fixture
async def tenant(tmp_path: Path, storage_account: StorageAccount) -> AsyncIterator[Tenant]:
    emulator = make_emulator(tmp_path / "emulator")
    async with running(emulator):
        environ = settings_for(emulator, storage_account.connection_string)
        async with open_storage(load_settings(environ).storage) as storage:
            await storage.container(STATE).create_container()
            yield Tenant(emulator, storage, environ)


async def test_a_code_signs_the_account_in_and_its_tokens_are_good_for_graph(tenant: Tenant, tmp_path: Path) -> None:
    file = write_settings(tmp_path, tenant.environ)
    ended = await printops(["login", ONE.upper(), "--device-code", "--settings", str(file)], {}, tenant.emulator, ONE)
    assert ended.code == 0, ended.errors
    assert f"{ONE} is signed in" in ended.output
    assert await tenant.graph_status(await tenant.tokens.access_token(ONE)) == 200
    status = {status.user_principal_name: status for status in await tenant.pool.statuses()}[ONE]
    assert status.token_age_seconds is not None
    assert status.lapsed_since is None
    blob = await tenant.storage.container(STATE).download_blob(token_cache_path(ONE))
    sealed = await blob.readall()
    assert b"RefreshToken" not in sealed


async def test_a_browser_signs_the_account_in(tenant: Tenant, tmp_path: Path) -> None:
    environ = tenant.environ | {"BROWSER": browser_command(tmp_path, tenant.emulator, ONE)}
    ended = await printops(["login", ONE, "--browser"], environ)
    assert ended.code == 0, ended.errors
    assert await tenant.graph_status(await tenant.tokens.access_token(ONE)) == 200


async def test_somebody_else_is_refused_and_nothing_is_stored(tenant: Tenant) -> None:
    ended = await printops(["login", ONE], tenant.environ, tenant.emulator, approve_as=STRANGER)
    assert ended.code == 3
    assert f"{STRANGER} signed in, not {ONE}" in ended.errors
    with pytest.raises(AccountLapsed, match="has not signed in yet"):
        await tenant.tokens.access_token(ONE)


async def test_an_account_that_is_not_in_the_settings_is_a_wrong_argument(tenant: Tenant) -> None:
    ended = await printops(["login", STRANGER], tenant.environ)
    assert ended.code == 2
    assert "PRINT_ACCOUNTS" in ended.errors


async def test_an_app_that_is_no_public_client_is_told_how_to_become_one(tenant: Tenant) -> None:
    for app in tenant.emulator.world.apps.values():
        app.allow_public_client = False
    ended = await printops(["login", ONE], tenant.environ)
    assert ended.code == 1
    assert "Allow public client flows" in ended.errors


async def test_a_missing_consent_is_told(tenant: Tenant) -> None:
    for app in tenant.emulator.world.apps.values():
        app.delegated = frozenset({"PrintJob.ReadWrite"})
    ended = await printops(["login", ONE], tenant.environ)
    assert ended.code == 1
    assert "AADSTS65001" in ended.errors
    assert "Consent" in ended.errors


async def test_a_refused_token_is_replaced_by_a_refresh_that_other_instances_use_too(tenant: Tenant) -> None:
    await tenant.sign_in()
    first = await tenant.tokens.access_token(ONE)
    tenant.emulator.clock.advance(timedelta(hours=2))
    assert await tenant.graph_status(first) == 401
    tenant.tokens.invalidate(ONE)
    second = await tenant.tokens.access_token(ONE)
    assert await tenant.graph_status(second) == 200
    assert await tenant.new_tokens().access_token(ONE) == second


async def test_instances_that_refresh_at_once_all_go_on_and_leave_a_good_sign_in(tenant: Tenant) -> None:
    await tenant.sign_in()
    instances = [tenant.new_tokens() for _ in range(4)]
    await asyncio.gather(*(instance.keep_alive(ONE) for instance in instances))
    tokens = await asyncio.gather(*(instance.access_token(ONE) for instance in instances))
    assert [await tenant.graph_status(token) for token in tokens] == [200] * 4
    tenant.emulator.clock.advance(timedelta(days=60))
    await tenant.new_tokens().keep_alive(ONE)
    tenant.emulator.clock.advance(timedelta(days=60))
    last = tenant.new_tokens()
    last.invalidate(ONE)
    assert await tenant.graph_status(await last.access_token(ONE)) == 200


async def test_a_revoked_sign_in_lapses_and_a_new_one_mends_it_for_instances_that_run(tenant: Tenant) -> None:
    await tenant.sign_in()
    tenant.emulator.clock.advance(timedelta(minutes=10))
    tenant.emulator.revoke_sign_in(tenant.user())
    tenant.tokens.invalidate(ONE)
    with pytest.raises(AccountLapsed, match="AADSTS50173") as lapsed:
        await tenant.tokens.access_token(ONE)
    assert "Trace ID" not in lapsed.value.reason
    await tenant.sign_in()
    running_on = tenant.new_tokens()
    assert await tenant.graph_status(await running_on.access_token(ONE)) == 200


@pytest.mark.parametrize(
    ("change", "number"), [("enabled", 50057), ("needs_interaction", 50076)], ids=["disabled", "needs a second factor"]
)
async def test_what_only_a_person_can_mend_lapses_the_account(tenant: Tenant, change: str, number: int) -> None:
    await tenant.sign_in()
    setattr(tenant.user(), change, change == "needs_interaction")
    tenant.tokens.invalidate(ONE)
    with pytest.raises(AccountLapsed, match=f"AADSTS{number}"):
        await tenant.tokens.access_token(ONE)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", "token", status=503),
        Fault("status", "token", status=502, html=True),
        Fault("status", "openidConfiguration", status=500),
        Fault("status", "token", status=429, retry_after=10),
        Fault("dropAfter", "token"),
        Fault("cutReply", "token"),
        Fault("restart", "token"),
    ],
    ids=lambda fault: f"{fault.action} {fault.operation} {fault.status}",
)
async def test_trouble_at_the_authority_puts_off_and_nothing_is_lost(tenant: Tenant, fault: Fault) -> None:
    await tenant.sign_in()
    tenant.tokens.invalidate(ONE)
    tenant.emulator.faults.add(fault)
    with pytest.raises(NotNow) as later:
        await tenant.tokens.access_token(ONE)
    assert not isinstance(later.value, AccountLapsed)
    assert later.value.code == "authorityUnavailable"
    tenant.emulator.faults.clear()
    again = tenant.new_tokens()
    again.invalidate(ONE)
    assert await tenant.graph_status(await again.access_token(ONE)) == 200


async def test_a_key_of_another_storage_is_told_with_the_setting(tenant: Tenant) -> None:
    await tenant.sign_in()
    made = await printops(["key"], {})
    tenant.environ["TOKEN_CACHE_KEY"] = made.output.strip()
    with pytest.raises(AccountLapsed, match="TOKEN_CACHE_KEY"):
        await tenant.new_tokens().access_token(ONE)
    tenant.environ["TOKEN_CACHE_KEY"] += f",{settings_key(tenant)}"
    assert await tenant.graph_status(await tenant.new_tokens().access_token(ONE)) == 200


def settings_key(tenant: Tenant) -> str:
    """The key that the sign-in was stored with."""
    return settings_for(tenant.emulator, "")["TOKEN_CACHE_KEY"]


async def test_ctrl_c_ends_a_sign_in_that_nobody_finished(tenant: Tenant) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "printops", "login", ONE),
        cwd=ROOT,
        env={**os.environ, **tenant.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"enter the code" in await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    try:
        _, said = await asyncio.wait_for(process.communicate(), ENDS_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in said
