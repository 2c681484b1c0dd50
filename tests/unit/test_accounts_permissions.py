"""What a sign-in asks for: printing, reading reports, or both."""

from __future__ import annotations

import pytest

from shared.accounts.authority import PERMISSIONS, REPORTS_PERMISSIONS, graph_scopes, permissions_of
from shared.accounts.sign_in import SignInFailed, check_permissions
from shared.settings import load_settings
from tests.support.sign_in import KEY

ENVIRON = {
    "PrintStorage": "UseDevelopmentStorage=true",
    "GRAPH_TENANT_ID": "contoso.com",
    "GRAPH_CLIENT_ID": "01234567-89ab-cdef-0123-456789abcdef",
    "PRINT_ACCOUNTS": "print1@contoso.com,print2@contoso.com",
    "TOKEN_CACHE_KEY": KEY,
}


@pytest.mark.parametrize(
    ("reports", "account", "asked"),
    [
        (None, "print1@contoso.com", PERMISSIONS),
        ("print1@contoso.com", "print1@contoso.com", (*PERMISSIONS, *REPORTS_PERMISSIONS)),
        ("reader@contoso.com", "print1@contoso.com", PERMISSIONS),
        ("Reader@contoso.com", "reader@contoso.com", REPORTS_PERMISSIONS),
    ],
)
def test_each_account_is_asked_for_what_it_does(reports: str | None, account: str, asked: tuple[str, ...]) -> None:
    settings = load_settings(ENVIRON | ({"REPORTS_ACCOUNT": reports} if reports else {}))
    assert permissions_of(settings, account) == asked
    assert graph_scopes(settings, asked) == [f"https://graph.microsoft.com/{name}" for name in asked]


def test_a_sign_in_without_the_permission_for_reports_is_refused() -> None:
    with pytest.raises(SignInFailed, match=r"lacks Reports\.Read\.All"):
        check_permissions({"scope": "https://graph.microsoft.com/PrintJob.ReadWrite"}, REPORTS_PERMISSIONS)
