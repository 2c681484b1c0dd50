"""MSAL, set up for the authority of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from shared.settings import CLOUDS, Settings
from shared.trust import new_trust

if TYPE_CHECKING:
    import requests

# Graph: the least that creating, starting and reading one's own jobs on a share takes.
PERMISSIONS = ("PrintJob.ReadWrite", "PrinterShare.ReadBasic.All")
# Graph: the least that usage reports and archived jobs take. An administrator has to consent to it.
REPORTS_PERMISSIONS = ("Reports.Read.All",)

GLOBAL_GRAPH = "graph.microsoft.com"


class TokenCache(Protocol):
    """What is used of `msal.SerializableTokenCache`."""

    def serialize(self) -> str:
        """The cache as text."""
        ...

    def deserialize(self, state: str | None) -> None:
        """Take over what was serialized."""
        ...


class SilentApplication(Protocol):
    """What a refresh uses of `msal.PublicClientApplication`."""

    def get_accounts(self) -> Sequence[Mapping[str, Any]]:
        """The accounts in the cache."""
        ...

    def acquire_token_silent_with_error(
        self, scopes: list[str], account: Mapping[str, Any], *, force_refresh: bool
    ) -> Mapping[str, Any] | None:
        """A token or an error, or None where the cache has no refresh token."""
        ...


def permissions_of(settings: Settings, user_principal_name: str) -> tuple[str, ...]:
    """What a sign-in of this account asks for.

    An account that reads reports only because no other is named is not asked for it: without an administrator's
    consent its sign-in would fail, and with that consent its reports can be read as it is.
    """
    printing = PERMISSIONS if user_principal_name in settings.print_accounts else ()
    reads = settings.reports_account_named and user_principal_name == settings.reports_account
    return (*printing, *(REPORTS_PERMISSIONS if reads else ()))


def graph_scopes(settings: Settings, permissions: Sequence[str] = PERMISSIONS) -> list[str]:
    """The delegated scopes on Graph, whatever address it is reached by.

    The resource is written out because MSAL finds a cached token only under the scopes that the authority answered.
    """
    host = urlsplit(settings.graph_base_url).hostname
    return [f"https://{host if host in CLOUDS else GLOBAL_GRAPH}/{name}" for name in permissions]


@contextmanager
def public_client(settings: Settings, cache: TokenCache) -> Iterator[Any]:
    """`msal.PublicClientApplication` over `cache`. Asks the authority for its addresses, so it belongs in a thread.

    Raises one of `troubles` where the authority does not answer.
    """
    import msal

    with _session(settings.graph_ca_bundle, settings.bounds.authority_timeout_seconds) as session:
        yield msal.PublicClientApplication(
            settings.graph_client_id,
            authority=settings.tenant_authority,
            token_cache=cache,
            # The settings name the authority. Microsoft's list of them would cost each refresh a request more, and tell
            # only other names of the same one, under which nothing is stored here.
            instance_discovery=False,
            http_client=session,
        )


def troubles() -> tuple[type[Exception], ...]:
    """What MSAL raises when the authority does not answer, or with a 5xx, or with something else than JSON."""
    import requests
    from msal.exceptions import MsalError

    return requests.RequestException, MsalError, ValueError


def new_cache(text: str | None) -> TokenCache:
    """An MSAL cache with what was serialized before."""
    import msal

    cache: TokenCache = msal.SerializableTokenCache()
    cache.deserialize(text)
    return cache


def _session(ca_bundle: Path | None, timeout_seconds: float) -> requests.Session:
    """An HTTP session that trusts what Python trusts and the extra bundle too."""
    import requests

    session = requests.Session()
    send: Callable[..., requests.Response] = session.request
    session.request = partial(send, timeout=timeout_seconds)  # type: ignore[method-assign]
    if ca_bundle is not None:
        session.mount("https://", _trusting(ca_bundle))
    return session


def _trusting(ca_bundle: Path) -> requests.adapters.HTTPAdapter:
    from requests.adapters import HTTPAdapter

    # One of its own: requests loads its own list of certificates into it, which no other client shall trust.
    context = new_trust(ca_bundle)

    class ExtraTrust(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, ssl_context=context, **options)

    return ExtraTrust()
