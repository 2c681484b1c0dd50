"""Errors by their names: those of the sign-in service, of storage and of Graph, as far as no service is needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.storage.blob import StorageErrorCode

from shared.doctor.asked import Asked
from shared.doctor.explain import explain
from shared.errors import (
    AccountLapsed,
    GraphConflict,
    GraphDenied,
    GraphError,
    GraphNotFound,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
    PrintFunctionsError,
)
from shared.graph.application import ApplicationUnproved
from shared.permissions import PERMISSIONS, Kind

ACCOUNT = "print1@contoso.com"
SCOPES = '"The token does not have one or more required security scopes."'


def test_the_page_names_every_cause_and_no_other() -> None:
    root = Path(__file__).parents[2]
    sources = [path.read_text(encoding="utf-8") for path in (root / "shared" / "doctor").glob("*.py")]
    made = {name for text in sources for name in re.findall(r'cause="(\w+)"', text)}
    made |= {name for text in sources for name in re.findall(r'(?:Explanation|Refusal)\(\s*"(\w+)"', text)}
    table = (root / "docs" / "doctor.md").read_text(encoding="utf-8").partition("## Errors by name")[2]
    named = {name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == made


def lapsed(number: int) -> AccountLapsed:
    return AccountLapsed(ACCOUNT, f"{ACCOUNT} must sign in: AADSTS{number}: Somebody said no.", 300)


@pytest.mark.parametrize(
    ("number", "cause", "step"),
    [
        (65001, "consentMissing", "Grant admin consent"),
        (7000222, "secretExpired", "printops app create --new-secret"),
        (7000215, "secretWrong", "GRAPH_CLIENT_SECRET"),
        (700027, "certificateRefused", "--certificate FILE"),
        (700213, "federationRefused", "--managed-identity"),
        (50076, "interactionRequired", "Conditional Access"),
        (53003, "conditionalAccess", "Sign-in logs"),
        (50173, "accountLapsed", f"printops login {ACCOUNT}"),
        (700082, "accountLapsed", f"printops login {ACCOUNT}"),
        (50057, "accountDisabled", "Edit account status"),
        (700016, "wrongTenant", "App registrations"),
        (90002, "wrongTenant", "App registrations"),
        (50020, "wrongTenant", "PRINT_ACCOUNTS"),
        (7000218, "publicClientOff", "Allow public client flows"),
    ],
)
def test_a_number_of_the_sign_in_service_has_a_name_and_a_step(number: int, cause: str, step: str) -> None:
    found = explain(lapsed(number), Asked(account=ACCOUNT, client_id="the-app"))
    assert found is not None
    assert (found.cause, step in found.remedy) == (cause, True)
    assert f"AADSTS{number}" in found.what
    assert "{" not in found.remedy


def test_a_consent_that_is_missing_for_deleting_names_the_part_that_asks_for_it() -> None:
    usual = explain(PrintFunctionsError("AADSTS65001: no consent for Printer.Read.All."))
    deleting = explain(PrintFunctionsError("AADSTS65001: no consent for Printer.FullControl.All."))
    assert usual is not None
    assert deleting is not None
    assert deleting.command == f"{usual.command} --with deleting"


def test_a_number_that_nobody_knows_leaves_what_the_account_needs() -> None:
    found = explain(lapsed(999999))
    assert found is not None
    assert (found.cause, found.command) == ("accountLapsed", f"python -m printops login {ACCOUNT}")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ApplicationUnproved("no proof"), "applicationUnproved"),
        (NotNow("authorityUnreachable", "no token for the app: CredentialUnavailableError", 15), "managedIdentityAway"),
        (NotNow("graphUnreachable", "the service cannot be reached", 15), "unreachable"),
        (NotNow("graphThrottled", "Graph asks to wait 300 s", 300), "throttled"),
        (NoReply("create job", "cut"), "noReply"),
        (GraphThrottled("create job", 429, "TooManyRequests", ""), "throttled"),
        (GraphUnavailable("create job", 503, "serviceNotAvailable", ""), "serviceTrouble"),
        (GraphDenied("get share", 401, "InvalidAuthenticationToken", "expired"), "tokenRefused"),
        (GraphDenied("get printer", 403, "accessDenied", SCOPES), "permissionMissing"),
        (GraphDenied("get user", 403, "Authorization_RequestDenied", "Insufficient privileges"), "permissionMissing"),
        (GraphConflict("create job", 409, "notAllowed", ""), "printerNotAccepting"),
        (GraphNotFound("get share", 404, "itemNotFound", ""), "shareGone"),
        (GraphNotFound("get printer", 404, "itemNotFound", ""), "printerGone"),
    ],
)
def test_an_error_has_a_name_and_a_step(error: PrintFunctionsError, cause: str) -> None:
    found = explain(error)
    assert found is not None
    assert found.cause == cause
    assert found.remedy


@pytest.mark.parametrize(
    "error",
    [
        PrintFunctionsError("something else"),
        GraphError("create job", 400, "badRequest", "a wrong request"),
        NotNow("sharePaused", "the catalog has paused it", 60),
    ],
)
def test_what_speaks_for_itself_is_not_explained(error: PrintFunctionsError) -> None:
    assert explain(error) is None


@pytest.mark.parametrize("kind", Kind)
def test_a_refused_operation_names_the_permissions_that_it_takes(kind: Kind) -> None:
    for row in PERMISSIONS:
        if row.kind is not kind:
            continue
        for operation in row.operations:
            # Nothing else of the token is there, and so nothing else can serve.
            found = explain(GraphDenied(operation, 403, "accessDenied", SCOPES), Asked(kind, granted=frozenset()))
            assert found is not None, operation
            assert found.cause == "permissionMissing"
            assert kind.value in found.what


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (set(), "GroupMember.Read.All, User.Read.All"),
        ({"User.Read.All"}, "GroupMember.Read.All"),
        ({"GroupMember.Read.All"}, "User.Read.All"),
    ],
)
def test_of_two_permissions_that_an_operation_takes_together_the_one_that_lacks_is_named(
    granted: set[str], missing: str
) -> None:
    error = GraphDenied("check member groups", 403, "Forbidden", "Denied.")
    found = explain(error, Asked(Kind.APPLICATION, granted=frozenset(granted)))
    assert found is not None
    assert found.cause == "permissionMissing"
    assert all(name in found.what for name in missing.split(", "))
    assert not any(name in found.what for name in granted)


def test_who_has_all_permissions_lacks_the_licence_or_the_share() -> None:
    asked = Asked(Kind.DELEGATED, account=ACCOUNT, subject="hall", granted=_printing())
    licence = explain(GraphDenied("create job", 403, "accessDenied", "The user has no license."), asked)
    unclear = explain(GraphDenied("create job", 403, "Forbidden", "Denied."), asked)
    assert licence is not None
    assert unclear is not None
    assert licence.cause == "licenceMissing"
    assert (unclear.cause, "or has no licence" in unclear.what) == ("shareNotGranted", True)


def test_the_apps_own_token_is_named_where_only_a_user_may_call() -> None:
    error = GraphDenied("create job", 403, "Forbidden", "Denied.")
    found = explain(error, Asked(Kind.APPLICATION))
    assert found is not None
    assert found.cause == "appTokenOnDelegatedCall"


class _Refused(HttpResponseError):
    """As the SDK gives it: a code that it knows is a member of its enumeration."""

    def __init__(self, code: str) -> None:
        super().__init__(message=code)
        known = {member.value: member for member in StorageErrorCode}
        self.error_code = known.get(code, code)


@pytest.mark.parametrize(
    ("error", "subject", "cause", "step"),
    [
        (_Refused("AuthorizationPermissionMismatch"), "print-inbox", "roleMissing", '"Storage Blob Data Contributor"'),
        (
            *(_Refused("AuthorizationPermissionMismatch"), "queue print-jobs", "roleMissing"),
            '"Storage Queue Data Contributor"',
        ),
        (_Refused("AuthorizationFailure"), "print-inbox", "firewall", "network-rule add --account-name prints"),
        (_Refused("AuthenticationFailed"), "print-inbox", "storageKeyRefused", "Access keys"),
        (_Refused("KeyBasedAuthenticationNotPermitted"), "print-inbox", "keysOff", "PrintStorage__blobServiceUri"),
        (ClientAuthenticationError("no credential"), "print-inbox", "noIdentity", "az login"),
        (ServiceRequestError("no route"), "print-inbox", "unreachable", "PrintStorage"),
    ],
)
def test_storage_refuses_for_a_reason_that_is_named(error: Exception, subject: str, cause: str, step: str) -> None:
    found = explain(error, Asked(subject=subject, storage="prints"))
    assert found is not None
    assert (found.cause, step in found.remedy) == (cause, True)


def _printing() -> frozenset[str]:
    return frozenset({"PrintJob.ReadWrite", "PrinterShare.ReadBasic.All"})
