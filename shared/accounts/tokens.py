"""Delegated access tokens of the print accounts, refreshed from what `printops login` stored."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.accounts.authority import (
    PERMISSIONS,
    SilentApplication,
    TokenCache,
    graph_scopes,
    new_cache,
    public_client,
    troubles,
)
from shared.accounts.token_cache import StoredCache, TokenCacheStore
from shared.bounds import Bounds
from shared.errors import AccountLapsed, NotNow, PrintFunctionsError
from shared.sealing import SealBroken, Sealer
from shared.settings import Settings
from shared.storage.state import StateStore

logger = logging.getLogger(__name__)

# OAuth and Entra: the person must sign in again; asking the same once more is of no use.
NEEDS_SIGN_IN = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
# Entra: AADSTS codes that come as invalid_grant and pass by themselves (request loop, transient error).
PASSING_CODES = frozenset({50196, 90033})
# How long a failure is remembered, so that a crowd of workers does not ask the authority one after the other.
FAILURE_SECONDS = 5.0
TROUBLE_DELAY_SECONDS = 30.0
REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class _Token:
    """An access token, from when on it is renewed, and when it took the place of one that Graph refused."""

    text: str
    renew_at: datetime
    replaced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    error: NotNow
    until: datetime


class AccountTokens:
    """Tokens by account. `refreshed` is told whenever an account's refresh token proved good."""

    def __init__(
        self,
        caches: TokenCacheStore,
        new_application: Callable[[TokenCache], AbstractContextManager[SilentApplication]],
        scopes: list[str],
        *,
        bounds: Bounds,
        now: Callable[[], datetime],
        refreshed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._caches = caches
        self._new_application = new_application
        self._scopes = scopes
        self._bounds = bounds
        self._now = now
        self._refreshed = refreshed
        self._tokens: dict[str, _Token] = {}
        self._failures: dict[str, _Failure] = {}
        self._refused: set[str] = set()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        store: StateStore,
        *,
        now: Callable[[], datetime],
        refreshed: Callable[[str], Awaitable[None]],
        permissions: Sequence[str] = PERMISSIONS,
    ) -> AccountTokens:
        """Tokens from the authority of the settings, with these permissions on Graph."""
        return cls(
            TokenCacheStore(store, Sealer(settings.token_cache_keys), now),
            lambda cache: public_client(settings, cache),
            graph_scopes(settings, permissions),
            bounds=settings.bounds,
            now=now,
            refreshed=refreshed,
        )

    async def access_token(self, user_principal_name: str) -> str:
        """A token for Graph that is valid now.

        Raises AccountLapsed where the account must sign in again, NotNow (`authorityUnavailable`) where the authority
        is in trouble.
        """
        name = user_principal_name.lower()
        token = self._tokens.get(name)
        if token is None or token.renew_at <= self._now():
            async with self._turns[name]:
                token = self._tokens.get(name)
                if token is None or token.renew_at <= self._now():
                    token = await self._renew(name, force=name in self._refused)
        return token.text

    def invalidate(self, user_principal_name: str) -> None:
        """Graph refused the token at hand: the next one comes from the authority, not from the cache.

        One that has just taken the place of a refused one stays: other callers still tell of the one before.
        """
        name = user_principal_name.lower()
        token = self._tokens.get(name)
        if token and token.replaced_at and self._now() - token.replaced_at < timedelta(seconds=FAILURE_SECONDS):
            return
        self._tokens.pop(name, None)
        self._refused.add(name)

    async def keep_alive(self, user_principal_name: str) -> None:
        """Use the refresh token, so that it does not end by inactivity. Raises as `access_token`."""
        name = user_principal_name.lower()
        async with self._turns[name]:
            await self._renew(name, force=True)

    async def _renew(self, name: str, *, force: bool) -> _Token:
        failure = self._failures.get(name)
        if failure is not None and failure.until > self._now():
            raise failure.error.with_traceback(None)
        try:
            token = await self._ask(name, force=force)
        except NotNow as error:
            self._failures[name] = _Failure(error, self._now() + timedelta(seconds=FAILURE_SECONDS))
            raise
        self._failures.pop(name, None)
        if name in self._refused:
            self._refused.remove(name)
            token = replace(token, replaced_at=self._now())
        self._tokens[name] = token
        return token

    async def _ask(self, name: str, *, force: bool) -> _Token:
        stored = await self._load(name)
        result, text = await asyncio.to_thread(self._silently, stored.text, force)
        if _lapsed(result) and await self._caches.version(name) != stored.etag:
            # Somebody signed in, or another instance refreshed, while this one was asking with the old token.
            stored = await self._load(name)
            result, text = await asyncio.to_thread(self._silently, stored.text, force)
        token = self._token(name, result)
        if _refreshed(result) and stored.etag is not None:
            await self._save(name, text, stored.etag)
        return token

    async def _load(self, name: str) -> StoredCache:
        try:
            stored = await self._caches.load(name)
        except SealBroken as error:
            raise AccountLapsed(
                name,
                f"The stored sign-in of {name} cannot be opened with TOKEN_CACHE_KEY. Add the former key to that "
                f"setting after the new one, or run `printops login {name}`.",
                self._bounds.account_wait_seconds,
            ) from error
        if stored.text is None:
            raise self._lapsed_error(name, "it has not signed in yet")
        return stored

    def _silently(self, text: str | None, force: bool) -> tuple[Mapping[str, Any] | None, str]:
        """What the authority answered, or None where the cache has nothing to ask with; and the cache as it is now."""
        cache = new_cache(text)
        try:
            with self._new_application(cache) as application:
                accounts = application.get_accounts()
                if not accounts:
                    return None, cache.serialize()
                result = application.acquire_token_silent_with_error(self._scopes, accounts[0], force_refresh=force)
        except troubles() as error:
            raise NotNow(
                "authorityUnavailable",
                f"The sign-in service did not answer ({type(error).__name__}).",
                TROUBLE_DELAY_SECONDS,
            ) from error
        return result, cache.serialize()

    def _token(self, name: str, result: Mapping[str, Any] | None) -> _Token:
        if result is not None and "access_token" in result:
            seconds = float(result.get("expires_in") or 0)
            # A token that lives no longer than the margin is used for half its life.
            renew_in = max(seconds - self._bounds.token_margin_seconds, seconds / 2)
            return _Token(str(result["access_token"]), self._now() + timedelta(seconds=renew_in))
        if result is None or _lapsed(result):
            raise self._lapsed_error(name, told(result) if result else "its stored sign-in is incomplete")
        raise NotNow(
            "authorityUnavailable", f"The sign-in service refused {name}: {told(result)}", TROUBLE_DELAY_SECONDS
        )

    async def _save(self, name: str, text: str, etag: str) -> None:
        """Keep what the refresh gave. A caller with a valid token must not fail over this: the old one is good too."""
        from azure.core.exceptions import AzureError

        try:
            await self._caches.save(name, text, etag)
            await self._refreshed(name)
        except (AzureError, PrintFunctionsError) as error:
            logger.warning("the refreshed sign-in of %s could not be stored: %s", name, type(error).__name__)

    def _lapsed_error(self, name: str, why: str) -> AccountLapsed:
        reason = f"{name} must sign in with `printops login {name}`: {why}"
        return AccountLapsed(name, reason, self._bounds.account_wait_seconds)


def told(result: Mapping[str, Any]) -> str:
    """What Entra says in words, without trace numbers and without anything long enough to be a token."""
    text = str(result.get("error_description") or result.get("error") or "no reason given")
    text = re.split(r"\s*(?:Trace ID|Correlation ID|Timestamp):", text, maxsplit=1)[0]
    return re.sub(r"\S{60,}", "…", " ".join(text.split()))[:REASON_CHARACTERS]


def _refreshed(result: Mapping[str, Any] | None) -> bool:
    return result is not None and "access_token" in result and result.get("token_source") == "identity_provider"


def _lapsed(result: Mapping[str, Any] | None) -> bool:
    if result is None:
        return True
    passing = PASSING_CODES.intersection(result.get("error_codes") or ())
    return result.get("error") in NEEDS_SIGN_IN and not passing
