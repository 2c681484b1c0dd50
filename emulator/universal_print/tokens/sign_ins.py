"""What the authority remembers of sign-ins: codes in use, and refresh tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from emulator.universal_print.settings import Settings
from emulator.universal_print.tokens.errors import TokenError
from emulator.universal_print.tokens.scopes import AskedScopes
from emulator.universal_print.world import AppRegistration, User

# Entra's user codes leave out letters that are mistaken for each other.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(slots=True)
class DeviceCode:
    """A device code in use. `user` is set once somebody approved."""

    device_code: str
    user_code: str
    app: AppRegistration
    scopes: AskedScopes
    expires: datetime
    user: User | None = None
    declined: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """An authorization code: good once, for that app, redirect URI and PKCE challenge."""

    app: AppRegistration
    user: User
    scopes: AskedScopes
    redirect_uri: str
    expires: datetime
    challenge: str
    challenge_method: str
    nonce: str | None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token. Those handed out later for the same sign-in leave it valid, as Entra does."""

    app: AppRegistration
    user: User
    permissions: frozenset[str]
    signed_in: datetime
    expires: datetime


class SignIns:
    """The authority's memory. Codes are volatile; refresh tokens survive a restart of the service."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.device_codes: dict[str, DeviceCode] = {}
        self._codes: dict[str, AuthorizationCode] = {}
        self._refresh_tokens: dict[str, RefreshToken] = {}

    def restart(self) -> None:
        """Forget sign-ins that are under way."""
        self.device_codes.clear()
        self._codes.clear()

    def new_device_code(self, app: AppRegistration, scopes: AskedScopes, now: datetime) -> DeviceCode:
        """Begin a sign-in on another device."""
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(9))
        entry = DeviceCode(secrets.token_urlsafe(48), user_code, app, scopes, now + self._settings.device_code_lifetime)
        self.device_codes[entry.device_code] = entry
        return entry

    def find_user_code(self, user_code: str, now: datetime) -> DeviceCode | None:
        """The sign-in that waits under a code that a person typed."""
        wanted = user_code.strip().upper()
        return next(
            (code for code in self.device_codes.values() if code.user_code == wanted and code.expires > now), None
        )

    def redeem_device_code(self, device_code: str, app: AppRegistration, now: datetime) -> DeviceCode:
        """The approved sign-in, once. Raises TokenError while it waits, and when it is void."""
        entry = self.device_codes.get(device_code)
        if entry is None or entry.app is not app:
            raise TokenError("bad_verification_code", 70018, "The verification code is invalid or has been used.")
        if entry.expires <= now:
            raise TokenError(
                "expired_token", 70020, "The provided value for the input parameter 'device_code' has expired."
            )
        if entry.declined:
            raise TokenError("authorization_declined", 70017, "The end user denied the authorization request.")
        if entry.user is None:
            raise TokenError(
                "authorization_pending",
                70016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            )
        del self.device_codes[device_code]
        return entry

    def new_code(self, entry: AuthorizationCode) -> str:
        """Hand out an authorization code."""
        code = secrets.token_urlsafe(48)
        self._codes[code] = entry
        return code

    def redeem_code(self, code: str) -> AuthorizationCode:
        """What the code stands for; it is void from then on. Raises TokenError."""
        entry = self._codes.pop(code, None)
        if entry is None:
            raise TokenError(
                "invalid_grant",
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
            )
        return entry

    def new_refresh_token(
        self, app: AppRegistration, user: User, permissions: frozenset[str], signed_in: datetime, now: datetime
    ) -> str:
        """Hand out a refresh token. `signed_in` is when the person was last there."""
        token = f"1.{secrets.token_urlsafe(96)}"
        self._refresh_tokens[token] = RefreshToken(
            app, user, permissions, signed_in, now + self._settings.refresh_token_lifetime
        )
        return token

    def use_refresh_token(self, token: str, app: AppRegistration, now: datetime) -> RefreshToken:
        """What the token stands for. Raises TokenError as Entra words it."""
        entry = self._refresh_tokens.get(token)
        if entry is None:
            raise TokenError("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        if entry.app is not app:
            raise TokenError(
                "invalid_grant", 700003, "Provided grant is invalid or malformed: it was issued to another client."
            )
        valid_from = entry.user.sign_in_valid_from
        if valid_from is not None and entry.signed_in < valid_from:
            raise TokenError(
                "invalid_grant",
                50173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might "
                "have changed or reset their password.",
                suberror="bad_token",
            )
        if entry.expires <= now:
            raise TokenError(
                "invalid_grant",
                700082,
                "The refresh token has expired due to inactivity. Send a new interactive authorization request.",
                suberror="bad_token",
            )
        return entry


def check_user(user: User, *, interactive: bool) -> None:
    """Raises TokenError where the account may not get a token now."""
    if not user.enabled:
        raise TokenError("invalid_grant", 50057, "The user account is disabled.")
    if user.needs_interaction and not interactive:
        raise TokenError(
            "invalid_grant",
            50076,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you "
            "must use multi-factor authentication to access Microsoft Graph.",
            suberror="basic_action",
        )
