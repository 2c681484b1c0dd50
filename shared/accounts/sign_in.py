"""Signs a print account in, once, so that the functions can go on with its refresh token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any

from shared.accounts.authority import TokenCache, graph_scopes, new_cache, permissions_of, public_client, troubles
from shared.accounts.token_cache import TokenCacheStore
from shared.accounts.tokens import told
from shared.errors import PrintFunctionsError
from shared.settings import Settings

BROWSER_SECONDS = 300


class SignInFailed(PrintFunctionsError):
    """Nobody was signed in; the message says why and what to do."""


class WrongUser(SignInFailed):
    """Somebody else signed in than the account that was named. Nothing was stored."""


# What gets a token out of MSAL's application for these scopes: see `by_device_code` and `by_browser`.
Acquire = Callable[[Any, list[str]], Mapping[str, Any]]


def by_device_code(show: Callable[[str], None]) -> Acquire:
    """Sign in on any device with the code that `show` is told."""

    def acquire(application: Any, scopes: list[str]) -> Mapping[str, Any]:
        flow: dict[str, Any] = application.initiate_device_flow(scopes=scopes)
        if "user_code" not in flow:
            raise SignInFailed(told(flow) + _advice(flow))
        show(str(flow["message"]))
        answer: Mapping[str, Any] = application.acquire_token_by_device_flow(flow)
        return answer

    return acquire


def by_browser(user_principal_name: str, show: Callable[[str], None]) -> Acquire:
    """Sign in with this machine's browser (authorization code with PKCE, answered at http://localhost)."""

    def acquire(application: Any, scopes: list[str]) -> Mapping[str, Any]:
        from msal.oauth2cli.oauth2 import BrowserInteractionTimeoutError

        try:
            answer: Mapping[str, Any] = application.acquire_token_interactive(
                scopes,
                login_hint=user_principal_name or None,
                timeout=BROWSER_SECONDS,
                auth_uri_callback=lambda address: show(f"No browser could be opened here. Open this page: {address}"),
            )
        except BrowserInteractionTimeoutError as error:
            raise SignInFailed(f"Nobody signed in within {BROWSER_SECONDS} seconds.") from error
        return answer

    return acquire


async def sign_in(
    user_principal_name: str,
    settings: Settings,
    caches: TokenCacheStore,
    acquire: Acquire,
    signed_in: Callable[[str], Awaitable[None]],
) -> None:
    """Get a token by `acquire`, store what refreshes it, and tell `signed_in` the account's name.

    Raises WrongUser where somebody else signed in, SignInFailed where nobody did or a permission is missing.
    """
    name = user_principal_name.lower()
    permissions = permissions_of(settings, name)
    cache = new_cache(None)
    result = await acquired_aside(settings, permissions, acquire, cache)
    text = cache.serialize()
    check_user(name, result)
    check_permissions(result, permissions)
    if not json.loads(text).get("RefreshToken"):
        raise SignInFailed("The sign-in service gave no refresh token. Check that the app may use offline_access.")
    await caches.start_anew(name, text)
    await signed_in(name)


def check_user(name: str, result: Mapping[str, Any]) -> None:
    """Raises WrongUser unless the ID token is of the user `name` (Entra: ID token claims)."""
    names = user_names(result)
    if name not in names:
        who = ", ".join(sorted(names)) or "an unnamed user"
        raise WrongUser(
            f"{who} signed in, not {name}. Nothing was stored. Sign out in the browser, or use a private window, and "
            f"sign in as {name}."
        )


def user_names(result: Mapping[str, Any]) -> set[str]:
    """The names of whoever signed in, in lower case (Entra: ID token claims)."""
    claims = result.get("id_token_claims") or {}
    return {str(claims[claim]).lower() for claim in ("preferred_username", "upn") if claims.get(claim)}


def check_permissions(result: Mapping[str, Any], permissions: Sequence[str]) -> None:
    """Raises SignInFailed unless the token has every one of the permissions."""
    granted = {scope.rpartition("/")[2].lower() for scope in str(result.get("scope", "")).split()}
    missing = [permission for permission in permissions if permission.lower() not in granted]
    if missing:
        raise SignInFailed(
            f"The sign-in lacks {' and '.join(missing)}. Add it to the app registration's delegated permissions for "
            "Microsoft Graph, consent to it, then sign in again."
        )


async def acquired_aside(
    settings: Settings, permissions: Sequence[str], acquire: Acquire, cache: TokenCache
) -> Mapping[str, Any]:
    """`acquired` in a thread that nobody waits for: Ctrl-C ends a sign-in that a person may leave open for minutes.

    asyncio.to_thread would hold the process until MSAL has given up. Raises SignInFailed.
    """
    answer: Future[Mapping[str, Any]] = Future()

    def work() -> None:
        try:
            result = acquired(settings, permissions, acquire, cache)
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits, whatever it is
            answer.set_exception(error)
        else:
            answer.set_result(result)

    Thread(target=work, name="sign-in", daemon=True).start()
    # Shielded, because a future that was cancelled takes no result, and the thread goes on for a while.
    return await asyncio.shield(asyncio.wrap_future(answer))


def acquired(settings: Settings, permissions: Sequence[str], acquire: Acquire, cache: TokenCache) -> Mapping[str, Any]:
    """What a sign-in by `acquire` gave, with an access token; `cache` keeps what renews it. Belongs in a thread.

    Raises SignInFailed.
    """
    try:
        with public_client(settings, cache) as application:
            result = acquire(application, graph_scopes(settings, permissions))
    except troubles() as error:
        # MSAL: what the authority answers where it has no such tenant.
        if "authority configuration" in str(error):
            raise SignInFailed(
                f"The sign-in service at {settings.graph_authority} knows no tenant {settings.graph_tenant_id}. "
                "Correct GRAPH_TENANT_ID (or --tenant); for another cloud GRAPH_AUTHORITY, or --cloud of `app create`."
            ) from error
        raise SignInFailed(
            f"The sign-in service at {settings.graph_authority} did not answer ({type(error).__name__}). Check the "
            "network, GRAPH_AUTHORITY, GRAPH_TENANT_ID and GRAPH_CA_BUNDLE."
        ) from error
    if "access_token" not in result:
        raise SignInFailed(told(result) + _advice(result))
    return result


def _advice(result: Mapping[str, Any]) -> str:
    """What to do about the refusals that a set-up commonly meets (Entra: AADSTS error codes)."""
    advice = {
        7000218: ' Switch on "Allow public client flows" in the app registration.',
        700016: " Check GRAPH_CLIENT_ID and GRAPH_TENANT_ID.",
        65001: " Consent to the app's permissions, or ask an administrator to.",
        50011: " Add http://localhost as a redirect URI of the platform Mobile and desktop applications.",
        50057: " Enable the account in Entra.",
    }
    return next((advice[code] for code in result.get("error_codes") or () if code in advice), "")
