"""Microsoft's SDK with its own retry off and the bearer token for one host only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware import ParametersNameDecodingHandler
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from shared.graph.translation import origin

if TYPE_CHECKING:
    import httpx

    from shared.graph.print_client import TokenSource


class AccountAuthentication(AuthenticationProvider):
    """Adds the account's token to requests for the Graph host, and to no other."""

    def __init__(self, base_url: str, account: str, tokens: TokenSource) -> None:
        self._origin = origin(base_url)
        self._account = account
        self._tokens = tokens

    async def authenticate_request(
        self,
        request: RequestInformation,
        additional_authentication_context: dict[str, Any] | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> None:
        """Set the Authorization header."""
        if origin(request.url) != self._origin:
            return
        token = await self._tokens.access_token(self._account)
        request.headers.remove("Authorization")
        request.headers.add("Authorization", f"Bearer {token}")


def service_client(base_url: str, http: httpx.AsyncClient, account: str, tokens: TokenSource) -> GraphServiceClient:
    """A Graph client that calls as `account` through `http`, which it takes over.

    The pipeline keeps only the decoding of `$` in query names. The default one also repeats POST on 429, 503 and 504,
    which can print twice, and follows redirects, which no print operation that is used here answers with.
    """
    client = GraphClientFactory.create_with_custom_middleware(middleware=[ParametersNameDecodingHandler()], client=http)
    adapter = GraphRequestAdapter(AccountAuthentication(base_url, account, tokens), client=client)
    adapter.base_url = base_url
    return GraphServiceClient(request_adapter=adapter)
