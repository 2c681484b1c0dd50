"""What the doctor advises where storage, the functions or Graph run on the machine that it examines."""

from __future__ import annotations

import re

import pytest

from shared.doctor import graph_errors
from shared.doctor.account_checks import explained
from shared.doctor.asked import Asked
from shared.doctor.explain import explain
from shared.doctor.finding import Finding, Line, failed, skipped, warning
from shared.doctor.on_this_machine import Machine, machine_of, mended_here
from shared.doctor.sign_in_errors import _REFUSALS
from shared.errors import AccountLapsed, GraphDenied, GraphNotFound, GraphUnavailable, NotNow
from shared.graph.application import ApplicationUnproved
from shared.permissions import Kind
from shared.settings import CLOUDS

ACCOUNT = "print1@fabrikam.example"
AZURITE = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=k;BlobEndpoint=http://127.0.0.1:10000/a;"
EMPTY = {"STARTED_BY": "dev.py run --empty", "PrintStorage": AZURITE, "GRAPH_BASE_URL": "https://127.0.0.1:9443/v1.0"}
REAL = {"PrintStorage": "UseDevelopmentStorage=true"}
IN_AZURE = {"PrintStorage__blobServiceUri": "https://contosoprints.blob.core.windows.net"}
CLOUD = re.compile(r"\baz |Azure|Entra|Microsoft 365|Function App|Application Insights")
OF_FUNCTIONS = re.compile(r"az (functionapp|storage)|Function App|Storage accounts|Application Insights")


def here(environ: dict[str, str], check: str, finding: Finding, subject: str = "") -> Finding:
    return mended_here(Line(check, subject, finding), machine_of(environ, "local.settings.json")).finding


def account_findings() -> list[Finding]:
    """Of every refusal of the sign-in service, and of Graph's that print accounts meet."""
    asked = Asked(Kind.DELEGATED, "c", account=ACCOUNT, subject="hall", granted=frozenset())
    errors = [
        *(AccountLapsed(ACCOUNT, f"AADSTS{number}: no", 300) for number in _REFUSALS),
        GraphDenied("create job", 403, "accessDenied", "No license for this user."),
        GraphDenied("create job", 403, "accessDenied", "The tenant has no active Universal Print subscription."),
        GraphDenied("list printers", 403, "accessDenied", "no"),
        GraphNotFound("get share", 404, "itemNotFound", ""),
        GraphUnavailable("create job", 503, "serviceNotAvailable", ""),
        NotNow("graphUnreachable", "it cannot be reached", 15),
        NotNow("authorityUnreachable", "CredentialUnavailableError", 15),
        ApplicationUnproved("no proof"),
    ]
    found = [explain(error, asked) for error in errors]
    found += [
        graph_errors.missing_permission("create job", Kind.DELEGATED, ["PrintJob.ReadWrite"], asked),
        graph_errors.not_accepting("Hall MFP"),
        graph_errors.share_not_granted("hall", ACCOUNT),
    ]
    return [explained(one) for one in found if one is not None]


@pytest.mark.parametrize("finding", account_findings(), ids=lambda finding: str(finding.cause))
def test_no_step_leads_to_a_cloud_where_graph_is_a_stand_in(finding: Finding) -> None:
    found = here(EMPTY, "account.printing", finding)
    assert found.remedy
    assert not CLOUD.search(found.remedy), found.remedy
    assert (found.words, found.cause, found.status) == (finding.words, finding.cause, finding.status)


@pytest.mark.parametrize(
    ("check", "cause", "step"),
    [
        ("storage.queue", "queueMissing", "python dev.py run --real"),
        ("storage.container", "containerMissing", "start it again"),
        ("storage.account", "unreachable", "python dev.py run --real"),
        ("storage.queue", "poison", ".work/real/logs says why"),
        ("settings.webhook", "webhookSilent", "python dev.py run --real"),
        ("settings.notification-url", "addressNotPublic", "take NOTIFICATION_URL out of local.settings.json"),
        ("subscription.alive", "subscriptionMissing", "take NOTIFICATION_URL out of local.settings.json"),
        ("account.sign-in", "signInStale", "python dev.py run --real"),
        ("application.token", "managedIdentityAway", "app create --secret --write local.settings.json"),
    ],
)
def test_functions_and_storage_on_this_machine_are_mended_here_with_a_real_tenant_too(
    check: str, cause: str, step: str
) -> None:
    usual = warning("w", portal="Function App > Overview", command="az functionapp start", cause=cause)
    found = here(REAL, check, usual)
    assert step in found.remedy
    assert not OF_FUNCTIONS.search(found.remedy)
    assert here(IN_AZURE, check, usual) == usual


def test_a_real_tenant_keeps_the_ways_through_its_portals() -> None:
    usual = failed("w", portal="Entra admin center > Roles & admins", command="", cause="roleMissing")
    assert here(REAL, "administrator.role", usual) == usual
    assert "`python dev.py run --empty` names" in here(EMPTY, "administrator.role", usual).remedy


def test_a_sign_in_that_follows_is_kept() -> None:
    asked = Asked(account=ACCOUNT)
    usual = explained(graph_errors.missing_permission("create job", Kind.DELEGATED, ["PrintJob.ReadWrite"], asked))
    found = here(EMPTY, "account.permissions", usual)
    assert found.command == f"python -m printops app create && python -m printops login {ACCOUNT}"


def test_a_step_that_nothing_here_replaces_stays() -> None:
    usual = failed("w", portal="Azure > Storage accounts > X", command="az storage account show", cause="other")
    assert here(REAL, "storage.account", usual) == usual
    assert here(EMPTY, "storage.account", usual).remedy == "https://127.0.0.1:9443/ shows it"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("TOKEN_CACHE_KEY", "python -m printops key"),
        ("GRAPH_CLIENT_ID", "python -m printops app create --secret --write local.settings.json"),
        ("PRINT_ACCOUNTS", ""),
    ],
)
def test_a_setting_is_mended_in_the_file_that_was_read(name: str, command: str) -> None:
    usual = failed(f"{name} is missing", portal="Function App > X", command="az functionapp config", cause="setting")
    found = here(REAL, "settings.read", usual, name)
    assert (found.portal, found.command) == (f"local.settings.json: {name}", command)
    assert (
        here(IN_AZURE, "settings.read", usual, name).portal
        == "local.settings.json, and for the functions Function App > X"
    )


@pytest.mark.parametrize(("graph", "authority"), [pair for pair in CLOUDS.items() if pair[0] != "graph.microsoft.com"])
def test_addresses_are_those_of_the_cloud_of_the_settings(graph: str, authority: str) -> None:
    environ = {**IN_AZURE, "GRAPH_BASE_URL": f"https://{graph}/v1.0", "GRAPH_AUTHORITY": f"https://{authority}"}
    for usual in account_findings():
        remedy = here(environ, "account.printing", usual).remedy
        assert not re.search(r"graph\.microsoft\.com|login\.microsoftonline\.com|TokenExchange(?!\w)", remedy), remedy
    usual = warning("w", portal="https://APP.azurewebsites.net", cause="addressNotPublic")
    assert "azurewebsites.net" not in here(environ, "settings.notification-url", usual).remedy


def test_what_works_or_was_not_tried_is_left_as_it_is() -> None:
    assert here(EMPTY, "storage.queue", skipped("not tried")) == skipped("not tried")


def test_what_runs_here_is_told_by_addresses_even_where_they_are_wrong() -> None:
    known = machine_of({"PrintStorage": AZURITE, "GRAPH_BASE_URL": "https://127.0.0.1:9443/v1.0"}, "s.json")
    assert known == Machine(True, True, "s.json", "python dev.py run", ".work/run/logs", "https://127.0.0.1:9443/")
    for wrong in ({}, {"PrintStorage": "BlobEndpoint=https://[", "GRAPH_BASE_URL": "https://["}, IN_AZURE):
        machine = machine_of(wrong, "s.json")
        assert (machine.storage, machine.graph) == (False, False)
