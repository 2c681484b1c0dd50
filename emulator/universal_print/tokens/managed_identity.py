"""A stand-in for the managed identity endpoint of App Service, whose tokens an app can be told to trust.

Microsoft: "Use managed identities for App Service and Azure Functions", REST endpoint reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.universal_print.tokens import signing
from emulator.universal_print.world import FederatedCredential, World, stable_id

_LIFETIME = timedelta(hours=24)


def issuer(tenant_id: str) -> str:
    """The issuer of a managed identity's tokens: Entra itself."""
    return f"https://login.microsoftonline.com/{tenant_id}/v2.0"


def principal_id(tenant_id: str) -> str:
    """The one identity that the emulator plays."""
    return stable_id(tenant_id, "managedIdentity")


def federated_credential(tenant_id: str) -> FederatedCredential:
    """What an app registration carries to trust that identity."""
    return FederatedCredential(issuer(tenant_id), principal_id(tenant_id))


def token_answer(world: World, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The answer to a token request. Raises ValueError where `resource` is missing."""
    resource = query.get("resource", "")
    if not resource:
        raise ValueError("The query needs resource.")
    expires = int((now + _LIFETIME).timestamp())
    principal = principal_id(world.tenant_id)
    claims = {
        "aud": resource,
        "iss": issuer(world.tenant_id),
        "sub": principal,
        "oid": principal,
        "tid": world.tenant_id,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": expires,
    }
    return {
        "access_token": signing.sign(claims),
        "expires_on": str(expires),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": query.get("client_id", principal),
    }
