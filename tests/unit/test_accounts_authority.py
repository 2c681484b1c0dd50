"""Which scopes are asked of which cloud."""

from __future__ import annotations

import pytest

from shared.accounts.authority import graph_scopes
from shared.settings import load_settings
from tests.support.sign_in import KEY


@pytest.mark.parametrize(
    ("base_url", "authority", "resource"),
    [
        ("https://graph.microsoft.com/v1.0", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("https://graph.microsoft.us/v1.0", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        ("https://dod-graph.microsoft.us/v1.0", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        (
            "https://microsoftgraph.chinacloudapi.cn/v1.0",
            "https://login.partner.microsoftonline.cn",
            "https://microsoftgraph.chinacloudapi.cn",
        ),
        ("https://localhost:8443/v1.0", "https://localhost:8443", "https://graph.microsoft.com"),
    ],
)
def test_scopes_are_of_the_graph_of_the_cloud(base_url: str, authority: str, resource: str) -> None:
    settings = load_settings(
        {
            "PrintStorage": "UseDevelopmentStorage=true",
            "GRAPH_TENANT_ID": "contoso.com",
            "GRAPH_CLIENT_ID": "01234567-89ab-cdef-0123-456789abcdef",
            "PRINT_ACCOUNTS": "print1@contoso.com",
            "TOKEN_CACHE_KEY": KEY,
            "GRAPH_BASE_URL": base_url,
            "GRAPH_AUTHORITY": authority,
        }
    )
    assert graph_scopes(settings) == [f"{resource}/PrintJob.ReadWrite", f"{resource}/PrinterShare.ReadBasic.All"]
