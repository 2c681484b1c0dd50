"""The settings of the system: read, typed and checked in one place, every problem told at once.

`docs/settings.md` describes each; a test compares that page with the names here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared import setting_values as values
from shared.bounds import Bounds, bound_problems
from shared.errors import SettingsError

DEFAULT_GRAPH_BASE_URL = "https://graph.microsoft.com/v1.0"
DEFAULT_GRAPH_AUTHORITY = "https://login.microsoftonline.com"
DEFAULT_HOLD_RETENTION_HOURS = 24.0
DEFAULT_USAGE_EXPORT_SCHEDULE = "0 15 3 * * *"
DEFAULT_RECONCILE_SCHEDULE = "0 * * * * *"
DEFAULT_UPKEEP_SCHEDULE = "0 */15 * * * *"

STORAGE = "PrintStorage"
STORAGE_PARTS = ("blobServiceUri", "queueServiceUri", "credential", "clientId")
# Name and default, None where there is none. Bounds are not in here: each is a setting under its name in capitals.
SETTINGS: Mapping[str, str | None] = {
    STORAGE: None,
    **{f"{STORAGE}__{part}": None for part in STORAGE_PARTS},
    "GRAPH_BASE_URL": DEFAULT_GRAPH_BASE_URL,
    "GRAPH_AUTHORITY": DEFAULT_GRAPH_AUTHORITY,
    "GRAPH_TENANT_ID": None,
    "GRAPH_CLIENT_ID": None,
    "GRAPH_FEDERATED_CLIENT_ID": None,
    "GRAPH_CLIENT_CERTIFICATE_PATH": None,
    "GRAPH_CLIENT_SECRET": None,
    "GRAPH_CA_BUNDLE": None,
    "PRINT_ACCOUNTS": None,
    "REPORTS_ACCOUNT": None,
    "TOKEN_CACHE_KEY": None,
    "NOTIFICATION_URL": None,
    "NOTIFICATION_CLIENT_STATE": None,
    "HOLD_RETENTION_HOURS": "24",
    "USAGE_EXPORT_SCHEDULE": DEFAULT_USAGE_EXPORT_SCHEDULE,
    "RECONCILE_SCHEDULE": DEFAULT_RECONCILE_SCHEDULE,
    "UPKEEP_SCHEDULE": DEFAULT_UPKEEP_SCHEDULE,
    "ALERT_WEBHOOK_URL": None,
    "KIOSK_KEY": None,
    "USAGE_PSEUDONYM_KEY": None,
    "PRINT_TELEMETRY": "off",
    "PRINT_LOG_NAMES": "on",
}
BOUNDS = tuple(bound.name.upper() for bound in fields(Bounds))

OWN_PREFIXES = ("GRAPH_", "PRINT_", "NOTIFICATION_", "KIOSK_", "USAGE_", STORAGE.upper() + "__")
FOREIGN_PREFIXES = (
    "APPINSIGHTS_",
    "APPLICATIONINSIGHTS_",
    "AZURE",
    "FUNCTIONS_",
    "HOST_",
    "OTEL_",
    "PYTHON",
    "SCM_",
    "WEBJOBS_",
    "WEBSITE_",
)
# How alike a name must be to count as a slip of the pen (difflib: 1 is the same).
NEAR_MISS = 0.88
# The hosts of Graph and of the authority belong together (Graph: national cloud deployments).
CLOUDS: Mapping[str, str] = {
    "graph.microsoft.com": "login.microsoftonline.com",
    "graph.microsoft.us": "login.microsoftonline.us",
    "dod-graph.microsoft.us": "login.microsoftonline.us",
    "microsoftgraph.chinacloudapi.cn": "login.partner.microsoftonline.cn",
}
# Graph: subscriptions, clientState.
CLIENT_STATE_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class StorageConnection:
    """How to reach the storage account of documents, state and queues (Functions: identity-based connections).

    Either `connection_string`, or both URIs; then `credential` is `managedidentity` or None (the developer's own
    sign-in), and `client_id` names a user-assigned identity.
    """

    connection_string: str | None = field(default=None, repr=False)
    blob_service_uri: str | None = None
    queue_service_uri: str | None = None
    credential: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force; made by `load_settings`. User names are in lower case, addresses without a last slash."""

    storage: StorageConnection
    graph_tenant_id: str
    graph_client_id: str
    print_accounts: tuple[str, ...]
    reports_account: str
    token_cache_keys: tuple[str, ...] = field(repr=False)
    graph_base_url: str = DEFAULT_GRAPH_BASE_URL
    graph_authority: str = DEFAULT_GRAPH_AUTHORITY
    graph_federated_client_id: str | None = None
    graph_client_certificate_path: Path | None = None
    graph_client_secret: str | None = field(default=None, repr=False)
    graph_ca_bundle: Path | None = None
    notification_url: str | None = None
    notification_client_states: tuple[str, ...] = field(default=(), repr=False)
    hold_retention_hours: float = DEFAULT_HOLD_RETENTION_HOURS
    usage_export_schedule: str = DEFAULT_USAGE_EXPORT_SCHEDULE
    reconcile_schedule: str = DEFAULT_RECONCILE_SCHEDULE
    upkeep_schedule: str = DEFAULT_UPKEEP_SCHEDULE
    alert_webhook_url: str | None = field(default=None, repr=False)
    kiosk_keys: tuple[str, ...] = field(default=(), repr=False)
    usage_pseudonym_key: str | None = field(default=None, repr=False)
    telemetry: bool = False
    log_names: bool = True
    reports_account_named: bool = False
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def tenant_authority(self) -> str:
        """The address of the tenant's authority, as MSAL takes it."""
        return f"{self.graph_authority}/{self.graph_tenant_id}"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read every setting. Raises SettingsError with all problems, each with its fix."""
    reader = _Reader(environ)
    storage = _storage(reader)
    accounts = reader.required("PRINT_ACCOUNTS", values.user_principal_names, "name the accounts that print")
    base_url = reader.optional("GRAPH_BASE_URL", _graph_base_url) or DEFAULT_GRAPH_BASE_URL
    authority = reader.optional("GRAPH_AUTHORITY", _authority) or DEFAULT_GRAPH_AUTHORITY
    _check_cloud(base_url, authority, reader.problems)
    tenant = reader.required("GRAPH_TENANT_ID", values.tenant, "the app registration shows the directory (tenant) ID")
    client = reader.required("GRAPH_CLIENT_ID", values.guid, "`python -m printops app create` writes it")
    keys = reader.required("TOKEN_CACHE_KEY", values.fernet_keys, "make one with `python -m printops key`")
    notification_url = reader.optional("NOTIFICATION_URL", _notification_url)
    client_states = reader.optional("NOTIFICATION_CLIENT_STATE", _client_states) or ()
    if notification_url and not reader.text("NOTIFICATION_CLIENT_STATE"):
        reader.problems.append("NOTIFICATION_CLIENT_STATE is missing: set a secret, as NOTIFICATION_URL is set.")
    if notification_url and tenant and not values.GUID.fullmatch(tenant):
        reader.problems.append(
            "GRAPH_TENANT_ID must be the tenant's id (a GUID), as NOTIFICATION_URL is set: notifications name it."
        )
    hours = reader.optional("HOLD_RETENTION_HOURS", values.number)
    federated_client = reader.optional("GRAPH_FEDERATED_CLIENT_ID", values.guid)
    certificate = reader.optional("GRAPH_CLIENT_CERTIFICATE_PATH", values.existing_file)
    secret = reader.optional("GRAPH_CLIENT_SECRET", values.secret)
    ca_bundle = reader.optional("GRAPH_CA_BUNDLE", values.existing_file)
    schedules = [reader.schedule(f"{name}_SCHEDULE") for name in ("USAGE_EXPORT", "RECONCILE", "UPKEEP")]
    alert_url = reader.optional("ALERT_WEBHOOK_URL", _webhook_url)
    reports = reader.optional("REPORTS_ACCOUNT", values.user_principal_name)
    kiosk_keys = reader.optional("KIOSK_KEY", values.fernet_keys) or ()
    pseudonym_keys = reader.optional("USAGE_PSEUDONYM_KEY", _one_key)
    telemetry = reader.optional("PRINT_TELEMETRY", values.on_or_off)
    log_names = reader.optional("PRINT_LOG_NAMES", values.on_or_off)
    bounds = _bounds(reader)
    problems = reader.problems + unknown_settings(environ)
    if storage is None or accounts is None or tenant is None or client is None or keys is None or problems:
        raise SettingsError(problems)
    return Settings(
        storage=storage,
        graph_tenant_id=tenant,
        graph_client_id=client,
        print_accounts=accounts,
        reports_account=reports or accounts[0],
        token_cache_keys=keys,
        graph_base_url=base_url,
        graph_authority=authority,
        graph_federated_client_id=federated_client,
        graph_client_certificate_path=certificate,
        graph_client_secret=secret,
        graph_ca_bundle=ca_bundle,
        notification_url=notification_url,
        notification_client_states=client_states,
        hold_retention_hours=hours or DEFAULT_HOLD_RETENTION_HOURS,
        usage_export_schedule=schedules[0],
        reconcile_schedule=schedules[1],
        upkeep_schedule=schedules[2],
        alert_webhook_url=alert_url,
        kiosk_keys=kiosk_keys,
        usage_pseudonym_key=pseudonym_keys,
        telemetry=telemetry is True,
        log_names=log_names is not False,
        reports_account_named=reports is not None,
        bounds=bounds,
    )


def load_directory_settings(environ: Mapping[str, str], client_id: str) -> Settings:
    """Where the tenant is, for a sign-in to the app `client_id` before the rest of the settings is known.

    Raises SettingsError with all problems of these few.
    """
    reader = _Reader(environ)
    base_url = reader.optional("GRAPH_BASE_URL", _graph_base_url) or DEFAULT_GRAPH_BASE_URL
    authority = reader.optional("GRAPH_AUTHORITY", _authority) or DEFAULT_GRAPH_AUTHORITY
    _check_cloud(base_url, authority, reader.problems)
    tenant = reader.required("GRAPH_TENANT_ID", values.tenant, "the tenant's id or one of its domains")
    ca_bundle = reader.optional("GRAPH_CA_BUNDLE", values.existing_file)
    if tenant is None or reader.problems:
        raise SettingsError(reader.problems)
    return Settings(
        storage=StorageConnection(),
        graph_tenant_id=tenant,
        graph_client_id=client_id,
        print_accounts=(),
        reports_account="",
        token_cache_keys=(),
        graph_base_url=base_url,
        graph_authority=authority,
        graph_ca_bundle=ca_bundle,
    )


class _Reader:
    """Takes settings out of the environment and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        """The value without blanks round it; empty counts as not set."""
        return self._environ.get(name, "").strip()

    def optional[Value](self, name: str, read: Callable[[str], Value]) -> Value | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return read(text)
        except ValueError as error:
            self.problems.append(f"{name} {error}.")
            return None

    def required[Value](self, name: str, read: Callable[[str], Value], fix: str) -> Value | None:
        if not self.text(name):
            self.problems.append(f"{name} is missing: {fix}.")
        return self.optional(name, read)

    def schedule(self, name: str) -> str:
        return self.optional(name, values.schedule) or str(SETTINGS[name])


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each name that looks like one of ours and is none. Other programs' settings are let be."""
    from difflib import get_close_matches

    known = {name.upper(): name for name in (*SETTINGS, *BOUNDS)}
    found = []
    for name in sorted(environ):
        upper = name.upper()
        if upper in known:
            # Windows tells all names in capitals and finds them in any case; elsewhere another case is another name.
            if known[upper] not in environ:
                found.append(f"{name} is not read: write it {known[upper]}.")
            continue
        if upper.startswith(FOREIGN_PREFIXES):
            continue
        own = upper.startswith(OWN_PREFIXES)
        near = get_close_matches(upper, known, n=1, cutoff=0.75 if own else NEAR_MISS)
        if near:
            found.append(f"{name} is unknown: did you mean {known[near[0]]}? Rename or remove it.")
        elif own:
            found.append(f"{name} is unknown: remove it, or see docs/settings.md for the right name.")
    return found


def _storage(reader: _Reader) -> StorageConnection | None:
    connection_string = reader.optional(STORAGE, values.secret)
    blob_uri = reader.optional(f"{STORAGE}__blobServiceUri", values.plain_https_url)
    queue_uri = reader.optional(f"{STORAGE}__queueServiceUri", values.plain_https_url)
    credential = reader.optional(f"{STORAGE}__credential", _credential)
    client_id = reader.optional(f"{STORAGE}__clientId", values.guid)
    uris = [part for part in STORAGE_PARTS[:2] if reader.text(f"{STORAGE}__{part}")]
    if reader.text(STORAGE):
        if uris:
            reader.problems.append(f"{STORAGE} and {STORAGE}__{uris[0]} are both set: remove one way to connect.")
        return StorageConnection(connection_string)
    if not uris:
        reader.problems.append(
            f"{STORAGE} is missing: set a connection string, or {STORAGE}__blobServiceUri and "
            f"{STORAGE}__queueServiceUri to connect with an identity."
        )
    elif len(uris) == 1:
        missing = next(part for part in STORAGE_PARTS[:2] if part not in uris)
        reader.problems.append(f"{STORAGE}__{missing} is missing: both service URIs are needed.")
    if client_id and not credential:
        reader.problems.append(f"{STORAGE}__credential is missing: set managedidentity, as {STORAGE}__clientId is set.")
    return StorageConnection(None, blob_uri, queue_uri, credential, client_id)


def _credential(value: str) -> str:
    if value.lower() != "managedidentity":
        raise ValueError("must be managedidentity; leave it out to connect as the developer who is signed in")
    return value.lower()


def _graph_base_url(value: str) -> str:
    url = values.plain_https_url(value)
    if not url.endswith("/v1.0"):
        raise ValueError(f"must end with the version, v1.0, such as {DEFAULT_GRAPH_BASE_URL}")
    return url


def _authority(value: str) -> str:
    url = values.plain_https_url(value)
    if urlsplit(url).path:
        raise ValueError(f"must be a host only, such as {DEFAULT_GRAPH_AUTHORITY}; the tenant is GRAPH_TENANT_ID")
    return url


def _check_cloud(base_url: str, authority: str, problems: list[str]) -> None:
    graph_host, authority_host = (str(urlsplit(url).hostname) for url in (base_url, authority))
    expected = CLOUDS.get(graph_host)
    if expected != authority_host and (expected or authority_host in CLOUDS.values()):
        problems.append(
            f"GRAPH_BASE_URL ({graph_host}) and GRAPH_AUTHORITY ({authority_host}) are of different clouds: set "
            + (f"GRAPH_AUTHORITY to https://{expected}." if expected else "both for the same cloud.")
        )


def _client_states(value: str) -> tuple[str, ...]:
    states = tuple(state.strip() for state in values.secret(value).split(",") if state.strip())
    if not 1 <= len(states) <= 2 or len(set(states)) < len(states):
        raise ValueError("must hold one secret, or two different ones (current, previous) separated by a comma")
    if max(map(len, states)) > CLIENT_STATE_CHARACTERS:
        raise ValueError(f"holds a secret longer than {CLIENT_STATE_CHARACTERS} characters; make it shorter")
    return states


def _one_key(value: str) -> str:
    keys = values.fernet_keys(value)
    if len(keys) > 1:
        raise ValueError("holds more than one key: with another key a person would get another pseudonym")
    return keys[0]


def _notification_url(value: str) -> str:
    return values.plain_https_url(value, local_http=True)


def _webhook_url(value: str) -> str:
    return values.https_url(values.secret(value), local_http=True)


def _bounds(reader: _Reader) -> Bounds:
    chosen: dict[str, Any] = {}
    for bound in fields(Bounds):
        read: Callable[[str], float] = values.whole_number if bound.type == "int" else values.number
        value = reader.optional(bound.name.upper(), read)
        if value is not None:
            chosen[bound.name] = value
    bounds = Bounds(**chosen)
    reader.problems.extend(bound_problems(bounds))
    return bounds
