"""What Graph's refusals mean here (Graph: errors, permissions of each operation). Pure.

Graph documents no code for most of them, so what is known of the call decides, and Graph's words only after that.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from shared.doctor.asked import Asked, Explanation
from shared.errors import GraphConflict, GraphDenied, GraphError, GraphNotFound, GraphThrottled, GraphUnavailable
from shared.graph.admin_client import AdministratorDenied
from shared.graph.admin_permissions import NEEDS, PRINTER_ADMINISTRATOR, lacking
from shared.graph.app_client import ApplicationDenied
from shared.permissions import Kind, Part, naming
from shared.permissions import lacking as not_served

APP_CREATE = "python -m printops app create"
# What takes a share, and fails where the share's access list does not name the account (Graph: printerShare).
_ON_SHARES = frozenset({"create job", "get share", "get job", "list jobs", "create upload session", "start job"})
_ONLY_WITH = re.compile(r"only (?:available|supported|allowed) (?:with|for) (delegated|application)", re.IGNORECASE)
_SCOPES = re.compile(r"(security )?scopes|Insufficient privileges", re.IGNORECASE)
_LICENCE = re.compile(r"licen[cs]e", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"Universal Print subscription", re.IGNORECASE)
_SAME_APP = re.compile(r"app that (?:created|made) the task definition", re.IGNORECASE)
_OTHER: dict[Kind, Kind] = {Kind.DELEGATED: Kind.APPLICATION, Kind.APPLICATION: Kind.DELEGATED}


def explain_graph(error: GraphError, asked: Asked) -> Explanation | None:
    """What it means; None where Graph's own words must do."""
    if isinstance(error, GraphThrottled):
        what = f"Graph limits how often '{error.operation}' may be asked"
        return Explanation("throttled", what, f"wait {error.retry_after or 60:.0f} s; nothing is to be mended")
    if isinstance(error, GraphUnavailable):
        what = f"Graph is in trouble: '{error.operation}' gave {error.status} {error.code}"
        return Explanation("serviceTrouble", what, "Microsoft 365 admin center > Health > Service health")
    if isinstance(error, GraphDenied):
        return _unauthenticated(error) if error.status == 401 else _denied(error, asked)
    if isinstance(error, GraphConflict):
        return _conflict(error, asked)
    if isinstance(error, GraphNotFound):
        return _gone(error, asked)
    return None


def missing_permission(operation: str, kind: Kind, names: Collection[str], asked: Asked) -> Explanation:
    """The token lacks these permissions of this kind."""
    listed = " and ".join(names)
    bearer = f"the token of {asked.account}" if asked.account else f"the {kind.value} token"
    portal = (
        f"Entra admin center > App registrations > this app > API permissions > Add a permission > Microsoft Graph > "
        f"{kind.value.capitalize()} permissions > {listed}, then Grant admin consent"
    )
    if asked.account:
        portal += f"; then sign in again: python -m printops login {asked.account}"
    what = f"{bearer} lacks the {kind.value} permission {listed}, which '{operation}' takes"
    deleting = any(row.name in names and row.part is Part.DELETING for row in naming(operation, kind))
    return Explanation("permissionMissing", what, portal, APP_CREATE + (" --with deleting" if deleting else ""))


def wrong_app(subject: str, client_id: str) -> Explanation:
    """The trigger is, or would be, of another app registration than the definition."""
    app = f" ({client_id})" if client_id else ""
    printer = subject or "PRINTER"
    return Explanation(
        "triggerOfOtherApp",
        f"the task definition and the trigger of {printer} are of different app registrations; both have to be of "
        f"GRAPH_CLIENT_ID{app}",
        "",
        f"python -m printops trigger delete {shlex.quote(printer)} && "
        f"python -m printops trigger create {shlex.quote(printer)}",
    )


def not_accepting(printer: str) -> Explanation:
    """The printer takes no jobs."""
    return Explanation(
        "printerNotAccepting",
        f"the printer {printer} takes no jobs now".replace("  ", " "),
        f"Azure portal > Universal Print > Printers > {printer or 'the printer'} shows its status; resume it at the "
        "device, or start its connector",
        f"python -m printops printer show {shlex.quote(printer or 'PRINTER')}",
    )


def share_not_granted(share: str, account: str) -> Explanation:
    """The account is not on the share's access list."""
    share, account = share or "SHARE", account or "ACCOUNT"
    return Explanation(
        "shareNotGranted",
        f"{account} may not print to the share {share}",
        f"Azure portal > Universal Print > Printer shares > {share} > Access control > Add members > {account}",
        f"python -m printops share allow {shlex.quote(share)} --user {account}",
    )


def _unauthenticated(error: GraphError) -> Explanation:
    return Explanation(
        "tokenRefused",
        f"Graph did not take the token for '{error.operation}': {error.message}",
        "check that GRAPH_BASE_URL, GRAPH_AUTHORITY and GRAPH_TENANT_ID are of one cloud and tenant, and that the "
        "account is enabled",
    )


def _denied(error: GraphDenied, asked: Asked) -> Explanation | None:
    operation, message = error.operation, error.message
    said = _ONLY_WITH.search(message)
    wanted = Kind(said[1].lower()) if said is not None else _only_kind(operation, asked.kind)
    if wanted is not None and wanted is not asked.kind:
        return _wrong_kind(operation, wanted, asked)
    kind = _kind(error, asked)
    if _SUBSCRIPTION.search(message):
        return Explanation(
            "universalPrintMissing",
            "the tenant has no active subscription that includes Universal Print",
            "Microsoft 365 admin center > Billing > Purchase services > Universal Print",
        )
    missing = _missing(operation, kind, message, asked)
    if missing:
        return missing_permission(operation, kind or Kind.DELEGATED, missing, asked)
    if operation == "create task trigger" and (_SAME_APP.search(_own_words(error)) or asked.granted is not None):
        return wrong_app(asked.subject, asked.client_id)
    need = NEEDS.get(operation)
    if kind is Kind.APPLICATION:
        return None
    if operation in _ON_SHARES and (asked.account or need is None or not need.administrator):
        return _on_share(operation, message, asked)
    if need is not None and need.administrator:
        return Explanation(
            "roleMissing",
            f"the signed-in user is no {PRINTER_ADMINISTRATOR}, which '{operation}' takes",
            f"Entra admin center > Roles & admins > {PRINTER_ADMINISTRATOR} > Add assignments; one that is eligible "
            "has to be activated",
        )
    return None


def _on_share(operation: str, message: str, asked: Asked) -> Explanation:
    account = asked.account or "ACCOUNT"
    if _LICENCE.search(message):
        return Explanation(
            "licenceMissing",
            f"{account} has no licence that includes Universal Print",
            f"Microsoft 365 admin center > Users > Active users > {account} > Licenses and apps > Universal Print",
            f"az rest --method post --url https://graph.microsoft.com/v1.0/users/{account}/assignLicense --body "
            '\'{"addLicenses": [{"skuId": "SKU"}], "removeLicenses": []}\'',
        )
    found = share_not_granted(asked.subject, asked.account)
    if operation != "create job" or re.search(r"access|allowed", message, re.IGNORECASE):
        return found
    what = f"{found.what}, or has no licence that includes Universal Print: Graph says '{message}'"
    return Explanation(found.cause, what, found.portal, found.command)


def _kind(error: GraphDenied, asked: Asked) -> Kind | None:
    if asked.kind is not None:
        return asked.kind
    if isinstance(error, ApplicationDenied):
        return Kind.APPLICATION
    if isinstance(error, AdministratorDenied):
        return Kind.DELEGATED
    # Of operations that both kinds have, those of print accounts are met far more often.
    return next((kind for kind in Kind if naming(error.operation, kind)), None)


def _only_kind(operation: str, kind: Kind | None) -> Kind | None:
    """The kind of token that the operation takes, where it is known not to take this one."""
    if kind is None or naming(operation, kind):
        return None
    return _OTHER[kind] if naming(operation, _OTHER[kind]) else None


def _wrong_kind(operation: str, wanted: Kind, asked: Asked) -> Explanation:
    names = " and ".join(dict.fromkeys(row.name for row in naming(operation, wanted))) or "a permission of this kind"
    if wanted is Kind.DELEGATED:
        return Explanation(
            "appTokenOnDelegatedCall",
            f"'{operation}' was called with the app's own token, and Graph takes it from signed-in users only "
            f"({names}, delegated)",
            "sign a print account or an administrator in, who has that permission",
            f"python -m printops login {asked.account or 'ACCOUNT'}",
        )
    return Explanation(
        "userTokenOnApplicationCall",
        f"'{operation}' was called as a signed-in user, and Graph takes it from the app itself only "
        f"({names}, application)",
        "set GRAPH_FEDERATED_CLIENT_ID, GRAPH_CLIENT_CERTIFICATE_PATH or GRAPH_CLIENT_SECRET",
        APP_CREATE,
    )


def _missing(operation: str, kind: Kind | None, message: str, asked: Asked) -> tuple[str, ...]:
    """The permissions that the token lacks, by what is known of it, else by Graph's words."""
    if kind is not Kind.APPLICATION and operation in NEEDS and asked.granted is not None:
        return lacking(operation, asked.granted)
    rows = naming(operation, kind) if kind is not None else ()
    names = tuple(dict.fromkeys(row.name for row in rows))
    if asked.granted is not None and kind is not None:
        # Parts that need the operation may ask for different permissions: those of any one part will do.
        absent = [_absent(operation, kind, part, asked.granted) for part in dict.fromkeys(row.part for row in rows)]
        if absent and all(absent):
            return absent[0]
    return names if _SCOPES.search(_before_advice(message)) else ()


def _absent(operation: str, kind: Kind, part: Part, granted: frozenset[str]) -> tuple[str, ...]:
    return tuple(row.name for row in not_served(granted, kind, {part}) if operation in row.operations)


def _before_advice(message: str) -> str:
    # What the clients add to Graph's words names permissions, too.
    return re.split(r" It takes | The sign-in ", message, maxsplit=1)[0]


def _own_words(error: GraphError) -> str:
    return _before_advice(error.message)


def _conflict(error: GraphError, asked: Asked) -> Explanation | None:
    if error.operation == "create job":
        return not_accepting(asked.subject)
    if error.operation == "create task trigger":
        printer = asked.subject or "PRINTER"
        what = f"the printer {printer} has a trigger already, and takes one at most"
        return Explanation("triggerThere", what, command=f"python -m printops trigger delete {shlex.quote(printer)}")
    return None


def _gone(error: GraphError, asked: Asked) -> Explanation | None:
    again = "python -m printops plan && python -m printops apply"
    if error.operation in ("create job", "get share"):
        what = f"Universal Print knows no share {asked.subject} any more".replace("  ", " ")
        return Explanation("shareGone", what, "Azure portal > Universal Print > Printer shares", again)
    if error.operation in ("get printer", "list task triggers", "update printer"):
        what = f"Universal Print knows no printer {asked.subject} any more".replace("  ", " ")
        return Explanation("printerGone", what, "Azure portal > Universal Print > Printers", again)
    if error.operation == "list tasks":
        return Explanation("definitionGone", "this app has made no such task definition", command=again)
    return None
