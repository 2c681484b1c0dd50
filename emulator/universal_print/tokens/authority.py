"""The token endpoint: which grant gives which tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from emulator.universal_print.settings import Settings
from emulator.universal_print.tokens import signing
from emulator.universal_print.tokens.credentials import authenticate, require_credential
from emulator.universal_print.tokens.errors import TokenError, missing_parameter, unknown_app
from emulator.universal_print.tokens.scopes import AskedScopes, application_permissions, delegated_scopes
from emulator.universal_print.tokens.sign_ins import SignIns, check_user
from emulator.universal_print.world import AppRegistration, User, World

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_TENANT_ALIASES = {"organizations", "common"}


class Authority:
    """Entra for one tenant. `base_url` is set when the server knows its port."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.sign_ins = SignIns(settings)
        self.base_url = ""
        self._grants: dict[str, Callable[[AppRegistration, Mapping[str, str], datetime], dict[str, Any]]] = {
            "client_credentials": self._client_credentials,
            DEVICE_CODE_GRANT: self._device_code,
            "device_code": self._device_code,
            "authorization_code": self._authorization_code,
            "refresh_token": self._refresh_token,
        }

    def check_tenant(self, tenant: str) -> None:
        """Raises TokenError unless the path names the tenant, by its id or a domain, or an alias that leads to it."""
        if tenant.lower() not in {self.world.tenant_id.lower(), *self.world.domains, *_TENANT_ALIASES}:
            raise TokenError(
                "invalid_request",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
            )

    def app_of(self, client_id: str | None) -> AppRegistration:
        """The app registration. Raises TokenError."""
        if not client_id:
            raise missing_parameter("client_id")
        app = self.world.apps.get(client_id)
        if app is None or (app.known_from is not None and app.known_from > self.world.clock.now()):
            raise unknown_app(client_id)
        if not app.service_principal_id:
            raise TokenError(
                "unauthorized_client",
                7000229,
                f"The client application {client_id} is missing service principal in the tenant "
                f"{self.world.tenant_id}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
            )
        return app

    def openid_configuration(self, tenant: str) -> dict[str, Any]:
        """The discovery document that MSAL reads first."""
        self.check_tenant(tenant)
        root = f"{self.base_url}/{self.world.tenant_id}"
        return {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": signing.issuer(self.base_url, self.world),
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "ver",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
            "msgraph_host": "localhost",
        }

    def token(self, tenant: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a token request. Raises TokenError."""
        self.check_tenant(tenant)
        kind = form.get("grant_type")
        if not kind:
            raise missing_parameter("grant_type")
        grant = self._grants.get(kind)
        if grant is None:
            raise TokenError("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{kind}'.")
        if grant == self._client_credentials and tenant.lower() in _TENANT_ALIASES:
            raise TokenError(
                "invalid_request", 50194, "An app on its own needs a token endpoint that names the tenant."
            )
        return grant(self.app_of(form.get("client_id")), form, self.world.clock.now())

    def device_authorization(self, tenant: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Begin a device code sign-in. Raises TokenError."""
        self.check_tenant(tenant)
        app = self.app_of(form.get("client_id"))
        self._require_public_client(app)
        scopes = delegated_scopes(form.get("scope", ""), app, self.base_url)
        entry = self.sign_ins.new_device_code(app, scopes, self.world.clock.now())
        page = f"{self.base_url}/devicelogin"
        return {
            "user_code": entry.user_code,
            "device_code": entry.device_code,
            "verification_uri": page,
            "expires_in": int(self.settings.device_code_lifetime.total_seconds()),
            "interval": self.settings.device_code_interval_seconds,
            "message": f"To sign in, use a web browser to open the page {page} and enter the code {entry.user_code} to "
            "authenticate.",
        }

    def _client_credentials(self, app: AppRegistration, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        require_credential(app, form, self._token_urls(), now)
        permissions = application_permissions(form.get("scope", ""), app, self.base_url)
        lifetime = self.settings.access_token_lifetime
        return {
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "ext_expires_in": int(lifetime.total_seconds()),
            "access_token": signing.access_token(self.world, app, None, permissions, now, lifetime),
        }

    def _device_code(self, app: AppRegistration, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        self._require_public_client(app)
        entry = self.sign_ins.redeem_device_code(form.get("device_code") or form.get("code", ""), app, now)
        assert entry.user is not None  # noqa: S101 - redeeming is what proves it
        return self._answer(app, entry.user, entry.scopes, now, now, None)

    def _authorization_code(self, app: AppRegistration, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        entry = self.sign_ins.redeem_code(form.get("code", ""))
        if entry.app is not app or entry.redirect_uri != form.get("redirect_uri"):
            raise TokenError(
                "invalid_grant", 500112, "The reply address does not match the one of the authorization request."
            )
        if entry.expires <= now:
            raise TokenError("invalid_grant", 70008, "The provided authorization code or refresh token has expired.")
        if not _proves(entry.challenge, entry.challenge_method, form.get("code_verifier", "")):
            raise TokenError(
                "invalid_grant",
                50148,
                "The code_verifier does not match the code_challenge supplied in the authorization request.",
            )
        self._check_client(app, form, now)
        return self._answer(app, entry.user, entry.scopes, now, now, entry.nonce)

    def _refresh_token(self, app: AppRegistration, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        self._check_client(app, form, now)
        entry = self.sign_ins.use_refresh_token(form.get("refresh_token", ""), app, now)
        check_user(entry.user, interactive=False)
        asked = delegated_scopes(form.get("scope", ""), app, self.base_url)
        return self._answer(app, entry.user, asked, entry.signed_in, now, None)

    def _check_client(self, app: AppRegistration, form: Mapping[str, str], now: datetime) -> None:
        if not authenticate(app, form, self._token_urls(), now):
            self._require_public_client(app)

    def _require_public_client(self, app: AppRegistration) -> None:
        if not app.allow_public_client:
            raise TokenError(
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
                status=401,
            )

    def _answer(
        self,
        app: AppRegistration,
        user: User,
        scopes: AskedScopes,
        signed_in: datetime,
        now: datetime,
        nonce: str | None,
    ) -> dict[str, Any]:
        check_user(user, interactive=signed_in == now)
        lifetime = self.settings.access_token_lifetime
        permissions = list(scopes.permissions)
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": scopes.text(),
            "expires_in": int(lifetime.total_seconds()),
            "ext_expires_in": int(lifetime.total_seconds()),
            "access_token": signing.access_token(self.world, app, user, permissions, now, lifetime),
            "client_info": signing.client_info(self.world, user),
        }
        if scopes.wants_refresh:
            answer["refresh_token"] = self.sign_ins.new_refresh_token(app, user, frozenset(permissions), signed_in, now)
        if "openid" in scopes.openid:
            answer["id_token"] = signing.id_token(self.base_url, self.world, app, user, now, lifetime, nonce)
        return answer

    def _token_urls(self) -> list[str]:
        root = f"{self.base_url}/{self.world.tenant_id}"
        return [f"{root}/oauth2/v2.0/token", f"{root}/v2.0"]


def _proves(challenge: str, method: str, verifier: str) -> bool:
    if not challenge:
        return not verifier
    if method == "plain":
        return hmac.compare_digest(challenge, verifier)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(challenge, digest)
