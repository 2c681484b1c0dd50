"""An administrator's delegated tokens: for the length of one command, or remembered, sealed, until they lapse.

The app registration is the one of the functions, because a task trigger takes the app that made the definition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.accounts.authority import TokenCache, graph_scopes, new_cache, public_client, troubles
from shared.accounts.sign_in import Acquire, SignInFailed, acquired_aside, check_permissions, check_user, user_names
from shared.accounts.token_cache import TokenCacheStore
from shared.sealing import SealBroken
from shared.settings import Settings

# A token is renewed this long before it ends.
_EARLY = timedelta(minutes=5)


class AdministratorTokens:
    """Tokens with `permissions` for whoever signs in by `acquire`, at the first call that needs one.

    `administrator` is who that must be, None for anybody. `remembered` keeps sign-ins; one of `administrator` is used
    where it still serves, and a new one is kept only if `remember` says so.
    """

    def __init__(
        self,
        settings: Settings,
        permissions: Sequence[str],
        acquire: Acquire,
        *,
        now: Callable[[], datetime],
        administrator: str | None = None,
        remembered: TokenCacheStore | None = None,
        remember: bool = False,
    ) -> None:
        self._settings = settings
        self._permissions = tuple(permissions)
        self._acquire = acquire
        self._now = now
        self._administrator = administrator.lower() if administrator else None
        self._remembered = remembered
        self._remember = remember
        self._cache: TokenCache | None = None
        self._etag: str | None = None
        self._token: str | None = None
        self._renew_at: datetime | None = None
        self._refused = False
        self._turn = asyncio.Lock()
        self._granted = self._permissions
        self._tenant_id: str | None = None

    @property
    def tenant_id(self) -> str | None:
        """The tenant's id, whatever name the settings call it by; None before somebody has signed in."""
        return self._tenant_id

    @property
    def user_principal_name(self) -> str | None:
        """Who is signed in; None before the first token where nobody was named."""
        return self._administrator

    def granted(self) -> tuple[str, ...]:
        """The permissions of the token."""
        return self._granted

    async def access_token(self) -> str:
        """A token for Graph that is valid now.

        Raises SignInFailed where nobody signs in or a permission is missing, WrongUser where somebody else does.
        """
        async with self._turn:
            if self._token is None or self._renew_at is None or self._renew_at <= self._now():
                result = await self._silent() or await self._signed_in()
                self._token = str(result["access_token"])
                self._renew_at = self._now() + timedelta(seconds=float(result.get("expires_in") or 0)) - _EARLY
                self._refused = False
            return self._token

    def invalidate(self) -> None:
        """Graph refused the token at hand: the next one comes from the authority."""
        self._token = None
        self._refused = True

    async def _silent(self) -> Mapping[str, Any] | None:
        """A token without asking the person, where a sign-in of this command or a remembered one gives it."""
        if self._cache is None:
            self._cache = await self._load()
        if self._cache is None:
            return None
        before = self._cache.serialize()
        result = await asyncio.to_thread(_renewed, self._settings, self._permissions, self._cache, force=self._refused)
        if result is None:
            self._cache = None
            return None
        if self._etag is not None and self._remembered and self._administrator and self._cache.serialize() != before:
            await self._remembered.save(self._administrator, self._cache.serialize(), self._etag)
            self._etag = await self._remembered.version(self._administrator)
        return result

    async def _load(self) -> TokenCache | None:
        if self._remembered is None or self._administrator is None:
            return None
        try:
            stored = await self._remembered.load(self._administrator)
        except SealBroken:
            return None
        self._etag = stored.etag
        return new_cache(stored.text) if stored.text is not None else None

    async def _signed_in(self) -> Mapping[str, Any]:
        cache = new_cache(None)
        try:
            result = await acquired_aside(self._settings, self._permissions, self._acquire, cache)
        except SignInFailed as error:
            raise SignInFailed(f"{error} The sign-in asked for {' and '.join(self._permissions)}.") from error
        if self._administrator is not None:
            check_user(self._administrator, result)
        check_permissions(result, self._permissions)
        self._granted = tuple(scope.rpartition("/")[2] for scope in str(result.get("scope", "")).split())
        self._tenant_id = str((result.get("id_token_claims") or {}).get("tid") or "") or None
        names = user_names(result)
        self._administrator = self._administrator or (min(names) if names else None)
        self._cache = cache
        if self._remember and self._remembered is not None and self._administrator is not None:
            await self._remembered.start_anew(self._administrator, cache.serialize())
            self._etag = await self._remembered.version(self._administrator)
        return result


def _renewed(
    settings: Settings, permissions: Sequence[str], cache: TokenCache, *, force: bool
) -> Mapping[str, Any] | None:
    """A token from the cache or its refresh token; None where the person has to sign in."""
    try:
        with public_client(settings, cache) as application:
            accounts = application.get_accounts()
            if not accounts:
                return None
            scopes = graph_scopes(settings, permissions)
            result: Mapping[str, Any] | None = application.acquire_token_silent_with_error(
                scopes, accounts[0], force_refresh=force
            )
    except troubles():
        # The sign-in that follows tells what is wrong with the authority.
        return None
    return result if result and "access_token" in result else None
