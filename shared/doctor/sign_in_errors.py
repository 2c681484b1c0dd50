"""What the numbers of Entra's refusals mean here, and what mends each (Entra: AADSTS error codes). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"AADSTS(\d+)")
_REGISTRATION = "Entra admin center > App registrations > this app"
_CREDENTIALS = f"{_REGISTRATION} > Certificates & secrets"
_USER = "Entra admin center > Users"
_LOGIN = "python -m printops login {account}"
# Makes what the app registration lacks, and consents.
_CREATE = "python -m printops app create"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of refusal: its stable name, words, and how to mend it; `{account}` and `{client_id}` are filled in."""

    cause: str
    what: str
    portal: str = ""
    command: str = ""


_CONSENT = Refusal(
    "consentMissing",
    "nobody has consented to a permission that is asked for",
    f"{_REGISTRATION} > API permissions > Grant admin consent",
    _CREATE,
)
_EXPIRED = Refusal(
    "secretExpired",
    "the client secret has expired",
    f"{_CREDENTIALS} > New client secret, then put its value into GRAPH_CLIENT_SECRET",
    f"{_CREATE} --new-secret --write local.settings.json",
)
_WRONG = Refusal(
    "secretWrong",
    "GRAPH_CLIENT_SECRET is not a secret of this app; often it is the secret's id instead of its value",
    _EXPIRED.portal,
    _EXPIRED.command,
)
_CERTIFICATE = Refusal(
    "certificateRefused",
    "the certificate of GRAPH_CLIENT_CERTIFICATE_PATH is not one of this app, or its end has passed",
    f"{_CREDENTIALS} > Certificates > Upload certificate",
    f"{_CREATE} --certificate FILE",
)
_FEDERATION = Refusal(
    "federationRefused",
    "the app does not trust this managed identity: issuer, subject or audience of the federated credential differ",
    f"{_CREDENTIALS} > Federated credentials: issuer https://login.microsoftonline.com/<tenant>/v2.0, subject the "
    "identity's object id, audience api://AzureADTokenExchange",
    f"{_CREATE} --managed-identity OBJECT_ID",
)
_TENANT = Refusal(
    "wrongTenant",
    "the tenant does not know this app: GRAPH_TENANT_ID, GRAPH_CLIENT_ID or GRAPH_AUTHORITY is of another tenant or "
    "cloud",
    f"{_REGISTRATION} > Overview shows both ids",
    "az ad app show --id {client_id}",
)
_GUEST = Refusal(
    "wrongTenant",
    "the account is of another tenant; a print account has to be a member of GRAPH_TENANT_ID",
    f"{_USER} > New user, and put its name into PRINT_ACCOUNTS",
)
_FACTOR = Refusal(
    "interactionRequired",
    "a policy asks for multi-factor authentication, which nobody can do while the app runs alone",
    "Entra admin center > Protection > Conditional Access: leave the print accounts out of that policy, or bind it to "
    "a trusted location; then sign in again",
    _LOGIN,
)
_CONDITIONAL = Refusal(
    "conditionalAccess",
    "a Conditional Access policy blocks the sign-in",
    "Entra admin center > Sign-in logs > the sign-in > Conditional Access names the policy: leave the print accounts "
    "out of it; then sign in again",
    _LOGIN,
)
_LAPSED = Refusal("accountLapsed", "the stored sign-in has ended: revoked, unused or a new password", "", _LOGIN)
_DISABLED = Refusal(
    "accountDisabled", "the account is disabled", f"{_USER} > the account > Edit account status; then sign in", _LOGIN
)
_PUBLIC = Refusal(
    "publicClientOff",
    "the app does not allow sign-ins by device code",
    f"{_REGISTRATION} > Authentication > Allow public client flows > Yes",
    _CREATE,
)
_REDIRECT = Refusal(
    "redirectMissing",
    "the app has no redirect URI for a sign-in by browser",
    f"{_REGISTRATION} > Authentication > Mobile and desktop applications > http://localhost",
    _CREATE,
)
_APP_OFF = Refusal(
    "appDisabled",
    "the app is disabled in this tenant, or this account is not assigned to it",
    "Entra admin center > Enterprise applications > this app > Properties > Enabled for users to sign in",
)
_CLOCK = Refusal(
    "clockOff",
    "the proof of the app is not valid at this time: the clock of this machine is wrong",
    "set the clock, and let it follow a time server",
    "sudo timedatectl set-ntp true",
)
_REFUSALS: Mapping[int, Refusal] = {
    **dict.fromkeys((65001, 65004, 90094), _CONSENT),
    7000222: _EXPIRED,
    7000215: _WRONG,
    **dict.fromkeys((700027, 700030, 1000502, 7000214, 7000274, 7000277), _CERTIFICATE),
    **dict.fromkeys((70021, 700211, 700212, 700213, 7002131), _FEDERATION),
    **dict.fromkeys((700016, 90002, 90013), _TENANT),
    **dict.fromkeys((50020, 50034), _GUEST),
    **dict.fromkeys((50072, 50074, 50076, 50079, 50158), _FACTOR),
    **dict.fromkeys((53000, 53001, 53002, 53003, 53004, 530003, 530034), _CONDITIONAL),
    **dict.fromkeys((50055, 50126, 50133, 50173, 70008, 70043, 700003, 700082, 9002313), _LAPSED),
    50057: _DISABLED,
    7000218: _PUBLIC,
    50011: _REDIRECT,
    **dict.fromkeys((50105, 7000112), _APP_OFF),
    700024: _CLOCK,
}


def refusal_in(text: str) -> Refusal | None:
    """The refusal whose number stands in a message; None where there is none that is known here."""
    return next((_REFUSALS[int(number)] for number in _NUMBER.findall(text) if int(number) in _REFUSALS), None)


def refusal_numbers(text: str) -> tuple[int, ...]:
    """The numbers of Entra's refusals in a message."""
    return tuple(int(number) for number in _NUMBER.findall(text))
