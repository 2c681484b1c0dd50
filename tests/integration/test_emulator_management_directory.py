"""From an empty tenant to an app that works: registration, trust, consent, and who may do which of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.identity import CertificateCredential
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.universal_print.__main__ import parse, read_seed
from emulator.universal_print.directory.published import COMMAND_LINE_TOOLS, GRAPH_APP_ID
from emulator.universal_print.empty_tenant import ADMINISTRATOR, PRINT_ACCOUNTS, TENANT_ID
from tests.support.certificates import self_signed
from tests.support.empty_tenant import TRUST, EmptyTenant, empty_tenant

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DORA, FARID = "dora@fabrikam.example", "farid@fabrikam.example"


def test_the_command_line_knows_the_empty_tenant() -> None:
    seed = read_seed(parse(["--seed", "empty"]).seed)
    assert [app["clientId"] for app in seed["apps"]] == [COMMAND_LINE_TOOLS]
    assert not any("share" in printer for printer in seed["printers"])


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[EmptyTenant]:
    async with empty_tenant(tmp_path) as running:
        yield running


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_an_app_made_through_graph_signs_in_by_its_managed_identity_and_for_people(tenant: EmptyTenant) -> None:
    app, principal = await tenant.new_app(isFallbackPublicClient=True)
    trust = await tenant.call("POST", f"/applications/{app['id']}/federatedIdentityCredentials", TRUST)
    assert (trust.status_code, trust.json()["subject"]) == (201, TRUST["subject"])
    assert (await tenant.assign(principal, "PrintTaskDefinition.ReadWrite.All")).status_code == 201
    assert (await tenant.grant(principal, "Printer.Read.All PrinterShare.ReadWrite.All")).status_code == 201
    assertion = await tenant.managed_identity_assertion()
    answer = await tenant.app_token(app["appId"], client_assertion=assertion, client_assertion_type=JWT_BEARER)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    made = await tenant.http.post("/v1.0/print/taskDefinitions", headers=headers, json={"displayName": "Hold"})
    assert (made.status_code, made.json()["createdBy"]["appId"]) == (201, app["appId"])
    printers = await tenant.call(
        "GET", "/print/printers", client_id=app["appId"], scopes=("Printer.Read.All", "PrinterShare.ReadWrite.All")
    )
    assert [one["isShared"] for one in printers.json()["value"]] == [False, False, False]


async def test_before_consent_and_without_a_service_principal_nobody_signs_in(tenant: EmptyTenant) -> None:
    app = (await tenant.call("POST", "/applications", {"displayName": "A", "isFallbackPublicClient": True})).json()
    refused = await tenant.sign_in(ADMINISTRATOR, app["appId"], "Printer.Read.All")
    assert refused.json()["error_codes"] == [7000229]
    await tenant.call("POST", "/servicePrincipals", {"appId": app["appId"]})
    refused = await tenant.sign_in(ADMINISTRATOR, app["appId"], "Printer.Read.All")
    assert refused.json()["error_codes"] == [65001]
    again = await tenant.call("POST", "/servicePrincipals", {"appId": app["appId"]})
    assert code_of(again) == (409, "Request_MultipleObjectsWithSameKeyValue")


async def test_consent_is_listed_widened_and_taken_back(tenant: EmptyTenant) -> None:
    app, principal = await tenant.new_app(isFallbackPublicClient=True)
    grant = (await tenant.grant(principal, "User.Read")).json()
    assert code_of(await tenant.grant(principal, "Printer.Read.All"))[0] == 409
    path = f"/oauth2PermissionGrants/{grant['id']}"
    assert (await tenant.call("PATCH", path, {"scope": "User.Read Printer.Read.All"})).status_code == 204
    listed = await tenant.call("GET", f"/oauth2PermissionGrants?$filter=clientId eq '{principal['id']}'")
    assert [one["scope"] for one in listed.json()["value"]] == ["Printer.Read.All User.Read"]
    assert (await tenant.call("PATCH", path, {"scope": "Printer.Everything"})).status_code == 400
    await tenant.assign(principal, "Printer.Read.All")
    twice = await tenant.assign(principal, "Printer.Read.All")
    assert code_of(twice) == (400, "Request_BadRequest")
    of_app = f"/servicePrincipals/{principal['id']}/appRoleAssignments"
    assignment = (await tenant.call("GET", of_app)).json()["value"][0]
    assert (await tenant.call("DELETE", f"{of_app}/{assignment['id']}")).status_code == 204
    assert (await tenant.call("DELETE", path)).status_code == 204
    assert tenant.emulator.world.apps[app["appId"]].application == frozenset()
    assert tenant.emulator.world.apps[app["appId"]].delegated == frozenset()


async def test_application_permissions_of_graph_take_a_privileged_role_administrator(tenant: EmptyTenant) -> None:
    _, principal = await tenant.new_app()
    tenant.emulator.world.user_named(ADMINISTRATOR).roles = frozenset({"Application Administrator"})  # type: ignore[union-attr] # the seed has it
    refused = await tenant.assign(principal, "Printer.Read.All")
    assert code_of(refused) == (403, "Authorization_RequestDenied")
    assert (await tenant.grant(principal, "Printer.Read.All")).status_code == 201


async def test_app_registrations_take_a_role_and_a_scope(tenant: EmptyTenant) -> None:
    app, _ = await tenant.new_app()
    path = f"/applications/{app['id']}"
    for method, where, body in (
        ("POST", "/applications", {"displayName": "Mine"}),
        ("PATCH", path, {"displayName": "Mine"}),
        ("POST", f"{path}/addPassword", {}),
        ("POST", f"{path}/federatedIdentityCredentials", TRUST),
        ("DELETE", path, None),
    ):
        refused = await tenant.call(method, where, body, name=DORA)
        assert code_of(refused) == (403, "Authorization_RequestDenied"), where
        refused = await tenant.call(method, where, body, scopes=("Directory.Read.All",))
        assert code_of(refused) == (403, "Authorization_RequestDenied"), where


async def test_an_app_is_found_changed_and_deleted(tenant: EmptyTenant) -> None:
    graph = await tenant.graph_principal()
    scope = next(one for one in graph["oauth2PermissionScopes"] if one["value"] == "PrintJob.ReadWrite")
    assert scope["id"] == "b81dd597-8abb-4b3f-a07a-820b0316ed04"
    access = [{"id": scope["id"], "type": "Scope"}]
    required = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}]
    app, _ = await tenant.new_app(requiredResourceAccess=required)
    by_name = await tenant.call("GET", "/applications?$filter=displayName eq 'Universal Print Functions'")
    assert [one["appId"] for one in by_name.json()["value"]] == [app["appId"]]
    path = f"/applications/{app['id']}"
    change = {"publicClient": {"redirectUris": ["http://localhost"]}, "isFallbackPublicClient": True}
    assert (await tenant.call("PATCH", path, change)).status_code == 204
    shown = (await tenant.call("GET", f"/applications(appId='{app['appId']}')")).json()
    assert (shown["requiredResourceAccess"], shown["publicClient"]) == (required, change["publicClient"])
    wrong = [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"id": scope["id"], "type": "Role"}]}]
    assert (await tenant.call("PATCH", path, {"requiredResourceAccess": wrong})).status_code == 400
    assert (await tenant.call("DELETE", path)).status_code == 204
    assert code_of(await tenant.call("GET", path)) == (404, "Request_ResourceNotFound")
    assert (await tenant.sign_in(ADMINISTRATOR, app["appId"], "User.Read")).json()["error_codes"] == [700016]


async def test_a_secret_works_until_it_expires_and_is_shown_once(tenant: EmptyTenant) -> None:
    app, _ = await tenant.new_app()
    made = (await tenant.call("POST", f"/applications/{app['id']}/addPassword", {})).json()
    shown = (await tenant.call("GET", f"/applications/{app['id']}")).json()["passwordCredentials"]
    assert [(one["keyId"], one["secretText"]) for one in shown] == [(made["keyId"], None)]
    assert (await tenant.app_token(app["appId"], client_secret=made["secretText"])).status_code == 200
    tenant.emulator.clock.advance(timedelta(days=731))
    late = await tenant.app_token(app["appId"], client_secret=made["secretText"])
    assert late.json()["error_codes"] == [7000222]


async def test_a_certificate_given_through_graph_proves_the_app(tenant: EmptyTenant) -> None:
    app, _ = await tenant.new_app()
    certificate, both = self_signed()
    der = x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.DER)
    key = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode()}
    path = f"/applications/{app['id']}"
    assert (await tenant.call("PATCH", path, {"keyCredentials": [key]})).status_code == 204
    credential = CertificateCredential(
        TENANT_ID,
        app["appId"],
        certificate_data=both,
        authority=tenant.url,
        disable_instance_discovery=True,
        connection_verify=str(tenant.emulator.ca_bundle),
    )
    assert (await asyncio.to_thread(credential.get_token, "https://graph.microsoft.com/.default")).token
    assert (await tenant.call("PATCH", path, {"keyCredentials": [{**key, "key": "AA=="}]})).status_code == 400


async def test_a_trust_has_one_audience_and_is_given_once(tenant: EmptyTenant) -> None:
    app, _ = await tenant.new_app()
    path = f"/applications/{app['id']}/federatedIdentityCredentials"
    assert (await tenant.call("POST", path, {**TRUST, "audiences": []})).status_code == 400
    made = (await tenant.call("POST", path, TRUST)).json()
    assert code_of(await tenant.call("POST", path, TRUST)) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert [one["id"] for one in (await tenant.call("GET", path)).json()["value"]] == [made["id"]]
    assert (await tenant.call("DELETE", f"{path}/{made['id']}")).status_code == 204
    assertion = await tenant.managed_identity_assertion()
    refused = await tenant.app_token(app["appId"], client_assertion=assertion, client_assertion_type=JWT_BEARER)
    assert refused.json()["error_codes"] == [70021]


async def test_microsofts_own_client_is_known_but_is_no_app_of_the_tenant(tenant: EmptyTenant) -> None:
    assert (await tenant.call("GET", "/applications")).json()["value"] == []
    principals = (await tenant.call("GET", "/servicePrincipals?$select=appId,servicePrincipalType")).json()["value"]
    kinds = {one["appId"]: one["servicePrincipalType"] for one in principals}
    assert kinds[COMMAND_LINE_TOOLS] == "Application"
    assert sorted(kinds.values()).count("ManagedIdentity") == 1


async def test_tags_of_a_service_principal_are_given_and_replaced(tenant: EmptyTenant) -> None:
    app = (await tenant.call("POST", "/applications", {"displayName": "A"})).json()
    made = await tenant.call("POST", "/servicePrincipals", {"appId": app["appId"], "tags": ["a"]})
    assert (made.status_code, made.json()["tags"]) == (201, ["a"])
    path = f"/servicePrincipals/{made.json()['id']}"
    assert (await tenant.call("PATCH", path, {"tags": ["b", "c"]})).status_code == 204
    assert (await tenant.call("GET", f"{path}?$select=tags")).json()["tags"] == ["b", "c"]
    assert (await tenant.call("PATCH", path, {"tags": "b"})).status_code == 400
    assert (await tenant.call("PATCH", path, {"displayName": "B"})).status_code == 400
    refused = await tenant.call("PATCH", path, {"tags": []}, name=PRINT_ACCOUNTS[0])
    assert refused.status_code == 403


async def test_people_groups_roles_and_licences_are_found(tenant: EmptyTenant) -> None:
    async def values(path: str) -> list[dict[str, Any]]:
        answer = await tenant.call("GET", path)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["value"]
        return found

    assert [one["userPrincipalName"] for one in await values(f"/users?$filter=userPrincipalName eq '{DORA}'")] == [DORA]
    group = (await values("/groups?$filter=displayName eq 'Finance'"))[0]
    assert (await tenant.call("GET", f"/groups/{group['id']}")).json()["displayName"] == "Finance"
    assert code_of(await tenant.call("GET", "/users?$filter=startswith(displayName,'D')"))[0] == 400
    roles = {one["displayName"] for one in await values("/me/memberOf/microsoft.graph.directoryRole")}
    assert roles == {"Printer Administrator", "Cloud Application Administrator", "Privileged Role Administrator"}
    assert [one["@odata.type"] for one in await values(f"/users/{DORA}/memberOf")] == ["#microsoft.graph.group"]
    skus = {one["skuPartNumber"]: one for one in await values("/subscribedSkus")}
    assert skus["UNIVERSAL_PRINT"]["prepaidUnits"]["enabled"] == 10
    assert [one["skuPartNumber"] for one in await values(f"/users/{FARID}/licenseDetails")] == ["FLOW_FREE"]
    assert (await values("/organization"))[0]["verifiedDomains"][0]["name"] == "fabrikam.example"


async def test_user_read_shows_that_there_are_memberships_but_not_which(tenant: EmptyTenant) -> None:
    listed = await tenant.call("GET", "/me/memberOf", scopes=("User.Read",))
    assert {one["displayName"] for one in listed.json()["value"]} == {None}
    refused = await tenant.call("GET", f"/users/{DORA}/memberOf", scopes=("User.Read",))
    assert code_of(refused) == (403, "Authorization_RequestDenied")


async def test_the_people_of_a_group_take_an_advanced_query_and_a_permission_for_each_kind(tenant: EmptyTenant) -> None:
    world = tenant.emulator.world
    finance = next(group for group in world.groups.values() if group.display_name == "Finance")
    everyone = world.add_group("Everyone")
    finance.groups.add(everyone.id)
    path = f"/groups/{everyone.id}/transitiveMembers/microsoft.graph.user"
    scopes = ("GroupMember.Read.All",)
    advanced = {"ConsistencyLevel": "eventual"}
    for query, sent in (("", advanced), ("?$count=true", {})):
        assert code_of(await tenant.call("GET", path + query, headers=sent)) == (400, "Request_UnsupportedQuery")
    world.apps[COMMAND_LINE_TOOLS].delegated |= {*scopes, "User.ReadBasic.All"}
    limited = await tenant.call("GET", f"{path}?$count=true", scopes=scopes, headers=advanced)
    known = [world.user_named(one["id"]) for one in limited.json()["value"]]
    assert all(user is not None and finance.id in user.groups for user in known)
    assert limited.json()["@odata.count"] == len(known) > 0
    assert {one["userPrincipalName"] for one in limited.json()["value"]} == {None}
    whole = await tenant.call("GET", f"{path}?$count=true", scopes=(*scopes, "User.ReadBasic.All"), headers=advanced)
    assert [one["userPrincipalName"] for one in whole.json()["value"]] == [
        user.user_principal_name for user in known if user is not None
    ]
    refused = await tenant.call("GET", f"{path}?$count=true", scopes=("User.ReadBasic.All",), headers=advanced)
    assert code_of(refused) == (403, "Authorization_RequestDenied")


async def test_a_nested_group_is_a_membership_that_is_not_direct(tenant: EmptyTenant) -> None:
    world = tenant.emulator.world
    staff = next(group for group in world.groups.values() if group.display_name == "Staff")
    everyone = world.add_group("Everyone")
    staff.groups.add(everyone.id)
    shown = {}
    for kind in ("memberOf", "transitiveMemberOf"):
        answer = await tenant.call("GET", f"/users/{DORA}/{kind}", scopes=("Directory.Read.All",))
        shown[kind] = {one["displayName"] for one in answer.json()["value"]}
    assert shown == {"memberOf": {"Staff"}, "transitiveMemberOf": {"Staff", "Everyone"}}
    asked = {"groupIds": [everyone.id]}
    checked = await tenant.call("POST", f"/users/{DORA}/checkMemberGroups", asked, scopes=("Directory.Read.All",))
    assert checked.json()["value"] == [everyone.id]


async def test_without_a_licence_nothing_prints(tenant: EmptyTenant) -> None:
    app, principal = await tenant.new_app(isFallbackPublicClient=True)
    scopes = ("PrintJob.ReadWrite", "PrinterShare.Read.All")
    await tenant.grant(principal, " ".join(scopes))
    world = tenant.emulator.world
    share = world.add_share(next(iter(world.printers.values())), allow_all_users=True)
    jobs = f"/print/shares/{share.id}/jobs"
    for name, status in ((FARID, 403), (PRINT_ACCOUNTS[0], 201)):
        made = await tenant.call("POST", jobs, {"configuration": {}}, name=name, client_id=app["appId"], scopes=scopes)
        assert made.status_code == status
    world.licences = {"FLOW_FREE": 100}
    refused = await tenant.call("GET", "/print/shares", name=DORA, client_id=app["appId"], scopes=scopes)
    assert code_of(refused) == (403, "accessDenied")
