"""What an app registration lacks: the steps, what each needs, and what is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.directory.plan import PRIVILEGED_ROLE_ADMINISTRATOR, Action, Step, lacks_proof, plan, remarks, surplus
from shared.directory.registration import GRAPH_APP_ID, LISTED_TAG, Registration, Resource, resource_of
from shared.directory.wanted import (
    DEFAULT_PARTS,
    Certificate,
    DirectoryProblem,
    Identity,
    Wanted,
    chosen_parts,
    read_certificate,
    reasons,
    trust_of,
)
from shared.permissions import Kind, Part, permissions
from tests.support.certificates import self_signed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TENANT = "66666666-7777-8888-9999-000000000000"
IDENTITY = Identity("0a1b2c3d-0000-4000-8000-000000000001", "c1", "id-print (weu)")
CERTIFICATE = Certificate("MIIB", "52ED9B5038A47B9E2E2190715CC238359D4F8F73", "CN=print", NOW + timedelta(days=99))
OTHERS = ((Kind.DELEGATED, "Mail.Read"), (Kind.APPLICATION, "Mail.Send"))
SMALL = {(Kind.DELEGATED, "PrintJob.ReadWrite"): "print", (Kind.APPLICATION, "User.Read.All"): "find people"}


def offering(*keys: tuple[Kind, str]) -> Resource:
    return Resource("graph", {(kind, name): f"id-{kind}-{name}" for kind, name in keys})


ALL = offering(*reasons(Part), *OTHERS, (Kind.DELEGATED, "email"))


def ready(wanted: Wanted, **members: Any) -> Registration:
    """The app as it is when every step was done."""
    access = [
        {"id": ALL.permissions[kind, name], "type": "Scope" if kind is Kind.DELEGATED else "Role"}
        for kind, name in wanted.reasons
    ]
    application = {
        "id": "object",
        "appId": "client",
        "displayName": wanted.name,
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": ["http://localhost"]},
        "requiredResourceAccess": [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}],
        **members,
    }
    assignments = {ALL.permissions[Kind.APPLICATION, name]: f"a-{name}" for name in wanted.names(Kind.APPLICATION)}
    grant = {"id": "grant", "scope": " ".join(wanted.names(Kind.DELEGATED))}
    return Registration(application, (), "principal", assignments, grant, (LISTED_TAG, "other"))


def actions(wanted: Wanted, found: Registration | None) -> list[Action]:
    return [step.action for step in plan(wanted, found, ALL, NOW)]


def only(wanted: Wanted, found: Registration | None) -> Step:
    (step,) = plan(wanted, found, ALL, NOW)
    return step


def body(step: Step) -> Mapping[str, Any]:
    assert step.body is not None
    return step.body


SMALL_APP = Wanted("Print", SMALL)


def test_an_app_that_is_not_there_is_made_before_it_is_consented_to() -> None:
    wanted = replace(SMALL_APP, certificate=CERTIFICATE, trust=trust_of(IDENTITY, TENANT, "https://x"), secret=True)
    assert actions(wanted, None) == [
        *(Action.CREATE_APP, Action.CREATE_PRINCIPAL, Action.ADD_CERTIFICATE, Action.TRUST, Action.ADD_SECRET),
        *(Action.CONSENT_FOR_PEOPLE, Action.CONSENT_FOR_THE_APP),
    ]
    made = body(plan(wanted, None, ALL, NOW)[0])
    assert (made["isFallbackPublicClient"], made["publicClient"]) == (True, {"redirectUris": ["http://localhost"]})
    assert made["requiredResourceAccess"][0]["resourceAccess"] == [
        {"id": "id-application-User.Read.All", "type": "Role"},
        {"id": "id-delegated-PrintJob.ReadWrite", "type": "Scope"},
    ]


def test_an_app_that_is_ready_needs_nothing() -> None:
    wanted = Wanted("Print", reasons(DEFAULT_PARTS), exact=True)
    assert actions(wanted, ready(wanted)) == []


def test_an_app_that_the_portal_does_not_list_is_tagged_and_keeps_its_tags() -> None:
    step = only(SMALL_APP, replace(ready(SMALL_APP), tags=("own",)))
    assert (step.action, body(step)) == (Action.LIST_PRINCIPAL, {"tags": ["own", LISTED_TAG]})


def test_the_permissions_are_exactly_those_of_the_chosen_parts_and_what_a_sign_in_takes() -> None:
    for parts in (DEFAULT_PARTS, frozenset({Part.PRINTING}), frozenset(Part)):
        wanted = Wanted("Print", reasons(parts))
        assert wanted.names(Kind.APPLICATION) == permissions(Kind.APPLICATION, parts)
        sign_in = {"openid", "profile", "offline_access"}
        assert {*wanted.names(Kind.DELEGATED)} == {*permissions(Kind.DELEGATED, parts)} | sign_in
        assert all(wanted.reasons.values())


def test_deleting_is_asked_for_by_name_and_parts_can_be_left_out() -> None:
    assert (Kind.DELEGATED, "Printer.FullControl.All") not in reasons(chosen_parts([], []))
    assert (Kind.DELEGATED, "Printer.FullControl.All") in reasons(chosen_parts([Part.DELETING], []))
    assert (Kind.DELEGATED, "Reports.Read.All") not in reasons(chosen_parts([], [Part.USAGE]))
    with pytest.raises(DirectoryProblem, match="usage"):
        chosen_parts([Part.USAGE], [Part.USAGE])
    with pytest.raises(DirectoryProblem, match="No part"):
        chosen_parts([], list(Part))


@pytest.mark.parametrize(
    ("members", "action"),
    [
        ({"isFallbackPublicClient": None}, Action.ALLOW_PUBLIC_CLIENT),
        ({"publicClient": {"redirectUris": ["https://own"]}}, Action.ADD_REDIRECT_URI),
        ({"requiredResourceAccess": []}, Action.ASK),
    ],
)
def test_a_member_that_differs_is_one_step(members: dict[str, Any], action: Action) -> None:
    step = only(SMALL_APP, ready(SMALL_APP, **members))
    assert (step.action, step.needs.role) == (action, "Cloud Application Administrator")


def test_what_else_the_app_has_stays_when_something_is_added() -> None:
    elsewhere = {"resourceAppId": "another", "resourceAccess": [{"id": "1", "type": "Scope"}]}
    mail = {"id": "id-delegated-Mail.Read", "type": "Scope"}
    found = ready(
        SMALL_APP,
        publicClient={"redirectUris": ["https://own"]},
        requiredResourceAccess=[{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [mail]}, elsewhere],
        keyCredentials=[{"keyId": "k", "key": None, "customKeyIdentifier": "AA"}],
    )
    found = replace(found, grant={"id": "grant", "scope": "Mail.Read"})
    bodies = {step.action: body(step) for step in plan(replace(SMALL_APP, certificate=CERTIFICATE), found, ALL, NOW)}
    assert bodies[Action.ADD_REDIRECT_URI]["publicClient"]["redirectUris"] == ["https://own", "http://localhost"]
    graph, other = bodies[Action.ASK]["requiredResourceAccess"]
    assert (mail in graph["resourceAccess"], len(graph["resourceAccess"]), other) == (True, 3, elsewhere)
    assert [key.get("keyId") for key in bodies[Action.ADD_CERTIFICATE]["keyCredentials"]] == ["k", None]
    assert bodies[Action.CONSENT_FOR_PEOPLE]["scope"] == "Mail.Read PrintJob.ReadWrite"


def test_a_permission_that_is_not_needed_is_told_and_taken_away_when_asked_alone() -> None:
    both = Wanted("Print", {**SMALL, **dict.fromkeys(OTHERS, "not ours")})
    found = ready(both)
    assert surplus(SMALL_APP, found, ALL) == tuple(sorted(OTHERS))
    assert actions(SMALL_APP, found) == []
    assert "Mail.Send (application)" in remarks(SMALL_APP, found, ALL, NOW)[-1]
    exact = replace(SMALL_APP, exact=True)
    steps = {step.action: step for step in plan(exact, found, ALL, NOW)}
    assert steps.keys() == {Action.ASK, Action.TAKE_BACK_FROM_THE_APP, Action.TAKE_BACK_FROM_PEOPLE}
    assert "no longer ask for Mail.Read, Mail.Send" in steps[Action.ASK].sentence
    assert steps[Action.TAKE_BACK_FROM_THE_APP].target == "a-Mail.Send"
    assert steps[Action.TAKE_BACK_FROM_PEOPLE].body == {"scope": "PrintJob.ReadWrite"}


def test_consent_to_an_application_permission_says_why_and_takes_the_privileged_role() -> None:
    step = only(SMALL_APP, replace(ready(SMALL_APP), assignments={}))
    assert (step.details, step.needs.role) == (("find people",), PRIVILEGED_ROLE_ADMINISTRATOR)
    assert body(step) == {"appRoleId": "id-application-User.Read.All"}


@pytest.mark.parametrize(
    ("authority", "issuer", "audience"),
    [
        ("https://login.microsoftonline.com", "https://login.microsoftonline.com", "api://AzureADTokenExchange"),
        ("https://login.microsoftonline.us", "https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        (
            "https://login.partner.microsoftonline.cn",
            "https://login.partner.microsoftonline.cn",
            "api://AzureADTokenExchangeChina",
        ),
        ("https://localhost:1", "https://login.microsoftonline.com", "api://AzureADTokenExchange"),
    ],
)
def test_a_managed_identity_is_trusted_as_its_cloud_writes_its_tokens(
    authority: str, issuer: str, audience: str
) -> None:
    trust = trust_of(IDENTITY, TENANT, authority)
    assert (trust.issuer, trust.audience, trust.subject) == (f"{issuer}/{TENANT}/v2.0", audience, IDENTITY.id)
    assert trust.name == "id-print-weu--0a1b2c3d"


def test_a_trust_of_another_audience_is_changed_and_one_that_is_right_stays() -> None:
    trust = trust_of(IDENTITY, TENANT, "https://login.microsoftonline.us")
    wanted = replace(SMALL_APP, trust=trust)
    has = {"id": "f", "name": "n", "issuer": f"{trust.issuer}/", "subject": trust.subject}
    wrong = replace(ready(wanted), trusts=[{**has, "audiences": ["api://AzureADTokenExchange"]}])
    step = only(wanted, wrong)
    assert (step.action, step.target, step.body) == (Action.CHANGE_TRUST, "f", {"audiences": [trust.audience]})
    assert actions(wanted, replace(wrong, trusts=[{**has, "audiences": [trust.audience]}])) == []


@pytest.mark.parametrize("form", [CERTIFICATE.thumbprint, "Uu2bUDike54uIZBxXMI4NZ1Pj3M="])
def test_a_certificate_is_known_by_its_thumbprint_in_either_form(form: str) -> None:
    wanted = replace(SMALL_APP, certificate=CERTIFICATE)
    assert actions(wanted, ready(wanted, keyCredentials=[{"customKeyIdentifier": form, "key": None}])) == []
    assert actions(wanted, ready(wanted, keyCredentials=[{"customKeyIdentifier": "AA"}])) == [Action.ADD_CERTIFICATE]


def test_a_secret_is_made_where_none_is_good_or_another_is_asked_for() -> None:
    wanted = replace(SMALL_APP, secret=True)
    good = ready(wanted, passwordCredentials=[{"endDateTime": "2026-12-01T00:00:00Z"}])
    over = ready(wanted, passwordCredentials=[{"endDateTime": "2026-11-01T00:00:00.1234567Z"}])
    assert actions(wanted, good) == []
    assert "--new-secret" in remarks(wanted, good, ALL, NOW)[0]
    assert body(only(wanted, over))["passwordCredential"]["endDateTime"] == "2027-02-19T12:00:00Z"
    assert actions(replace(wanted, another_secret=True), good) == [Action.ADD_SECRET]


def test_an_app_without_a_proof_is_told_unless_it_needs_none() -> None:
    assert lacks_proof(SMALL_APP, ready(SMALL_APP), NOW)
    assert "--managed-identity" in remarks(SMALL_APP, ready(SMALL_APP), ALL, NOW)[0]
    expired = ready(SMALL_APP, keyCredentials=[{"endDateTime": "2026-01-01T00:00:00Z"}])
    assert lacks_proof(SMALL_APP, expired, NOW)
    assert not lacks_proof(SMALL_APP, replace(expired, trusts=[{"id": "f"}]), NOW)
    people_alone = Wanted("Print", reasons([Part.PRINTING]))
    assert not lacks_proof(people_alone, ready(people_alone), NOW)


def test_a_cloud_that_lacks_a_permission_is_told_with_what_it_is_for() -> None:
    with pytest.raises(DirectoryProblem, match=r"User\.Read\.All \(application\): find people"):
        plan(SMALL_APP, None, offering((Kind.DELEGATED, "PrintJob.ReadWrite")), NOW)


def test_a_permission_that_graph_has_switched_off_is_not_offered() -> None:
    roles = [{"id": "1", "value": "A.B", "isEnabled": False}, {"id": "2", "value": "C.D", "isEnabled": True}]
    assert resource_of({"id": "graph", "appRoles": roles}).permissions == {(Kind.APPLICATION, "C.D"): "2"}


def test_the_public_part_of_a_certificate_is_read_with_or_without_a_key() -> None:
    public, both = self_signed()
    now = datetime.now(UTC)
    alone = read_certificate(public.encode(), now)
    assert alone == read_certificate(both, now)
    assert (alone.subject, len(alone.thumbprint)) == ("CN=tests", 40)
    with pytest.raises(DirectoryProblem, match="expired"):
        read_certificate(both, now + timedelta(days=30))
    for content in (b"\x30\x82nothing", both.partition(b"-----BEGIN PRIVATE")[2].join([b"-----BEGIN PRIVATE", b""])):
        with pytest.raises(DirectoryProblem, match="no certificate"):
            read_certificate(content, now)
