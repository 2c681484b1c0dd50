"""App registrations: list, make, change, delete, their secrets and trusts (Graph: application-post-applications, …)."""

from __future__ import annotations

import base64
import binascii
import secrets
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.universal_print.clock import graph_time
from emulator.universal_print.directory.published import GRAPH_APP_ID, permissions
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import require_role
from emulator.universal_print.graph.errors import GraphError
from emulator.universal_print.graph.filters import equal_filter
from emulator.universal_print.graph.paging import listing, page, select
from emulator.universal_print.graph.user_operations import resource_not_found
from emulator.universal_print.world import AppRegistration, FederatedCredential, stable_id

MANAGERS = ("Application Administrator", "Cloud Application Administrator")
_MEMBERS = (
    *("displayName", "isFallbackPublicClient", "keyCredentials", "publicClient", "requiredResourceAccess"),
    "signInAudience",
)
_CREDENTIAL_MEMBERS = ("audiences", "description", "issuer", "name", "subject")
_SECRET_LIFETIME = timedelta(days=730)
_MOST_CREDENTIALS = 20
_LONGEST_NAME = 256
_SINGLE_TENANT = "AzureADMyOrg"


async def list_applications(call: Call) -> Result:
    """GET /applications: the tenant's own."""
    views = [application_view(app) for app in call.service.world.apps.values() if _is_known(call, app)]
    shown, next_link = page(call, equal_filter(call, views, ("appId", "displayName", "id")))
    values = [select(call, view, "application") for view in shown]
    return Result(200, listing(call, "applications", values, next_link), complete=not call.flag("$select"))


async def create_application(call: Call) -> Result:
    """POST /applications. Nobody can sign in to it before it has a service principal."""
    require_role(call.caller, *MANAGERS, "Application Developer")
    body = _members(call)
    if "displayName" not in body:
        raise invalid("A value is required for property 'displayName' of resource 'Application'.")
    client_id = str(uuid.uuid4())
    app = AppRegistration(
        client_id,
        body["displayName"],
        redirect_uris=(),
        object_id=str(uuid.uuid4()),
        created=call.now,
        known_from=call.now + call.service.settings.directory_delay,
    )
    _change(app, body)
    call.service.world.apps[client_id] = app
    return Result(201, _body(call, application_view(app)))


async def get_application(call: Call) -> Result:
    """GET /applications/{application}, also by appId."""
    app = application_of(call)
    view = select(call, application_view(app), "application")
    return Result(200, _body(call, view), complete=not call.flag("$select"))


async def update_application(call: Call) -> Result:
    """PATCH /applications/{application}."""
    require_role(call.caller, *MANAGERS)
    app = application_of(call)
    _change(app, _members(call))
    return Result(204)


async def delete_application(call: Call) -> Result:
    """DELETE /applications/{application}: its service principal goes with it."""
    require_role(call.caller, *MANAGERS)
    del call.service.world.apps[application_of(call).client_id]
    return Result(204)


async def add_password(call: Call) -> Result:
    """POST /applications/{application}/addPassword: the one answer that shows the secret."""
    require_role(call.caller, *MANAGERS)
    app = application_of(call)
    asked = call.body_of("passwordCredential").get("passwordCredential") if call.request.body else None
    asked = call.checked(asked or {}, "passwordCredential", "passwordCredential", complete=False)
    if asked.keys() - {"displayName", "endDateTime"}:
        raise GraphError(501, "notImplemented", "The emulator takes displayName and endDateTime alone.")
    secret = secrets.token_urlsafe(30)
    end = _end(call, asked.get("endDateTime"))
    app.expiring_secrets[secret] = end
    body = {
        "@odata.context": call.context("microsoft.graph.passwordCredential"),
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": graph_time(end),
        "hint": secret[:3],
        "keyId": stable_id(app.client_id, "secret", secret),
        "secretText": secret,
        "startDateTime": graph_time(call.now),
    }
    return Result(200, body)


async def list_federated(call: Call) -> Result:
    """GET /applications/{application}/federatedIdentityCredentials."""
    app = application_of(call)
    views = [_federated_view(app, credential) for credential in app.federated]
    shown, next_link = page(call, equal_filter(call, views, ("name", "subject", "issuer", "id")))
    values = [select(call, view, "federatedIdentityCredential") for view in shown]
    context = f"applications('{app.object_id}')/federatedIdentityCredentials"
    return Result(200, listing(call, context, values, next_link), complete=not call.flag("$select"))


async def create_federated(call: Call) -> Result:
    """POST /applications/{application}/federatedIdentityCredentials."""
    require_role(call.caller, *MANAGERS)
    app = application_of(call)
    body = call.checked(call.body_of(*_CREDENTIAL_MEMBERS), "federatedIdentityCredential", "The credential",
                        complete=False)  # fmt: skip
    texts = {name: body.get(name) or "" for name in ("name", "issuer", "subject")}
    audiences = body.get("audiences") or []
    if not all(texts.values()) or len(audiences) != 1:
        raise invalid("A federated identity credential needs name, issuer, subject and one audience.")
    if len(app.federated) >= _MOST_CREDENTIALS:
        raise GraphError(409, "Directory_QuotaExceeded", f"An application has at most {_MOST_CREDENTIALS} of these.")
    for other in app.federated:
        if other.name == texts["name"] or (other.issuer, other.subject) == (texts["issuer"], texts["subject"]):
            raise GraphError(
                409,
                "Request_MultipleObjectsWithSameKeyValue",
                "FederatedIdentityCredential with this name, or with this issuer and subject, exists already.",
            )
    credential = FederatedCredential(texts["issuer"], texts["subject"], audiences[0], None, texts["name"])
    app.federated = (*app.federated, credential)
    context = call.context(f"applications('{app.object_id}')/federatedIdentityCredentials/$entity")
    return Result(201, {"@odata.context": context, **_federated_view(app, credential)})


async def update_federated(call: Call) -> Result:
    """PATCH …/federatedIdentityCredentials/{credential}: its audience; the name stays (Graph)."""
    require_role(call.caller, *MANAGERS)
    app = application_of(call)
    body = call.checked(call.body_of("audiences", "description"), "federatedIdentityCredential", "The credential",
                        complete=False)  # fmt: skip
    audiences = body.get("audiences") or []
    if len(audiences) != 1:
        raise invalid("A federated identity credential needs one audience.")
    wanted = call.parameters["credential"]
    found = next((one for one in app.federated if wanted in {one.name, _federated_view(app, one)["id"]}), None)
    if found is None:
        raise resource_not_found(wanted)
    changed = replace(found, audience=audiences[0])
    app.federated = tuple(changed if one is found else one for one in app.federated)
    return Result(204)


async def delete_federated(call: Call) -> Result:
    """DELETE …/federatedIdentityCredentials/{credential}, by id or by name."""
    require_role(call.caller, *MANAGERS)
    app = application_of(call)
    wanted = call.parameters["credential"]
    kept = tuple(one for one in app.federated if wanted not in {one.name, _federated_view(app, one)["id"]})
    if len(kept) == len(app.federated):
        raise resource_not_found(wanted)
    app.federated = kept
    return Result(204)


def application_of(call: Call) -> AppRegistration:
    """The tenant's own app of the path, by object id or by appId. Raises GraphError 404."""
    by_app_id = call.parameters.get("appId", "").strip("'")
    wanted = by_app_id or call.parameters["application"]
    for app in call.service.world.apps.values():
        if wanted == (app.client_id if by_app_id else app.object_id) and _is_known(call, app):
            return app
    raise resource_not_found(wanted)


def is_due(call: Call, moment: datetime | None) -> bool:
    """Whether the directory knows by now what it was to know from a moment on."""
    return moment is None or moment <= call.now


def _is_known(call: Call, app: AppRegistration) -> bool:
    return not app.is_foreign and is_due(call, app.known_from)


def invalid(message: str) -> GraphError:
    """The directory's 400."""
    return GraphError(400, "Request_BadRequest", message)


def application_view(app: AppRegistration) -> dict[str, Any]:
    """An application. Keys are never shown."""
    access = [{"id": permission_id, "type": kind} for kind, permission_id in app.asked]
    required = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}]
    return {
        "id": app.object_id,
        "deletedDateTime": None,
        "appId": app.client_id,
        "createdDateTime": graph_time(app.created) if app.created else None,
        "displayName": app.display_name,
        "isFallbackPublicClient": app.allow_public_client,
        "keyCredentials": [_key_view(app, pem) for pem in app.certificates],
        "passwordCredentials": [
            {
                "keyId": stable_id(app.client_id, "secret", secret),
                "hint": secret[:3],
                "secretText": None,
                "endDateTime": graph_time(end),
            }
            for secret, end in app.expiring_secrets.items()
        ],
        "publicClient": {"redirectUris": list(app.redirect_uris)},
        "requiredResourceAccess": required if access else [],
        "signInAudience": _SINGLE_TENANT,
    }


def _end(call: Call, asked: str | None) -> datetime:
    """When a secret ends. Raises GraphError 400 for a moment that has passed."""
    if asked is None:
        return call.now + _SECRET_LIFETIME
    moment = datetime.fromisoformat(asked)
    end = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if end <= call.now:
        raise invalid("Credential endDateTime must be in the future.")
    return end


def _key_view(app: AppRegistration, pem: str) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return {
        "keyId": stable_id(app.client_id, "certificate", pem),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        # Graph: keyCredential. Where none was given it is the thumbprint, which the pages show in hexadecimal digits.
        "customKeyIdentifier": certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - the definition
        "key": None,
        "displayName": certificate.subject.rfc4514_string(),
        "startDateTime": graph_time(certificate.not_valid_before_utc),
        "endDateTime": graph_time(certificate.not_valid_after_utc),
    }


def _federated_view(app: AppRegistration, credential: FederatedCredential) -> dict[str, Any]:
    return {
        "id": stable_id(app.client_id, "federated", credential.issuer, credential.subject),
        "name": credential.name or "managed-identity",
        "issuer": credential.issuer,
        "subject": credential.subject,
        "audiences": [credential.audience],
        "description": None,
    }


def _body(call: Call, view: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.context": call.context("applications/$entity"), **view}


def _members(call: Call) -> dict[str, Any]:
    body = call.checked(call.body_of(*_MEMBERS), "application", "The application", complete=False)
    if not body:
        raise invalid(f"The body must have at least one of {', '.join(_MEMBERS)}.")
    name = body.get("displayName", "-")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= len(name) <= _LONGEST_NAME:
        raise invalid("Invalid value specified for property 'displayName' of resource 'Application'.")
    if body.get("signInAudience", _SINGLE_TENANT) != _SINGLE_TENANT:
        raise GraphError(501, "notImplemented", f"The emulator has one tenant: signInAudience is {_SINGLE_TENANT}.")
    return body


def _change(app: AppRegistration, body: dict[str, Any]) -> None:
    asked = _asked(body["requiredResourceAccess"]) if "requiredResourceAccess" in body else app.asked
    certificates = _certificates(app, body["keyCredentials"]) if "keyCredentials" in body else app.certificates
    app.asked, app.certificates = asked, certificates
    app.display_name = body.get("displayName", app.display_name)
    app.allow_public_client = body.get("isFallbackPublicClient", app.allow_public_client) is True
    if "publicClient" in body:
        app.redirect_uris = tuple((body["publicClient"] or {}).get("redirectUris") or ())


def _asked(required: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    asked: list[tuple[str, str]] = []
    for resource in required:
        if resource.get("resourceAppId") != GRAPH_APP_ID:
            raise invalid("The emulator knows one resource: Microsoft Graph.")
        for access in resource.get("resourceAccess") or []:
            key = (str(access.get("type")), str(access.get("id")))
            if key not in permissions():
                raise invalid(f"Microsoft Graph has no permission {key[1]} of type {key[0]} that print software needs.")
            asked.append(key)
    return tuple(dict.fromkeys(asked))


def _certificates(app: AppRegistration, keys: list[dict[str, Any]]) -> tuple[str, ...]:
    """The certificates as PEM; one that is named by its keyId alone stays."""
    present = {_key_view(app, pem)["keyId"]: pem for pem in app.certificates}
    certificates = []
    for key in keys:
        if key.get("key") is None and key.get("keyId") in present:
            certificates.append(present[key["keyId"]])
            continue
        if key.get("type") != "AsymmetricX509Cert" or key.get("usage") != "Verify":
            raise invalid("A key credential needs type AsymmetricX509Cert and usage Verify.")
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(key.get("key") or "", validate=True))
        except (binascii.Error, ValueError):
            raise invalid("Key credential must have a valid certificate: DER in base64.") from None
        certificates.append(certificate.public_bytes(Encoding.PEM).decode())
    return tuple(certificates)


HANDLERS: dict[str, Handler] = {
    "listApplications": list_applications,
    "createApplication": create_application,
    "getApplication": get_application,
    "getApplicationByAppId": get_application,
    "updateApplication": update_application,
    "deleteApplication": delete_application,
    "addApplicationPassword": add_password,
    "listFederatedIdentityCredentials": list_federated,
    "createFederatedIdentityCredential": create_federated,
    "updateFederatedIdentityCredential": update_federated,
    "deleteFederatedIdentityCredential": delete_federated,
}
