"""Settings: typed, checked together, and every problem told with its fix."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bounds import Bounds
from shared.errors import SettingsError
from shared.settings import Settings, StorageConnection, load_settings

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
GUID = "01234567-89ab-cdef-0123-456789abcdef"
NEEDED: Mapping[str, str] = {
    "PrintStorage": "UseDevelopmentStorage=true",
    "GRAPH_TENANT_ID": "Contoso.com",
    "GRAPH_CLIENT_ID": GUID.upper(),
    "PRINT_ACCOUNTS": "Print1@contoso.com, print2@contoso.com",
    "TOKEN_CACHE_KEY": KEY,
}


def load(**more: str) -> Settings:
    return load_settings({**NEEDED, **more})


def problems(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return list(refused.value.problems)


def test_what_has_to_be_set_is_enough() -> None:
    settings = load()
    assert settings.print_accounts == ("print1@contoso.com", "print2@contoso.com")
    assert settings.reports_account == "print1@contoso.com"
    assert settings.graph_client_id == GUID
    assert settings.tenant_authority == "https://login.microsoftonline.com/contoso.com"
    assert settings.token_cache_keys == (KEY,)
    assert settings.hold_retention_hours == 24
    assert settings.bounds == Bounds()


def test_nothing_set_tells_everything_that_is_missing_at_once() -> None:
    told = problems({})
    assert [problem.split()[0] for problem in told] == [
        "PrintStorage",
        "PRINT_ACCOUNTS",
        "GRAPH_TENANT_ID",
        "GRAPH_CLIENT_ID",
        "TOKEN_CACHE_KEY",
    ]
    assert all("missing: " in problem for problem in told)


def test_blank_counts_as_not_set() -> None:
    assert problems({**NEEDED, "TOKEN_CACHE_KEY": "  "}) == problems({**NEEDED, "TOKEN_CACHE_KEY": ""})
    assert load(GRAPH_BASE_URL=" ").graph_base_url == "https://graph.microsoft.com/v1.0"


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("GRAPH_BASE_URL", "http://graph.microsoft.com/v1.0", "https://"),
        ("GRAPH_BASE_URL", "https://graph.microsoft.com", "v1.0"),
        ("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0?a=b", "before any ?"),
        ("GRAPH_AUTHORITY", "https://login.microsoftonline.com/contoso.com", "GRAPH_TENANT_ID"),
        ("GRAPH_AUTHORITY", "https://localhost:99999", "port"),
        ("GRAPH_TENANT_ID", "common", "tenant's id"),
        ("GRAPH_CLIENT_ID", "my-app", "GUID"),
        ("GRAPH_CA_BUNDLE", "/nowhere/ca.pem", "correct the path"),
        ("GRAPH_CLIENT_CERTIFICATE_PATH", "/nowhere/app.pem", "correct the path"),
        ("GRAPH_CLIENT_SECRET", "@Microsoft.KeyVault(SecretUri=https://v/s)", "Key Vault Secrets User"),
        ("PRINT_ACCOUNTS", "print1", "print1@contoso.com"),
        ("PRINT_ACCOUNTS", "a@b.com,A@B.com", "once"),
        ("PRINT_ACCOUNTS", "../../x@b.com", "no user name"),
        ("REPORTS_ACCOUNT", "reports", "no user name"),
        ("TOKEN_CACHE_KEY", "secret", "printops key"),
        ("TOKEN_CACHE_KEY", f"{KEY},short", "number 2"),
        ("TOKEN_CACHE_KEY", "@Microsoft.KeyVault(VaultName=v;SecretName=s)", "Key Vault Secrets User"),
        ("NOTIFICATION_URL", "print.contoso.com", "https://"),
        ("NOTIFICATION_CLIENT_STATE", "a,b,c", "two different"),
        ("NOTIFICATION_CLIENT_STATE", "same,same", "two different"),
        ("NOTIFICATION_CLIENT_STATE", "x" * 129, "128"),
        ("HOLD_RETENTION_HOURS", "0", "above 0"),
        ("HOLD_RETENTION_HOURS", "1,5", "point"),
        ("USAGE_EXPORT_SCHEDULE", "daily", "six fields"),
        ("RECONCILE_SCHEDULE", "0 60 * * * *", "minutes"),
        ("UPKEEP_SCHEDULE", "0 */0 * * * *", "minutes"),
        ("ALERT_WEBHOOK_URL", "http://contoso.com/alerts", "https://"),
        ("UPLOAD_PART_BYTES", "10000000", "327680"),
        ("UPLOAD_PART_BYTES", "327681", "327680"),
        ("UPLOAD_PARTS_IN_FLIGHT", "5", "1 to 4"),
        ("GRAPH_ATTEMPTS", "0", "above 0"),
        ("GRAPH_ATTEMPTS", "2.5", "whole number"),
        ("POLL_FIRST_SECONDS", "soon", "number above 0"),
        ("POLL_FIRST_SECONDS", "9999", "POLL_LONGEST_SECONDS"),
        ("POLL_GROWTH", "0.5", "at least 1"),
        ("NOTIFICATION_TASKS_PER_MESSAGE", "401", "at most 400"),
        ("DOCUMENT_BYTES", "1000000001", "1000000000"),
    ],
)
def test_a_wrong_value_is_named_with_its_fix_and_nothing_else_is(name: str, value: str, fix: str) -> None:
    (problem,) = problems({**NEEDED, name: value})
    assert problem.startswith(name)
    assert fix in problem
    assert problem.endswith(".")


@pytest.mark.parametrize("name", ["TOKEN_CACHE_KEY", "GRAPH_CLIENT_SECRET", "NOTIFICATION_CLIENT_STATE"])
def test_a_wrong_secret_is_not_repeated(name: str) -> None:
    value = "@Microsoft.KeyVault(hush)" if name == "GRAPH_CLIENT_SECRET" else "hush,hush"
    assert "hush" not in " ".join(problems({**NEEDED, name: value}))


def test_secrets_are_not_shown_by_repr() -> None:
    settings = load(
        PrintStorage="AccountName=a;AccountKey=hush",
        GRAPH_CLIENT_SECRET="hush",
        NOTIFICATION_CLIENT_STATE="hush,husher",
        ALERT_WEBHOOK_URL="https://contoso.com/hush",
    )
    assert "hush" not in repr(settings)
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("PRINT_ACOUNTS", "PRINT_ACCOUNTS"),
        ("TOKEN_CACHE_KEYS", "TOKEN_CACHE_KEY"),
        ("NOTIFCATION_URL", "NOTIFICATION_URL"),
        ("UPLOAD_PARTS_INFLIGHT", "UPLOAD_PARTS_IN_FLIGHT"),
        ("PrintStorage__blobServiceUrl", "PrintStorage__blobServiceUri"),
        ("graph_base_url", "GRAPH_BASE_URL"),
        ("GRAPH_COLOUR", "docs/settings.md"),
        ("PrintStorage__accountName", "remove it"),
    ],
)
def test_a_misspelt_setting_of_ours_is_told(name: str, suggestion: str) -> None:
    (problem,) = problems({**NEEDED, name: "x"})
    assert problem.startswith(name)
    assert suggestion in problem


def test_settings_of_other_programs_are_let_be() -> None:
    foreign = (
        "AzureWebJobsStorage",
        "AzureWebJobsStorage__blobServiceUri",
        "AzureFunctionsJobHost__logging__logLevel__default",
        "WEBSITE_SITE_NAME",
        "FUNCTIONS_WORKER_RUNTIME",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AZURE_CLIENT_ID",
        "PATH",
        "HOME",
        "PRINTER",
        "JOB_NAME",
        "GRAPHITE_URL",
        "DOCUMENT_ROOT",
    )
    assert load(**dict.fromkeys(foreign, "x")).print_accounts


def test_a_name_in_capitals_is_found_where_the_system_ignores_case() -> None:
    class Windows(dict[str, str]):
        def __contains__(self, name: object) -> bool:
            return super().__contains__(str(name).upper())

        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            return super().get(name.upper(), default)

    environ = Windows({name.upper(): value for name, value in NEEDED.items()})
    assert load_settings(environ).storage.connection_string == "UseDevelopmentStorage=true"


def test_storage_by_identity() -> None:
    by_identity = {
        "PrintStorage": "",
        "PrintStorage__blobServiceUri": "https://a.blob.core.windows.net/",
        "PrintStorage__queueServiceUri": "https://a.queue.core.windows.net",
        "PrintStorage__credential": "ManagedIdentity",
        "PrintStorage__clientId": GUID,
    }
    assert load(**by_identity).storage == StorageConnection(
        None, "https://a.blob.core.windows.net", "https://a.queue.core.windows.net", "managedidentity", GUID
    )
    half = {**NEEDED, **by_identity, "PrintStorage__queueServiceUri": "", "PrintStorage__credential": ""}
    assert [problem.split()[0] for problem in problems(half)] == [
        "PrintStorage__queueServiceUri",
        "PrintStorage__credential",
    ]
    both = {**NEEDED, **by_identity, "PrintStorage": "UseDevelopmentStorage=true"}
    assert "both set" in problems(both)[0]


def test_a_national_cloud_needs_both_addresses() -> None:
    graph, authority = "https://graph.microsoft.us/v1.0", "https://login.microsoftonline.us"
    assert load(GRAPH_BASE_URL=graph, GRAPH_AUTHORITY=authority).graph_base_url == graph
    assert "GRAPH_AUTHORITY to https://login.microsoftonline.us" in problems({**NEEDED, "GRAPH_BASE_URL": graph})[0]
    assert "different clouds" in problems({**NEEDED, "GRAPH_AUTHORITY": authority})[0]
    local = load(GRAPH_BASE_URL="https://localhost:8443/v1.0/", GRAPH_AUTHORITY="https://localhost:8443/")
    assert (local.graph_base_url, local.graph_authority) == ("https://localhost:8443/v1.0", "https://localhost:8443")


def test_notifications_need_a_secret_and_the_id_of_the_tenant() -> None:
    url, tenant = "https://print.contoso.com/", GUID
    (problem,) = problems({**NEEDED, "NOTIFICATION_URL": url, "GRAPH_TENANT_ID": tenant})
    assert problem.startswith("NOTIFICATION_CLIENT_STATE is missing")
    (problem,) = problems({**NEEDED, "NOTIFICATION_URL": url, "NOTIFICATION_CLIENT_STATE": "now"})
    assert problem.startswith("GRAPH_TENANT_ID must be the tenant's id")
    settings = load(NOTIFICATION_URL=url, NOTIFICATION_CLIENT_STATE="now, before", GRAPH_TENANT_ID=tenant)
    assert settings.notification_client_states == ("now", "before")
    assert settings.notification_url == "https://print.contoso.com"
    local = {"NOTIFICATION_CLIENT_STATE": "now", "GRAPH_TENANT_ID": tenant}
    assert load(NOTIFICATION_URL="http://127.0.0.1:7071", **local).notification_url == "http://127.0.0.1:7071"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUBSCRIPTION_SECONDS", "253801"),
        ("SUBSCRIPTION_RENEW_SECONDS", "252000"),
        ("SUBSCRIPTION_ALERT_SECONDS", "172800"),
    ],
)
def test_a_subscription_is_renewed_before_it_raises_an_alert_and_before_it_ends(name: str, value: str) -> None:
    assert "SUBSCRIPTION_SECONDS" in problems({**NEEDED, name: value})[0]


@pytest.mark.parametrize("value", ["0 15 3 * * *", "*/5 * * * *", "0 0 8-17/2 * Jan,JUL Mon-Fri", "0,30 * * 1 * 0"])
def test_schedules_as_the_host_understands_them(value: str) -> None:
    assert load(UPKEEP_SCHEDULE=value).upkeep_schedule == value


def test_every_bound_can_be_set_by_its_name_in_capitals() -> None:
    for bound in fields(Bounds):
        value = getattr(Bounds(), bound.name)
        changed = value - 1 if bound.type == "int" and value > 1 else value
        if bound.name == "upload_part_bytes":
            changed = 320 * 1024
        settings = load(**{bound.name.upper(): str(changed)})
        assert getattr(settings.bounds, bound.name) == changed
        assert isinstance(getattr(settings.bounds, bound.name), int if bound.type == "int" else (int, float))


@given(st.dictionaries(st.sampled_from([*NEEDED, "GRAPH_BASE_URL", "UPKEEP_SCHEDULE", "POLL_GROWTH"]), st.text()))
def test_whatever_is_set_ends_in_settings_or_in_problems(environ: dict[str, str]) -> None:
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        assert error.problems  # noqa: PT017 - either end is right
    else:
        assert settings.print_accounts


def test_a_file_to_trust_is_taken_where_it_exists(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----")
    assert load(GRAPH_CA_BUNDLE=str(bundle)).graph_ca_bundle == bundle


def test_reading_settings_loads_nothing_heavy() -> None:
    heavy = "azure,msal,cryptography,httpx,aiohttp,msgraph,requests"
    program = f"import sys, shared.settings; print([name for name in '{heavy}'.split(',') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
