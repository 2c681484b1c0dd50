"""What an access token says of itself. Not verified: Graph does that, and here it is only read out. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def read_claims(token: str) -> Mapping[str, Any]:
    """The claims of a JWT (RFC 7519); empty for a token of another kind."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def delegated_permissions(claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes of a signed-in user's token (Entra: access token claims, scp)."""
    return frozenset(str(claims.get("scp") or "").split())


def application_permissions(claims: Mapping[str, Any]) -> frozenset[str]:
    """The roles of an app's own token (Entra: access token claims, roles)."""
    roles = claims.get("roles")
    return frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()
