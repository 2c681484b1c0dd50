"""Which of the asked scopes a token carries."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.universal_print.tokens.errors import TokenError
from emulator.universal_print.world import AppRegistration

GRAPH_RESOURCE = "https://graph.microsoft.com"
OPENID_SCOPES = frozenset({"openid", "profile", "offline_access", "email"})


@dataclass(frozen=True, slots=True)
class AskedScopes:
    """What a request for a delegated token asks: Graph permissions by name, and OpenID's own scopes."""

    permissions: tuple[str, ...]
    openid: frozenset[str]

    @property
    def wants_refresh(self) -> bool:
        """Whether a refresh token is asked for."""
        return "offline_access" in self.openid

    def text(self) -> str:
        """The `scope` of the answer: permissions with their resource, as Entra writes them."""
        return " ".join([*(f"{GRAPH_RESOURCE}/{name}" for name in self.permissions), *sorted(self.openid)])


def delegated_scopes(scope: str, app: AppRegistration, base_url: str) -> AskedScopes:
    """What `scope` asks of Graph for a user of `app`. Raises TokenError for what was not consented to."""
    openid = frozenset(scope.split()) & OPENID_SCOPES
    names = [_permission(entry, base_url) for entry in scope.split() if entry not in OPENID_SCOPES]
    if ".default" in names:
        if len(names) > 1:
            raise TokenError("invalid_scope", 70011, ".default scope can't be combined with resource-specific scopes.")
        names = sorted(app.delegated - OPENID_SCOPES)
    for name in names:
        if name not in app.delegated:
            raise TokenError(
                "invalid_grant",
                65001,
                f"The user or administrator has not consented to use the application with ID '{app.client_id}' named "
                f"'{app.display_name}' for {name}. Send an interactive authorization request for this user and "
                "resource.",
                suberror="consent_required",
            )
    return AskedScopes(tuple(dict.fromkeys(names)), openid)


def application_permissions(scope: str, app: AppRegistration, base_url: str) -> list[str]:
    """The permissions of an app-only token. Raises TokenError unless the resource's `.default` is asked for."""
    entries = scope.split()
    if len(entries) != 1 or _permission(entries[0], base_url) != ".default":
        raise TokenError(
            "invalid_scope",
            1002012,
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
        )
    return sorted(app.application)


def _permission(entry: str, base_url: str) -> str:
    """The permission's bare name. National clouds use the API's own host as resource, so the emulator's counts too."""
    for resource in (GRAPH_RESOURCE, base_url):
        if entry.startswith(f"{resource}/"):
            return entry.removeprefix(f"{resource}/").lstrip("/")
    if "://" in entry:
        raise TokenError(
            "invalid_resource",
            500011,
            f"The resource principal named {entry.rpartition('/')[0]} was not found in the tenant.",
        )
    if entry == ".default" or "." not in entry:
        raise TokenError(
            "invalid_scope", 70011, f"The provided value for the input parameter 'scope' is not valid: {entry}."
        )
    return entry
