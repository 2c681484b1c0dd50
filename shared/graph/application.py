"""Tokens of the app itself: a federated managed identity first, else a certificate, else a secret (azure-identity).

An app that holds a secret can lose it, so the preferred way has none: the managed identity's token is the proof that
the app registration trusts (workload identity federation).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.errors import NotNow, PrintFunctionsError
from shared.graph.translation import UNREACHABLE_SECONDS
from shared.settings import DEFAULT_GRAPH_BASE_URL, Settings

if TYPE_CHECKING:
    import aiohttp
    from azure.core.credentials_async import AsyncTokenCredential

# Entra ID: the audience that a federated credential of a managed identity asks for, by the host of the authority.
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
NATIONAL_EXCHANGE_AUDIENCES: Mapping[str, str] = {
    "login.microsoftonline.us": "api://AzureADTokenExchangeUSGov",
    "login.partner.microsoftonline.cn": "api://AzureADTokenExchangeChina",
}
# How long to stay away from an authority that turned the app away: only an operator can mend that.
REFUSED_SECONDS = 300.0


class ApplicationUnproved(PrintFunctionsError):
    """The settings name no way in which the app can prove itself to Graph."""


class ApplicationAccess:
    """One token for all calls of this process; the credential renews it in time. Raises ApplicationUnproved at use."""

    def __init__(self, settings: Settings, http: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._http = http
        base = urlsplit(settings.graph_base_url or DEFAULT_GRAPH_BASE_URL)
        self._scope = f"{base.scheme}://{base.netloc}/.default"
        self._credential: AsyncTokenCredential | None = None
        self._prepare: Callable[[], Awaitable[None]] | None = None
        self._lock = asyncio.Lock()

    async def access_token(self) -> str:
        """A token that is valid now. Raises NotNow where the authority gives none."""
        from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
        from azure.identity import CredentialUnavailableError

        async with self._lock:
            try:
                if self._credential is None:
                    self._credential = self._make()
                if self._prepare is not None:
                    await self._prepare()
                return (await self._credential.get_token(self._scope)).token
            except (ServiceRequestError, CredentialUnavailableError) as error:
                raise NotNow(
                    "authorityUnreachable", f"no token for the app: {type(error).__name__}", UNREACHABLE_SECONDS
                ) from error
            except (ClientAuthenticationError, HttpResponseError) as error:
                if error.status_code is not None and (error.status_code in (408, 429) or error.status_code >= 500):
                    raise NotNow(
                        "authorityUnreachable", f"no token for the app: {error.status_code}", UNREACHABLE_SECONDS
                    ) from error
                # The message names the app and the reason, and no secret.
                raise NotNow("applicationRefused", f"no token for the app: {error.message}", REFUSED_SECONDS) from error

    def invalidate(self) -> None:
        """Forget the token at hand: Graph refused it."""
        self._credential = None

    def _make(self) -> AsyncTokenCredential:
        from azure.core.pipeline.transport import AioHttpTransport
        from azure.identity.aio import (
            CertificateCredential,
            ClientAssertionCredential,
            ClientSecretCredential,
            ManagedIdentityCredential,
        )

        settings = self._settings
        names = (settings.graph_tenant_id, settings.graph_client_id)
        transport = AioHttpTransport(session=self._http, session_owner=False)
        options: dict[str, Any] = {
            "authority": settings.graph_authority,
            "transport": transport,
            "disable_instance_discovery": True,
            # Its own waits are seconds long, and a person may be waiting; what fails becomes a delayed message.
            "retry_total": 1,
            "retry_backoff_factor": 0.1,
        }
        if settings.graph_federated_client_id is not None:
            identity = ManagedIdentityCredential(client_id=settings.graph_federated_client_id, transport=transport)
            scope = exchange_scope(settings.graph_authority)
            assertion = ""

            async def prepare() -> None:
                # The credential asks for its assertion without awaiting, so it is fetched before; both keep theirs.
                nonlocal assertion
                assertion = (await identity.get_token(scope)).token

            self._prepare = prepare
            return ClientAssertionCredential(*names, lambda: assertion, **options)
        self._prepare = None
        if settings.graph_client_certificate_path is not None:
            return CertificateCredential(*names, str(settings.graph_client_certificate_path), **options)
        if settings.graph_client_secret is not None:
            return ClientSecretCredential(*names, settings.graph_client_secret, **options)
        raise ApplicationUnproved(
            "The app cannot prove itself to Graph: set GRAPH_FEDERATED_CLIENT_ID, GRAPH_CLIENT_CERTIFICATE_PATH or "
            "GRAPH_CLIENT_SECRET."
        )


def exchange_scope(authority: str) -> str:
    """The scope of the managed identity's token that the authority takes as the app's proof."""
    host = urlsplit(authority).hostname or ""
    return NATIONAL_EXCHANGE_AUDIENCES.get(host, EXCHANGE_AUDIENCE) + "/.default"
