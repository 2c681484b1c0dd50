"""What the app registration should be. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from shared.errors import PrintFunctionsError
from shared.graph.application import EXCHANGE_AUDIENCE, NATIONAL_EXCHANGE_AUDIENCES
from shared.permissions import PERMISSIONS, Kind, Part, permissions
from shared.settings import CLOUDS, DEFAULT_GRAPH_AUTHORITY

DEFAULT_NAME = "Universal Print Functions"
# A browser on this machine comes back here after a sign-in (MSAL: public client applications).
REDIRECT_URI = "http://localhost"
# OpenID's own scopes, which MSAL adds to every sign-in of a person; consent by users may be switched off.
SIGN_IN_SCOPES: Mapping[str, str] = {
    "offline_access": "a sign-in that goes on without the person",
    "openid": "who has signed in",
    "profile": "the name of whoever has signed in",
}
# Deleting printers is a right that few should hold: it is asked for by name.
DEFAULT_PARTS = frozenset(Part) - {Part.DELETING}
_OTHER_THAN_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class DirectoryProblem(PrintFunctionsError):
    """The app registration cannot be made as asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A managed identity: `id` is its service principal's (the object id), `client_id` what asks for its tokens."""

    id: str
    client_id: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Trust:
    """A federated credential: the token of whom stands for the app (Graph: federatedIdentityCredential)."""

    name: str
    issuer: str
    subject: str
    audience: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The public part of a certificate. `content` is DER in base64, `thumbprint` SHA-1 in hexadecimal capitals."""

    content: str
    thumbprint: str
    subject: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """The app registration as it should be.

    `reasons` says why each permission is asked for. `secret` asks for one that is valid, `another_secret` for a new one
    in any case. `exact` takes permissions away that are not needed.
    """

    name: str
    reasons: Mapping[tuple[Kind, str], str] = field(repr=False)
    trust: Trust | None = None
    certificate: Certificate | None = None
    secret: bool = False
    another_secret: bool = False
    exact: bool = False

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The permissions of a kind, sorted."""
        return tuple(sorted(name for each, name in self.reasons if each is kind))


def reasons(parts: Collection[Part]) -> dict[tuple[Kind, str], str]:
    """Every permission that these parts of the product take, each with all that it is for."""
    found = {(kind, name): _whys(kind, name, parts) for kind in Kind for name in permissions(kind, parts)}
    if any(kind is Kind.DELEGATED for kind, _ in found):
        found = {(Kind.DELEGATED, name): why for name, why in SIGN_IN_SCOPES.items()} | found
    return found


def _whys(kind: Kind, name: str, parts: Collection[Part]) -> str:
    rows = (row for row in PERMISSIONS if (row.kind, row.name) == (kind, name) and row.part in parts)
    return "; ".join(dict.fromkeys(row.why for row in rows))


def chosen_parts(with_parts: Collection[Part], without_parts: Collection[Part]) -> frozenset[Part]:
    """The parts of the product that the app is for. Raises DirectoryProblem for a part that is both in and out."""
    both = sorted(frozenset(with_parts) & frozenset(without_parts))
    if both:
        raise DirectoryProblem(f"--with and --without both name {both[0]}: take one away.")
    parts = (DEFAULT_PARTS | frozenset(with_parts)) - frozenset(without_parts)
    if not parts:
        raise DirectoryProblem("No part is left: the app would need no permission.")
    return parts


def trust_of(identity: Identity, tenant_id: str, authority: str) -> Trust:
    """The credential that lets a managed identity be the app (Entra: configure an app to trust a managed identity).

    A private authority stands in for the global one, whose issuer and audience its identities have.
    """
    host = urlsplit(authority).hostname or ""
    issuer = authority if host in CLOUDS.values() else DEFAULT_GRAPH_AUTHORITY
    # The name is part of an address: letters, digits, hyphens and underscores, 120 of them at most.
    name = f"{_OTHER_THAN_NAME.sub('-', identity.display_name)[:80]}-{identity.id[:8]}"
    audience = NATIONAL_EXCHANGE_AUDIENCES.get(host, EXCHANGE_AUDIENCE)
    return Trust(name, f"{issuer}/{tenant_id}/v2.0", identity.id, audience)


def read_certificate(content: bytes, now: datetime) -> Certificate:
    """The first certificate of a PEM file, or of a DER one. Raises DirectoryProblem where there is none that is good.

    A key in the same file is not looked at.
    """
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        pem = b"-----BEGIN" in content
        found = x509.load_pem_x509_certificates(content)[0] if pem else x509.load_der_x509_certificate(content)
    except ValueError as error:
        raise DirectoryProblem(
            "The file holds no certificate in PEM or DER. PEM from PKCS#12: openssl pkcs12 -in FILE -out print.pem"
        ) from error
    if found.not_valid_after_utc <= now:
        raise DirectoryProblem(f"The certificate expired on {found.not_valid_after_utc:%Y-%m-%d}: make a new one.")
    return Certificate(
        content=base64.b64encode(found.public_bytes(Encoding.DER)).decode(),
        # What Entra names a certificate by is its SHA-1 digest; nothing is proved by it.
        thumbprint=found.fingerprint(SHA1()).hex().upper(),  # noqa: S303 - Entra's definition of the thumbprint
        subject=found.subject.rfc4514_string(),
        expires=found.not_valid_after_utc,
    )
