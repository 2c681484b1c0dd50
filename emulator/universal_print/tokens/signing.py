"""The authority's key, and the tokens signed with it."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

from emulator.universal_print.tokens.scopes import GRAPH_RESOURCE
from emulator.universal_print.world import AppRegistration, User, World

KEY_ID = "universal-print-emulator"


@cache
def _private_key() -> RSAPrivateKey:
    # One key per process: making one takes a tenth of a second, which every test would pay.
    return generate_private_key(public_exponent=65537, key_size=2048)


class InvalidTokenError(Exception):
    """A bearer token that Graph refuses; the message is Graph's."""


def key_set() -> dict[str, Any]:
    """The JSON Web Key Set of the authority."""
    key: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(_private_key().public_key()))
    return {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}


def sign(claims: dict[str, Any]) -> str:
    """A JWT signed with the authority's key."""
    return jwt.encode(claims, _private_key(), algorithm="RS256", headers={"kid": KEY_ID})


def decode(token: str, audience: str | None = None) -> dict[str, Any]:
    """The claims of a token that we signed, expired or not. Raises InvalidTokenError with Graph's words."""
    # The emulator's clock decides about lifetimes, not the machine's.
    options: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": bool(audience)}
    try:
        claims: dict[str, Any] = jwt.decode(
            token, _private_key().public_key(), algorithms=["RS256"], audience=audience, options=options
        )
    except jwt.InvalidAudienceError:
        raise InvalidTokenError("Access token validation failure. Invalid audience.") from None
    except jwt.InvalidSignatureError:
        raise InvalidTokenError("Access token validation failure. Invalid signature.") from None
    except jwt.DecodeError:
        raise InvalidTokenError("CompactToken parsing failed with error code: 80049217") from None
    except jwt.InvalidTokenError:
        raise InvalidTokenError("Access token validation failure.") from None
    return claims


def verify(token: str, now: datetime) -> dict[str, Any]:
    """The claims of an access token for Graph that is valid at `now`. Raises InvalidTokenError."""
    claims = decode(token, GRAPH_RESOURCE)
    if claims.get("exp", 0) <= now.timestamp():
        raise InvalidTokenError("Lifetime validation failed, the token is expired.")
    return claims


def issuer(base_url: str, world: World) -> str:
    """The `iss` of id tokens and the OpenID configuration."""
    return f"{base_url}/{world.tenant_id}/v2.0"


def access_token(
    world: World,
    app: AppRegistration,
    user: User | None,
    permissions: list[str],
    now: datetime,
    lifetime: timedelta,
) -> str:
    """An access token for Graph with Entra's claims: `scp` for a user, `roles` for an app on its own."""
    claims: dict[str, Any] = {
        "aud": GRAPH_RESOURCE,
        "iss": f"https://sts.windows.net/{world.tenant_id}/",
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        # `iat` has whole seconds; whether a sign-in was revoked in between takes more.
        "emulator_issued": now.timestamp(),
        "appid": app.client_id,
        "app_displayname": app.display_name,
        "tid": world.tenant_id,
        "ver": "1.0",
        "idtyp": "user" if user else "app",
        "oid": user.id if user else app.service_principal_id,
        "sub": user.id if user else app.service_principal_id,
    }
    if user:
        claims |= {"scp": " ".join(permissions), "upn": user.user_principal_name, "name": user.display_name}
    else:
        claims |= {"roles": permissions, "idp": claims["iss"]}
    return sign(claims)


def id_token(
    base_url: str,
    world: World,
    app: AppRegistration,
    user: User,
    now: datetime,
    lifetime: timedelta,
    nonce: str | None,
) -> str:
    """The id token of a sign-in (OpenID Connect)."""
    claims: dict[str, Any] = {
        "aud": app.client_id,
        "iss": issuer(base_url, world),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "oid": user.id,
        "sub": user.id,
        "tid": world.tenant_id,
        "name": user.display_name,
        "preferred_username": user.user_principal_name,
        "ver": "2.0",
    }
    if nonce:
        claims["nonce"] = nonce
    return sign(claims)


def client_info(world: World, user: User) -> str:
    """What MSAL keys its cache with: base64url of the user's and the tenant's id."""
    text = json.dumps({"uid": user.id, "utid": world.tenant_id}).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
