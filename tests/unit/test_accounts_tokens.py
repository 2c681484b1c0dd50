"""Tokens of print accounts: asked for seldom, never lost, and plain about an account that lapsed."""

from __future__ import annotations

import asyncio
import json

import pytest
import requests
from msal.exceptions import MsalServiceError

from shared.accounts.token_cache import TokenCacheStore, merge
from shared.accounts.tokens import AccountTokens, told
from shared.bounds import Bounds
from shared.errors import AccountLapsed, NotNow, StorageConflict
from shared.names import token_cache_path
from shared.sealing import Sealer
from tests.support.accounts import ONE
from tests.support.clock import Clock
from tests.support.memory_state import MemoryStateStore
from tests.support.sign_in import GRANTED, KEY, OTHER_KEY, PLAIN_SCOPES, REVOKED, ScriptedAuthority, cache_text


class Account:
    """One account with a stored sign-in, and what became of it."""

    def __init__(self, *answers: object, keys: tuple[str, ...] = (KEY,)) -> None:
        self.store, self.clock = MemoryStateStore(), Clock()
        self.authority = ScriptedAuthority(*answers)  # type: ignore[arg-type]
        self.refreshed: list[str] = []
        self.caches = TokenCacheStore(self.store, Sealer(keys), self.clock.now)
        self.tokens = self.instance()

    def instance(self) -> AccountTokens:
        async def refreshed(name: str) -> None:
            self.refreshed.append(name)

        return AccountTokens(
            self.caches,
            self.authority.application,
            PLAIN_SCOPES,
            bounds=Bounds(),
            now=self.clock.now,
            refreshed=refreshed,
        )

    async def signed_in(self) -> Account:
        await self.caches.start_anew(ONE, cache_text("r1", 100))
        return self

    async def stored_refresh_token(self) -> str:
        text = (await self.caches.load(ONE)).text
        assert text is not None
        secret: str = json.loads(text)["RefreshToken"]["user.tenant-rt"]["secret"]
        return secret


async def test_a_crowd_of_workers_refreshes_once_and_the_token_lasts_until_shortly_before_its_end() -> None:
    account = await Account(GRANTED, GRANTED | {"access_token": "token-2"}).signed_in()
    names = [ONE, ONE.upper()] * 5
    assert set(await asyncio.gather(*(account.tokens.access_token(name) for name in names))) == {"token-1"}
    account.clock.advance(3600 - 301)
    assert await account.tokens.access_token(ONE) == "token-1"
    account.clock.advance(1)
    assert await account.tokens.access_token(ONE) == "token-2"
    assert account.refreshed == [ONE, ONE]


async def test_what_a_refresh_gives_is_stored_encrypted_and_used_next_time() -> None:
    account = await Account(GRANTED | {"refresh_token": "a-refresh-token"}, GRANTED).signed_in()
    await account.tokens.access_token(ONE)
    sealed = account.store.documents[token_cache_path(ONE)].content
    assert b"a-refresh-token" not in sealed
    assert b"RefreshToken" not in sealed
    await account.instance().access_token(ONE)
    assert account.authority.asked == [("r1", False), ("a-refresh-token", False)]


async def test_two_instances_that_refresh_at_once_both_go_on_and_the_newer_refresh_token_stays() -> None:
    account = await Account(GRANTED | {"refresh_token": "mine"}).signed_in()
    theirs = account.caches._sealer.seal(cache_text("theirs", 500).encode())
    account.authority.before_answer = lambda: account.store._write(token_cache_path(ONE), theirs)
    assert await account.tokens.access_token(ONE) == "token-1"
    assert await account.stored_refresh_token() == "theirs"


async def test_a_sign_in_that_is_removed_during_a_refresh_stays_removed() -> None:
    account = await Account(GRANTED | {"refresh_token": "mine"}).signed_in()
    account.authority.before_answer = lambda: account.store.documents.pop(token_cache_path(ONE))
    assert await account.tokens.access_token(ONE) == "token-1"
    assert token_cache_path(ONE) not in account.store.documents
    account.clock.advance(3600)
    with pytest.raises(AccountLapsed):
        await account.tokens.access_token(ONE)


async def test_a_token_is_handed_out_even_when_it_cannot_be_stored(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await Account(GRANTED | {"refresh_token": "a-refresh-token"}).signed_in()

    async def conflict(*_: object) -> str:
        raise StorageConflict("somebody else")

    monkeypatch.setattr(account.store, "replace", conflict)
    assert await account.tokens.access_token(ONE) == "token-1"
    assert "could not be stored" in caplog.text
    assert "a-refresh-token" not in caplog.text


async def test_a_refused_token_makes_the_next_one_come_from_the_authority_not_the_cache() -> None:
    cached = {"access_token": "old", "expires_in": 3600, "token_source": "cache"}
    account = await Account(cached, GRANTED).signed_in()
    assert await account.tokens.access_token(ONE) == "old"
    account.tokens.invalidate(ONE)
    assert await account.tokens.access_token(ONE) == "token-1"
    assert [forced for _, forced in account.authority.asked] == [False, True]


async def test_late_refusals_of_the_token_before_do_not_throw_away_the_new_one() -> None:
    account = await Account(GRANTED, GRANTED | {"access_token": "token-2"}, GRANTED).signed_in()
    await account.tokens.access_token(ONE)
    for _ in range(5):
        account.tokens.invalidate(ONE)
        assert await account.tokens.access_token(ONE) == "token-2"
    assert len(account.authority.asked) == 2
    account.clock.advance(5)
    account.tokens.invalidate(ONE)
    assert await account.tokens.access_token(ONE) == "token-1"


async def test_a_revoked_sign_in_lapses_the_account_with_the_reason_that_entra_gives() -> None:
    account = await Account(REVOKED).signed_in()
    with pytest.raises(AccountLapsed) as lapsed:
        await account.tokens.access_token(ONE)
    assert lapsed.value.user_principal_name == ONE
    assert "AADSTS50173: The grant was revoked." in lapsed.value.reason
    assert "Trace ID" not in lapsed.value.reason
    assert f"printops login {ONE}" in lapsed.value.reason


async def test_a_sign_in_made_while_the_old_token_was_refused_is_used_at_once() -> None:
    account = await Account(REVOKED, GRANTED).signed_in()
    anew = account.caches._sealer.seal(cache_text("new", 900).encode())

    def sign_in() -> None:
        account.authority.before_answer = lambda: None
        account.store._write(token_cache_path(ONE), anew)

    account.authority.before_answer = sign_in
    assert await account.tokens.access_token(ONE) == "token-1"
    assert [token for token, _ in account.authority.asked] == ["r1", "new"]


@pytest.mark.parametrize(
    "trouble",
    [
        requests.ConnectionError("no route"),
        MsalServiceError("HTTP Error: 503", error=None, error_description=None),
        ValueError("Unable to get authority configuration"),
        {"error": "temporarily_unavailable", "error_description": "AADSTS90033: try later"},
        {"error": "invalid_grant", "error_codes": [50196], "error_description": "AADSTS50196: loop"},
        {"error": "invalid_client", "error_description": "AADSTS7000218: allow public client flows"},
    ],
)
async def test_an_authority_in_trouble_puts_off_and_lapses_nobody(trouble: object) -> None:
    account = await Account(trouble, GRANTED).signed_in()
    for _ in range(3):
        with pytest.raises(NotNow) as later:
            await account.tokens.access_token(ONE)
        assert not isinstance(later.value, AccountLapsed)
        assert later.value.code == "authorityUnavailable"
    assert len(account.authority.asked) == 1
    account.clock.advance(5)
    assert await account.tokens.access_token(ONE) == "token-1"


async def test_an_account_that_never_signed_in_says_so() -> None:
    with pytest.raises(AccountLapsed, match="has not signed in yet"):
        await Account().tokens.access_token(ONE)


async def test_a_cache_under_another_key_lapses_the_account_and_names_the_setting() -> None:
    account = await Account(GRANTED).signed_in()
    account.caches._sealer = Sealer((OTHER_KEY,))
    with pytest.raises(AccountLapsed, match="TOKEN_CACHE_KEY"):
        await account.tokens.access_token(ONE)


async def test_a_key_is_replaced_without_a_gap() -> None:
    account = await Account(GRANTED | {"refresh_token": "a-refresh-token"}).signed_in()
    account.caches._sealer = Sealer((OTHER_KEY, KEY))
    assert await account.tokens.access_token(ONE) == "token-1"
    account.caches._sealer = Sealer((OTHER_KEY,))
    assert await account.stored_refresh_token() == "a-refresh-token"


async def test_keep_alive_uses_the_refresh_token_although_the_access_token_is_good() -> None:
    account = await Account(GRANTED, GRANTED).signed_in()
    await account.tokens.access_token(ONE)
    await account.tokens.keep_alive(ONE)
    assert [forced for _, forced in account.authority.asked] == [False, True]
    assert account.refreshed == [ONE, ONE]


async def test_a_token_shorter_than_the_margin_is_used_for_half_its_life() -> None:
    account = await Account(GRANTED | {"expires_in": 60}, GRANTED).signed_in()
    await account.tokens.access_token(ONE)
    account.clock.advance(29)
    await account.tokens.access_token(ONE)
    assert len(account.authority.asked) == 1
    account.clock.advance(1)
    await account.tokens.access_token(ONE)
    assert len(account.authority.asked) == 2


def test_merging_keeps_the_newer_entry_and_forgets_ended_access_tokens() -> None:
    theirs = cache_text("theirs", 200, secret="a", cached_at="200", expires_on="900")
    ours = cache_text("ours", 201, secret="b", cached_at="201", expires_on="950")
    merged = json.loads(merge(theirs, ours, 800))
    assert merged["RefreshToken"]["user.tenant-rt"]["secret"] == "ours"
    assert merged["AccessToken"]["user.tenant-at"]["secret"] == "b"
    assert json.loads(merge(theirs, ours, 960))["AccessToken"] == {}
    assert merge(theirs, cache_text("ours", 200), 800) == theirs


def test_merging_never_brings_back_the_account_that_a_new_sign_in_replaced() -> None:
    theirs = cache_text("theirs", 200, home="new.tenant")
    assert merge(theirs, cache_text("ours", 900, home="old.tenant"), 800) == theirs


def test_a_reason_never_holds_anything_long_enough_to_be_a_token() -> None:
    assert told({"error_description": "AADSTS1: bad " + "x" * 200 + " here"}) == "AADSTS1: bad … here"
    assert told({"error": "invalid_grant"}) == "invalid_grant"
