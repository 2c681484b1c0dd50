"""What the directory has: the app registration, its service principal with what was consented to, and Graph's own."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.directory.wanted import Certificate, Trust
from shared.permissions import Kind

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
# The portal lists service principals with this tag (azuread provider: service_principal, feature_tags.enterprise).
LISTED_TAG = "WindowsAzureActiveDirectoryIntegratedApp"
# For so long an app registration counts as just made.
NEW = timedelta(minutes=5)
# Graph: resourceAccess, type.
ACCESS_TYPES: Mapping[Kind, str] = {Kind.DELEGATED: "Scope", Kind.APPLICATION: "Role"}

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """Graph's own service principal: its id, and the ids of the permissions that it offers in this cloud by name."""

    id: str
    permissions: Mapping[tuple[Kind, str], str] = field(repr=False)

    def name_of(self, kind: Kind, permission_id: str) -> str:
        """The name of a permission, or its id where Graph offers it no more."""
        named = (name for (each, name), one in self.permissions.items() if (each, one) == (kind, permission_id))
        return next(named, permission_id)


@dataclass(frozen=True, slots=True)
class Registration:
    """An app registration.

    `application` and `trusts` are as Graph shows them. `principal_id` is its service principal, None where it has none,
    `tags` are that one's; `assignments` are the ids of its app role assignments by the role's id, `grant` its consent
    for all users.
    """

    application: Json
    trusts: Sequence[Json] = ()
    principal_id: str | None = None
    assignments: Mapping[str, str] = field(default_factory=dict)
    grant: Json | None = None
    tags: Sequence[str] = ()

    @property
    def object_id(self) -> str:
        """The id in addresses."""
        return str(self.application["id"])

    @property
    def client_id(self) -> str:
        """The id that it signs in with."""
        return str(self.application["appId"])

    @property
    def display_name(self) -> str:
        """Its name."""
        return str(self.application.get("displayName") or "")

    @property
    def is_public_client(self) -> bool:
        """Whether people may sign in without a credential of the app's."""
        return self.application.get("isFallbackPublicClient") is True

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """Those of mobile and desktop applications."""
        return tuple((self.application.get("publicClient") or {}).get("redirectUris") or ())

    def asked(self) -> set[tuple[str, str]]:
        """Type and id of the permissions of Graph that it says it needs."""
        return {
            (str(access["type"]), str(access["id"]))
            for resource in self.application.get("requiredResourceAccess") or ()
            if resource.get("resourceAppId") == GRAPH_APP_ID
            for access in resource.get("resourceAccess") or ()
        }

    @property
    def is_listed(self) -> bool:
        """Whether the portal shows it under Enterprise applications, without a change of the filter there."""
        return LISTED_TAG in self.tags

    @property
    def was_trusted(self) -> bool:
        """Whether somebody who may has consented for the whole tenant to anything that it does at Graph."""
        return bool(self.assignments) or self.grant is not None

    def is_new(self, now: datetime) -> bool:
        """Whether it was made a moment ago."""
        created = self.application.get("createdDateTime")
        return created is not None and now - _moment(str(created)) < NEW

    def consented_scopes(self) -> tuple[str, ...]:
        """The delegated permissions that were consented to for all users, in Graph's order."""
        return tuple(str((self.grant or {}).get("scope") or "").split())

    def has_certificate(self, certificate: Certificate) -> bool:
        """Whether this certificate proves it."""
        forms = _thumbprint_forms(certificate.thumbprint)
        return any(
            key.get("key") == certificate.content or str(key.get("customKeyIdentifier")).upper() in forms
            for key in self.application.get("keyCredentials") or ()
        )

    def trusted(self, trust: Trust) -> Json | None:
        """The federated credential of the same issuer and subject, whatever its audience."""
        same = (
            one
            for one in self.trusts
            if (str(one.get("issuer")).rstrip("/").lower(), one.get("subject")) == (trust.issuer.lower(), trust.subject)
        )
        return next(same, None)

    def secret_until(self, now: datetime) -> datetime | None:
        """When the last of its secrets ends, None where none is valid."""
        return _last_end(self.application.get("passwordCredentials"), now)

    def has_proof(self, now: datetime) -> bool:
        """Whether there is any way for the app to prove itself."""
        keys = _last_end(self.application.get("keyCredentials"), now)
        return bool(self.trusts) or keys is not None or self.secret_until(now) is not None


def resource_of(principal: Json) -> Resource:
    """Graph's service principal with its enabled permissions (Graph: appRole, permissionScope)."""
    offered = {
        (kind, str(one["value"])): str(one["id"])
        for kind, member in ((Kind.DELEGATED, "oauth2PermissionScopes"), (Kind.APPLICATION, "appRoles"))
        for one in principal.get(member) or ()
        if one.get("isEnabled", True) and one.get("value")
    }
    return Resource(str(principal["id"]), offered)


def _thumbprint_forms(thumbprint: str) -> set[str]:
    # Graph's pages show the hexadecimal digits as they are; the type of the member is binary, whose form is base64.
    return {thumbprint, base64.b64encode(bytes.fromhex(thumbprint)).decode().upper()}


def _last_end(credentials: Sequence[Json] | None, now: datetime) -> datetime | None:
    ends = [_moment(str(one["endDateTime"])) for one in credentials or () if one.get("endDateTime")]
    return max((end for end in ends if end > now), default=None)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
