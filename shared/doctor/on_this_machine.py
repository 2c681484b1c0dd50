"""The steps as they are where the doctor runs: beside stand-ins, of which no portal knows, and in any cloud. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from shared.doctor.finding import Finding, Line, Status
from shared.graph.application import EXCHANGE_AUDIENCE, NATIONAL_EXCHANGE_AUDIENCES
from shared.setting_values import LOOPBACK
from shared.settings import CLOUDS, DEFAULT_GRAPH_AUTHORITY, DEFAULT_GRAPH_BASE_URL

_BLOBS = re.compile(r"(?:^|;)BlobEndpoint=([^;]+)", re.IGNORECASE)
_CLOUD = re.compile(r"\baz |Azure|Entra admin center|Microsoft 365|Function App|Application Insights")
_LOGIN = re.compile(r"python -m printops login \S+")


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs here by the settings: storage, and with it the functions; Graph's stand-in, whose page is `page`.

    `settings` names what was read, `start` is what starts all of it, and `logs` where that writes. `names` are those
    of the global cloud and what they are in the cloud of the settings, where it is another.
    """

    storage: bool
    graph: bool
    settings: str
    start: str
    logs: str
    page: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """What mends a cause here. Names in brackets are members of Machine; without a command the usual one stays."""

    portal: str
    command: str = ""


_AGAIN = _Step("stop it with Ctrl-C and start it again: it makes what is missing", "{start}")
_UP = _Step("is it up? {logs} says what it does", "{start}")
_APP = _Step("the app's proof goes into {settings}", "python -m printops app create --secret --write {settings}")
_FUNCTIONS: Mapping[str, _Step] = {
    **dict.fromkeys(("containerMissing", "queueMissing"), _AGAIN),
    **dict.fromkeys(("webhookSilent", "signInStale"), _UP),
    **dict.fromkeys(("managedIdentityAway", "applicationUnproved"), _APP),
    "storageKeyRefused": _Step("take PrintStorage of the settings file that `{start}` wrote"),
    "poison": _Step("{logs} says why each failed; then clear the queue"),
}
_ADDRESS = ("addressNotPublic", "subscriptionMissing", "subscriptionOld", "subscriptionWrong", "subscriptionUnknown")
_UNREACHABLE = _Step("Graph cannot call this machine: take NOTIFICATION_URL out of {settings}")
_UPKEEP = _Step("the functions make and renew it while they run; {logs} says why they do not", "{start}")
_STAND_IN: Mapping[str, _Step] = {
    **dict.fromkeys(("unreachable", "serviceTrouble", "noReply"), _UP),
    **dict.fromkeys(("shareGone", "printerGone", "printerNotAccepting", "printerStopped"), _Step("{page} shows it")),
    "wrongTenant": _Step("GRAPH_TENANT_ID and GRAPH_CLIENT_ID of {settings}", "python -m printops app check"),
    "appDisabled": _Step("", "python -m printops app check"),
    "accountDisabled": _Step('PATCH {page}emulator/users/NAME with {{"enabled": true}}'),
    "licenceMissing": _Step("PRINT_ACCOUNTS of {settings}: name accounts that the tenant here gives a licence"),
    "universalPrintMissing": _AGAIN,
    "roleMissing": _Step("sign in as the tenant's administrator, whom `{start}` names"),
}


# Azure: the endings of addresses in national clouds, by their authority (Entra: national clouds).
_SITES = {"login.microsoftonline.us": "azurewebsites.us", "login.partner.microsoftonline.cn": "chinacloudsites.cn"}


def machine_of(environ: Mapping[str, str], settings: str) -> Machine:
    """What runs here, also where the settings are not right as a whole. `settings` names where they were read."""
    graph = environ.get("GRAPH_BASE_URL", "")
    graph_here = _host(graph) in LOOPBACK
    mode = " --empty" if "STARTED_BY" in environ else "" if graph_here else " --real"
    return Machine(
        storage=_is_azurite(environ),
        graph=graph_here,
        settings=settings,
        start=f"python dev.py run{mode}",
        logs=f".work/{mode.strip(' -') or 'run'}/logs",
        names=_names(_host(graph) or ""),
        page=f"{graph.partition('/v1.0')[0].rstrip('/')}/" if graph_here else "",
    )


def mended_here(line: Line, machine: Machine) -> Line:
    """The line with the step that mends it on this machine, where that differs."""
    found = line.finding
    if found.status not in (Status.FAILED, Status.WARNING):
        return line
    for usual, name in machine.names:
        found = replace(found, portal=found.portal.replace(usual, name), command=found.command.replace(usual, name))
    line = replace(line, finding=found)
    if found.cause == "setting":
        return replace(line, finding=_setting(found, line.subject or "KIOSK_KEY", machine))
    step = _step(line, machine)
    if step is not None:
        members = asdict(machine)
        command = step.command.format_map(members) or ("" if _CLOUD.search(found.command) else found.command)
        return replace(line, finding=replace(found, portal=step.portal.format_map(members), command=command))
    if machine.storage if line.group == "storage" else machine.graph:
        return replace(line, finding=_without_cloud(found, machine))
    return line


def _step(line: Line, machine: Machine) -> _Step | None:
    cause = line.finding.cause
    if line.group == "storage" and cause == "unreachable":
        return _UP if machine.storage else None
    if machine.storage and cause in _ADDRESS:
        return _UPKEEP if machine.graph else _UNREACHABLE
    if machine.storage and cause in _FUNCTIONS:
        return _FUNCTIONS[cause]
    return _STAND_IN.get(cause) if machine.graph and line.group != "storage" else None


def _setting(found: Finding, name: str, machine: Machine) -> Finding:
    if not machine.storage:
        return replace(found, portal=f"{machine.settings}, and for the functions {found.portal}")
    command = ""
    if name.endswith(("_KEY", "_CLIENT_STATE")):
        command = "python -m printops key"
    elif name in ("GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "GRAPH_CLIENT_SECRET"):
        command = f"python -m printops app create --secret --write {machine.settings}"
    return replace(found, portal=f"{machine.settings}: {name}", command=command)


def _without_cloud(found: Finding, machine: Machine) -> Finding:
    """Without what only a cloud has; a sign-in that follows is kept."""
    command = "" if _CLOUD.search(found.command) else found.command
    if not _CLOUD.search(found.portal):
        return replace(found, command=command)
    again = _LOGIN.search(found.portal)
    if again is not None and "printops login" not in command:
        command = f"{command} && {again[0]}" if command else again[0]
    if not command and not machine.page:
        return found
    return replace(found, portal="" if command else f"{machine.page} shows it", command=command)


def _names(graph_host: str) -> tuple[tuple[str, str], ...]:
    authority = CLOUDS.get(graph_host, "")
    if authority not in _SITES:
        return ()
    return (
        (urlsplit(DEFAULT_GRAPH_BASE_URL).netloc, graph_host),
        (urlsplit(DEFAULT_GRAPH_AUTHORITY).netloc, authority),
        (EXCHANGE_AUDIENCE, NATIONAL_EXCHANGE_AUDIENCES[authority]),
        ("azurewebsites.net", _SITES[authority]),
    )


def _is_azurite(environ: Mapping[str, str]) -> bool:
    connection = environ.get("PrintStorage") or environ.get("AzureWebJobsStorage") or ""
    blobs = _BLOBS.search(connection)
    named = environ.get("PrintStorage__blobServiceUri", "")
    return "UseDevelopmentStorage=true" in connection or _host(blobs[1] if blobs else named) in LOOPBACK


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
