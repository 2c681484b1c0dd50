"""Whether the app itself gets a token of the right tenant, with the permissions that it needs, tried where harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.doctor.asked import Asked
from shared.doctor.claims import application_permissions, read_claims
from shared.doctor.finding import Finding, failed, skipped, warning, works
from shared.doctor.graph_errors import missing_permission
from shared.errors import GraphNotFound
from shared.permissions import Kind, Part, lacking, permissions
from shared.setting_values import GUID
from shared.settings import Settings

# How long before its end a certificate is told of.
CERTIFICATE_DAYS = 30
type Trial = Callable[[], Awaitable[object]]


class AppTokens(Protocol):
    """Tokens of the app itself."""

    async def access_token(self) -> str:
        """A token that is valid now."""
        ...


def proof(settings: Settings) -> str | None:
    """In which way the app proves itself, by the settings; None where it cannot. Pure."""
    if settings.graph_federated_client_id is not None:
        return f"the managed identity {settings.graph_federated_client_id} (federated, no secret)"
    if settings.graph_client_certificate_path is not None:
        return f"the certificate {settings.graph_client_certificate_path}"
    return "a client secret" if settings.graph_client_secret is not None else None


async def check_token(tokens: AppTokens, settings: Settings, *, wanted: bool) -> Finding:
    """Get a token. Without a proof nothing is held, which is well where nobody wants it (`wanted`)."""
    way = proof(settings)
    if way is None and not wanted:
        return skipped("the app has no proof of its own: dropped documents print, no job can be held")
    claims = read_claims(await tokens.access_token())
    if not claims:
        return works(f"signed in by {way}")
    return works(f"signed in by {way} as {claims.get('app_displayname') or settings.graph_client_id}")


async def check_tenant(tokens: AppTokens, settings: Settings) -> Finding:
    """Whether the token is of the settings' tenant and app."""
    claims = read_claims(await tokens.access_token())
    return compare_tenant(claims.get("tid"), claims.get("appid") or claims.get("azp"), settings)


def compare_tenant(tenant: object, app: object, settings: Settings) -> Finding:
    """Whether a token's tenant and app are those of the settings. Pure."""
    if not tenant:
        return skipped("the token does not say of which tenant it is")
    by_id = GUID.fullmatch(settings.graph_tenant_id) is not None
    if (by_id and str(tenant).lower() != settings.graph_tenant_id) or str(app).lower() != settings.graph_client_id:
        return failed(
            f"the token is of app {app} in tenant {tenant}, the settings name app {settings.graph_client_id} in "
            f"{settings.graph_tenant_id}",
            portal="Entra admin center > App registrations > this app > Overview shows both ids",
            command=f"az ad app show --id {settings.graph_client_id}",
            cause="wrongTenant",
        )
    return works(f"tenant {tenant}, app {app}")


def wanted_permissions(parts: frozenset[Part]) -> tuple[str, ...]:
    """The application permissions that these parts take. Pure."""
    return permissions(Kind.APPLICATION, parts)


async def check_permission(
    name: str, tokens: AppTokens, parts: frozenset[Part], trial: Trial | None, asked: Asked
) -> Finding:
    """Whether the token has the permission, and whether a call that changes nothing goes through with it.

    A trial asks for something that may not be there: GraphNotFound tells that the permission was enough.
    """
    granted = application_permissions(read_claims(await tokens.access_token()))
    absent = {row.name: row for row in lacking(granted, Kind.APPLICATION, parts)}
    if granted and name in absent:
        row = absent[name]
        found = missing_permission(row.operations[0], Kind.APPLICATION, [name], asked)
        return failed(f"{found.what}: {row.why}", portal=found.portal, command=found.command, cause=found.cause)
    if trial is None:
        # Of what changes something there is no harmless call.
        return works("in the token") if granted else skipped(f"the token does not say whether it has {name}")
    try:
        await trial()
    except GraphNotFound:
        return works("in the token, and a read with it goes through")
    return works("in the token, and a read with it goes through")


async def check_certificate(path: Path | None, now: datetime) -> Finding:
    """How long the certificate is good for."""
    if path is None:
        return skipped("the app proves itself without a certificate file")
    return certificate_finding(await asyncio.to_thread(certificate_end, path), path, now)


def certificate_end(path: Path) -> datetime:
    """When the first certificate of a PEM file ends (aware). Raises ValueError, OSError."""
    from cryptography import x509

    return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc


def certificate_finding(end: datetime, path: Path, now: datetime) -> Finding:
    """What its end means now. Pure."""
    left = end - now
    portal = (
        "Entra admin center > App registrations > this app > Certificates & secrets > Certificates > Upload "
        f"certificate, then put the new one at {path}"
    )
    if left <= timedelta(0):
        return failed(f"the certificate {path} ended on {end:%Y-%m-%d}", portal=portal, cause="certificateRefused")
    if left < timedelta(days=CERTIFICATE_DAYS):
        return warning(f"the certificate {path} ends in {left.days} days, on {end:%Y-%m-%d}", portal=portal)
    return works(f"the certificate is good until {end:%Y-%m-%d}")


def application_asked(settings: Settings, granted: frozenset[str] | None = None) -> Asked:
    """As whom the app asks."""
    return Asked(Kind.APPLICATION, settings.graph_client_id, granted=granted)
