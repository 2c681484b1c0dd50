"""Names the errors that people meet, and the exact step that mends each. Pure."""

from __future__ import annotations

from shared.doctor.asked import Asked, Explanation
from shared.doctor.graph_errors import explain_graph
from shared.doctor.sign_in_errors import Refusal, refusal_in, refusal_numbers
from shared.errors import AccountLapsed, GraphError, NoReply, NotNow
from shared.graph.application import ApplicationUnproved
from shared.permissions import PERMISSIONS, Part

_UNKNOWN = Asked()


def explain(error: Exception, asked: Asked = _UNKNOWN) -> Explanation | None:
    """What the error means and what mends it; None where nothing is known that its own message does not say.

    Takes errors of this project's tree and those of the storage SDK. Graph documents no codes for most refusals, so
    the kind of the token, its permissions and the operation decide first, and Graph's words only where those do not.
    """
    from shared.doctor.storage_errors import explain_storage

    refused = refusal_in(str(error))
    if refused is not None:
        return _filled(refused, str(error), asked)
    if isinstance(error, ApplicationUnproved):
        return Explanation(
            "applicationUnproved",
            "the settings name no way in which the app can prove itself to Graph",
            "set GRAPH_FEDERATED_CLIENT_ID in Azure; for a trial here, GRAPH_CLIENT_CERTIFICATE_PATH or "
            "GRAPH_CLIENT_SECRET",
        )
    if isinstance(error, AccountLapsed):
        account = error.user_principal_name
        what = f"{account} has no usable sign-in ({_words(error)})"
        return Explanation("accountLapsed", what, command=f"python -m printops login {account}")
    if isinstance(error, NotNow):
        return _not_now(error)
    if isinstance(error, NoReply):
        return Explanation(
            "noReply", f"the service did not answer: {error}", "try again; look at proxy and firewall if it stays so"
        )
    if isinstance(error, GraphError):
        return explain_graph(error, asked)
    return explain_storage(error, asked)


def _filled(refused: Refusal, text: str, asked: Asked) -> Explanation:
    command = refused.command
    if "{account}" in command and not asked.account:
        command = "python -m printops login ACCOUNT"
    if refused.cause == "consentMissing" and any(row.name in text for row in PERMISSIONS if row.part is Part.DELETING):
        command += " --with deleting"
    filled = command.format(account=asked.account, client_id=asked.client_id or "CLIENT_ID")
    who = f"{asked.account}: " if asked.account else ""
    numbers = ", ".join(f"AADSTS{number}" for number in dict.fromkeys(refusal_numbers(text)))
    return Explanation(refused.cause, f"{who}{refused.what} ({numbers})", refused.portal, filled)


def _not_now(error: NotNow) -> Explanation | None:
    if "CredentialUnavailableError" in error.reason:
        return Explanation(
            "managedIdentityAway",
            "no managed identity answers here: it exists only where the app runs in Azure",
            "Function App > Settings > Identity in Azure; from another machine set GRAPH_CLIENT_CERTIFICATE_PATH or "
            "GRAPH_CLIENT_SECRET in place of GRAPH_FEDERATED_CLIENT_ID",
        )
    if error.code in ("graphUnreachable", "authorityUnreachable", "authorityUnavailable"):
        return Explanation(
            "unreachable",
            _words(error),
            "check GRAPH_BASE_URL, GRAPH_AUTHORITY and GRAPH_CA_BUNDLE, and that a proxy or firewall lets them through",
        )
    if error.code in ("graphThrottled", "graphUnavailable"):
        return Explanation("throttled", _words(error), f"wait {error.delay:.0f} s; nothing is to be mended")
    return None


def _words(error: NotNow) -> str:
    return " ".join(error.reason.split()).rstrip(".")
