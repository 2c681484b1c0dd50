"""Compares the app registration with what it should be: the steps from the one to the other, in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.directory.registration import ACCESS_TYPES, GRAPH_APP_ID, LISTED_TAG, Json, Registration, Resource
from shared.directory.wanted import REDIRECT_URI, DirectoryProblem, Wanted
from shared.permissions import Kind

CLOUD_APPLICATION_ADMINISTRATOR = "Cloud Application Administrator"
PRIVILEGED_ROLE_ADMINISTRATOR = "Privileged Role Administrator"
# A secret is for a trial, and ends with it.
SECRET_LIFETIME = timedelta(days=90)
SECRET_NAME = "printops"  # noqa: S105 - what the portal shows beside it


@dataclass(frozen=True, slots=True)
class Need:
    """What a step takes: a delegated permission of the sign-in, and a directory role of whoever signs in."""

    permission: str
    role: str

    def __str__(self) -> str:
        return f"{self.permission} with the role {self.role}"


# Graph: application-update, oauth2permissiongrant-post, serviceprincipal-post-approleassignments; Entra: who may
# consent to what.
REGISTERING = Need("Application.ReadWrite.All", CLOUD_APPLICATION_ADMINISTRATOR)
CONSENTING_FOR_PEOPLE = Need("DelegatedPermissionGrant.ReadWrite.All", CLOUD_APPLICATION_ADMINISTRATOR)
CONSENTING_FOR_THE_APP = Need("AppRoleAssignment.ReadWrite.All", PRIVILEGED_ROLE_ADMINISTRATOR)
# What a sign-in asks for that makes the app registration, and one that only looks.
PERMISSIONS_TO_CREATE = tuple(need.permission for need in (REGISTERING, CONSENTING_FOR_THE_APP, CONSENTING_FOR_PEOPLE))
PERMISSIONS_TO_CHECK = ("Application.Read.All", "Directory.Read.All")


class Action(StrEnum):
    """The kinds of steps."""

    CREATE_APP = "createApp"
    ALLOW_PUBLIC_CLIENT = "allowPublicClient"
    ADD_REDIRECT_URI = "addRedirectUri"
    ASK = "askForPermissions"
    CREATE_PRINCIPAL = "createServicePrincipal"
    LIST_PRINCIPAL = "listServicePrincipal"
    ADD_CERTIFICATE = "addCertificate"
    TRUST = "trustIdentity"
    CHANGE_TRUST = "changeTrust"
    ADD_SECRET = "addSecret"  # noqa: S105 - the name of a step
    CONSENT_FOR_PEOPLE = "consentToDelegated"
    CONSENT_FOR_THE_APP = "consentToApplication"
    TAKE_BACK_FROM_THE_APP = "takeBackApplication"
    TAKE_BACK_FROM_PEOPLE = "takeBackDelegated"


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `subject` tells two steps of one kind apart, `details` are what it is about, line by line.

    `body` is what Graph is sent, in its own names, but for ids of what a step before makes. `target` is the id of what
    is changed or taken away.
    """

    action: Action
    sentence: str
    needs: Need
    subject: str = ""
    details: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = None
    target: str = ""

    @property
    def key(self) -> tuple[Action, str]:
        """What a step is known by when the plan is made anew."""
        return self.action, self.subject

    @property
    def is_consent(self) -> bool:
        """Whether it gives the app a right in the tenant."""
        return self.action in {Action.CONSENT_FOR_PEOPLE, Action.CONSENT_FOR_THE_APP}


def plan(wanted: Wanted, found: Registration | None, resource: Resource, now: datetime) -> tuple[Step, ...]:
    """Every step that is needed; none where the app is as it should be.

    Raises DirectoryProblem where Graph does not offer a permission in this cloud.
    """
    _check_offered(wanted, resource)
    application = [_created(wanted, resource)] if found is None else _changed(wanted, found, resource)
    return (
        *application,
        *_principal(found),
        *_proof(wanted, found, now),
        *_consent(wanted, found, resource),
        *(_taken_back(wanted, found, resource) if found is not None and wanted.exact else ()),
    )


def surplus(wanted: Wanted, found: Registration | None, resource: Resource) -> tuple[tuple[Kind, str], ...]:
    """The permissions of Graph that the app asks for or was given, and does not need."""
    if found is None:
        return ()
    has = {(kind, resource.name_of(kind, one)) for kind in Kind for one in _ids_of(found, kind)}
    has |= {(Kind.DELEGATED, name) for name in found.consented_scopes()}
    return tuple(sorted(has - set(wanted.reasons)))


def remarks(wanted: Wanted, found: Registration | None, resource: Resource, now: datetime) -> tuple[str, ...]:
    """What is worth knowing about the app and is no step."""
    told = []
    if lacks_proof(wanted, found, now):
        told.append("The app cannot prove itself yet: name --managed-identity, --certificate or --secret.")
    until = found.secret_until(now) if found is not None else None
    if wanted.secret and not wanted.another_secret and until is not None:
        told.append(f"A secret is good until {until:%Y-%m-%d} and cannot be shown again; --new-secret makes another.")
    more = surplus(wanted, found, resource)
    if more and not wanted.exact:
        names = ", ".join(f"{name} ({kind})" for kind, name in more)
        told.append(f"The app also has permissions that it does not need for this: {names}. --exact takes them away.")
    return tuple(told)


def lacks_proof(wanted: Wanted, found: Registration | None, now: datetime) -> bool:
    """Whether the app has no way to prove itself, and is not to be given one."""
    given = wanted.trust or wanted.certificate or wanted.secret or wanted.another_secret
    return not given and bool(wanted.names(Kind.APPLICATION)) and (found is None or not found.has_proof(now))


def _check_offered(wanted: Wanted, resource: Resource) -> None:
    missing = [key for key in sorted(wanted.reasons) if key not in resource.permissions]
    if missing:
        lines = "\n".join(f"- {name} ({kind}): {wanted.reasons[kind, name]}" for kind, name in missing)
        raise DirectoryProblem(
            f"Microsoft Graph does not offer these permissions in this cloud:\n{lines}\nLeave out the part of the "
            "product that takes them, with --without."
        )


def _created(wanted: Wanted, resource: Resource) -> Step:
    body = {
        "displayName": wanted.name,
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": [REDIRECT_URI]},
        "requiredResourceAccess": _access(_needed(wanted, resource), ()),
    }
    sentence = (
        f"Create the app registration {wanted.name!r}: for this tenant alone, public client flows allowed, "
        f"redirect URI {REDIRECT_URI}"
    )
    return Step(Action.CREATE_APP, sentence, REGISTERING, body=body)


def _changed(wanted: Wanted, found: Registration, resource: Resource) -> Iterator[Step]:
    if not found.is_public_client:
        sentence = "Allow public client flows, so that print accounts can sign in"
        body: dict[str, Any] = {"isFallbackPublicClient": True}
        yield Step(Action.ALLOW_PUBLIC_CLIENT, sentence, REGISTERING, body=body)
    if REDIRECT_URI not in found.redirect_uris:
        body = {"publicClient": {"redirectUris": [*found.redirect_uris, REDIRECT_URI]}}
        sentence = f"Add the redirect URI {REDIRECT_URI}, so that people can sign in with a browser"
        yield Step(Action.ADD_REDIRECT_URI, sentence, REGISTERING, body=body)
    has, needed = found.asked(), _needed(wanted, resource)
    asked = needed if wanted.exact else has | needed
    if asked != has:
        more, fewer = (_named(ids, resource) for ids in (asked - has, has - asked))
        words = [f"ask for {', '.join(more)}"] if more else []
        words += [f"no longer ask for {', '.join(fewer)}"] if fewer else []
        sentence = f"Let the app registration {' and '.join(words)}"
        others = found.application.get("requiredResourceAccess") or ()
        body = {"requiredResourceAccess": _access(asked, others)}
        yield Step(Action.ASK, sentence, REGISTERING, body=body)


def _principal(found: Registration | None) -> Iterator[Step]:
    if found is None or found.principal_id is None:
        sentence = "Create its service principal, which makes it an app that can sign in to the tenant"
        yield Step(Action.CREATE_PRINCIPAL, sentence, REGISTERING, body={"tags": [LISTED_TAG]})
    elif not found.is_listed:
        sentence = f"Let the portal list it under Enterprise applications: tag {LISTED_TAG}"
        yield Step(Action.LIST_PRINCIPAL, sentence, REGISTERING, body={"tags": [*found.tags, LISTED_TAG]})


def _proof(wanted: Wanted, found: Registration | None, now: datetime) -> Iterator[Step]:
    certificate, trust = wanted.certificate, wanted.trust
    if certificate is not None and (found is None or not found.has_certificate(certificate)):
        kept = [dict(key) for key in (found.application.get("keyCredentials") or ())] if found is not None else []
        new = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate.content}
        sentence = f"Add the certificate {certificate.subject}, good until {certificate.expires:%Y-%m-%d}"
        yield Step(Action.ADD_CERTIFICATE, sentence, REGISTERING, body={"keyCredentials": [*kept, new]})
    if trust is not None:
        body: dict[str, Any] = {
            "name": trust.name,
            "issuer": trust.issuer,
            "subject": trust.subject,
            "audiences": [trust.audience],
        }
        trusted = found.trusted(trust) if found is not None else None
        if trusted is None:
            sentence = f"Let the managed identity {trust.subject} be the app: federated credential {trust.name!r}"
            yield Step(Action.TRUST, sentence, REGISTERING, body=body)
        elif list(trusted.get("audiences") or ()) != [trust.audience]:
            sentence = f"Change the audience of the federated credential {trusted['name']!r} to {trust.audience}"
            body = {"audiences": [trust.audience]}
            yield Step(Action.CHANGE_TRUST, sentence, REGISTERING, body=body, target=str(trusted["id"]))
    has_secret = found is not None and found.secret_until(now) is not None
    if wanted.another_secret or (wanted.secret and not has_secret):
        end = (now + SECRET_LIFETIME).replace(microsecond=0)
        body = {"passwordCredential": {"displayName": SECRET_NAME, "endDateTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}}
        sentence = f"Make a secret, for a trial, good until {end:%Y-%m-%d}; it is shown once"
        yield Step(Action.ADD_SECRET, sentence, REGISTERING, body=body)


def _consent(wanted: Wanted, found: Registration | None, resource: Resource) -> Iterator[Step]:
    scopes = found.consented_scopes() if found is not None else ()
    missing = [name for name in wanted.names(Kind.DELEGATED) if name not in scopes]
    if missing:
        sentence = f"Consent, for everybody in the tenant, to {_counted(missing, 'delegated permission')}"
        details = tuple(f"{name}: {wanted.reasons[Kind.DELEGATED, name]}" for name in missing)
        target = str(found.grant["id"]) if found is not None and found.grant is not None else ""
        body = {"scope": " ".join((*scopes, *missing))}
        yield Step(
            Action.CONSENT_FOR_PEOPLE, sentence, CONSENTING_FOR_PEOPLE, details=details, body=body, target=target
        )
    assigned = found.assignments if found is not None else {}
    for name in wanted.names(Kind.APPLICATION):
        role = resource.permissions[Kind.APPLICATION, name]
        if role not in assigned:
            sentence = f"Consent to the application permission {name}"
            details = (wanted.reasons[Kind.APPLICATION, name],)
            body = {"appRoleId": role}
            yield Step(Action.CONSENT_FOR_THE_APP, sentence, CONSENTING_FOR_THE_APP, name, details, body)


def _taken_back(wanted: Wanted, found: Registration, resource: Resource) -> Iterator[Step]:
    needed = {resource.permissions[Kind.APPLICATION, name] for name in wanted.names(Kind.APPLICATION)}
    for role, assignment in sorted(found.assignments.items()):
        if role not in needed:
            name = resource.name_of(Kind.APPLICATION, role)
            sentence = f"Take back the consent to the application permission {name}"
            yield Step(Action.TAKE_BACK_FROM_THE_APP, sentence, CONSENTING_FOR_THE_APP, name, target=assignment)
    kept = wanted.names(Kind.DELEGATED)
    surplus_scopes = [name for name in found.consented_scopes() if name not in kept]
    if surplus_scopes and found.grant is not None:
        sentence = f"Take back the consent to {_counted(surplus_scopes, 'delegated permission')}"
        body = {"scope": " ".join(kept)}
        target = str(found.grant["id"])
        yield Step(
            Action.TAKE_BACK_FROM_PEOPLE,
            sentence,
            CONSENTING_FOR_PEOPLE,
            details=tuple(sorted(surplus_scopes)),
            body=body,
            target=target,
        )


def _needed(wanted: Wanted, resource: Resource) -> set[tuple[str, str]]:
    return {(ACCESS_TYPES[kind], resource.permissions[kind, name]) for kind, name in wanted.reasons}


def _access(asked: Iterable[tuple[str, str]], others: Iterable[Json]) -> list[dict[str, Any]]:
    """What an app asks for: these permissions of Graph, and what it asks of other resources as it is."""
    access = [{"id": permission_id, "type": kind} for kind, permission_id in sorted(asked)]
    graph = {"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}
    return [graph, *(dict(one) for one in others if one.get("resourceAppId") != GRAPH_APP_ID)]


def _ids_of(found: Registration, kind: Kind) -> set[str]:
    asked = {permission_id for access, permission_id in found.asked() if access == ACCESS_TYPES[kind]}
    return asked | set(found.assignments) if kind is Kind.APPLICATION else asked


def _named(asked: Iterable[tuple[str, str]], resource: Resource) -> list[str]:
    kinds = {access: kind for kind, access in ACCESS_TYPES.items()}
    return sorted(resource.name_of(kinds[access], permission_id) for access, permission_id in asked)


def _counted(names: list[str], word: str) -> str:
    return f"the {word} {names[0]}" if len(names) == 1 else f"{len(names)} {word}s"
