"""Tokens: what each grant gives, and how Entra's refusals read."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from emulator.universal_print.settings import Settings
from tests.support.emulated_service import APPLICATION, CLIENT, SECRET, TENANT, Service, running_service

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
REDIRECT = "http://localhost:8400"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-long"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


def claims(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def assert_refused(answer: httpx.Response, status: int, error: str, number: int, suberror: str | None = None) -> None:
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert body.get("suberror") == suberror
    assert body["correlation_id"]
    assert body["trace_id"]


async def test_discovery_names_the_endpoints_and_the_keys_verify_tokens(service: Service) -> None:
    found = (await service.http.get(f"/{TENANT}/v2.0/.well-known/openid-configuration")).json()
    assert found["token_endpoint"] == service.token_url
    keys = jwt.PyJWKSet.from_dict((await service.http.get(found["jwks_uri"])).json())
    token = (await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite"))["id_token"]
    verified = jwt.decode(token, keys.keys[0].key, algorithms=["RS256"], audience=CLIENT, issuer=found["issuer"])
    assert verified["oid"] == service.tenant.anna.id


async def test_an_apps_token_carries_its_roles_and_a_users_token_its_scopes(service: Service) -> None:
    app = claims((await service.app_bearer())["Authorization"].split()[1])
    assert (app["aud"], app["tid"], app["appid"]) == ("https://graph.microsoft.com", TENANT, CLIENT)
    assert set(app["roles"]) == set(APPLICATION)
    assert "scp" not in app
    user = claims((await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite"))["access_token"])
    assert (user["scp"], user["upn"]) == ("PrintJob.ReadWrite", "anna@contoso.example")
    assert "roles" not in user


@pytest.mark.parametrize(
    ("fields", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({}, 401, "invalid_client", 7000218),
        ({"client_secret": SECRET, "scope": "PrintJob.ReadWrite.All"}, 400, "invalid_scope", 1002012),
        ({"client_secret": SECRET, "client_id": "nobody"}, 400, "unauthorized_client", 700016),
        ({"client_secret": SECRET, "grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
async def test_a_wrong_request_of_an_app_is_refused(
    service: Service, fields: dict[str, str], status: int, error: str, number: int
) -> None:
    asked = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default", **fields}
    assert_refused(await service.ask_token(**asked), status, error, number)


async def test_another_tenant_is_not_known(service: Service) -> None:
    answer = await service.http.post("/somebody-else/oauth2/v2.0/token", data={"grant_type": "client_credentials"})
    assert_refused(answer, 400, "invalid_request", 90002)


async def test_a_device_code_waits_is_approved_once_and_is_spent(service: Service) -> None:
    asked = {"client_id": CLIENT, "scope": "PrintJob.ReadWrite offline_access"}
    code = (await service.http.post(f"/{TENANT}/oauth2/v2.0/devicecode", data=asked)).json()
    redeem = {"grant_type": DEVICE, "device_code": code["device_code"]}
    assert_refused(await service.ask_token(**redeem), 400, "authorization_pending", 70016)
    page = await service.http.get(code["verification_uri"], params={"otc": code["user_code"]})
    assert "anna@contoso.example" in page.text
    approved = {"otc": code["user_code"], "userPrincipalName": "anna@contoso.example"}
    assert (await service.http.post(code["verification_uri"], data=approved)).status_code == 200
    assert (await service.ask_token(**redeem)).status_code == 200
    assert_refused(await service.ask_token(**redeem), 400, "bad_verification_code", 70018)


async def test_a_device_code_is_declined_or_expires(service: Service) -> None:
    for decline, error, number in ((True, "authorization_declined", 70017), (False, "expired_token", 70020)):
        asked = {"client_id": CLIENT, "scope": "PrintJob.ReadWrite"}
        code = (await service.http.post(f"/{TENANT}/oauth2/v2.0/devicecode", data=asked)).json()
        if decline:
            answer = {"userCode": code["user_code"], "decline": True}
            assert (await service.http.post("/emulator/device-codes", json=answer)).status_code == 204
        else:
            service.emulator.clock.advance(timedelta(seconds=code["expires_in"]))
        refused = await service.ask_token(grant_type=DEVICE, device_code=code["device_code"])
        assert_refused(refused, 400, error, number)


async def test_a_scope_that_nobody_consented_to_is_refused(service: Service) -> None:
    asked = {"client_id": CLIENT, "scope": "Printer.FullControl.All"}
    answer = await service.http.post(f"/{TENANT}/oauth2/v2.0/devicecode", data=asked)
    assert_refused(answer, 400, "invalid_grant", 65001, "consent_required")


def authorization(**changes: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "PrintJob.ReadWrite offline_access",
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "userPrincipalName": "bruno@contoso.example",
        **changes,
    }


async def code_of(service: Service, **changes: str) -> str:
    answer = await service.http.post(f"/{TENANT}/oauth2/v2.0/authorize", data=authorization(**changes))
    sent_back = httpx.URL(answer.headers["location"])
    assert sent_back.params["state"] == "s"
    return sent_back.params["code"]


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"code_verifier": "another"}, "invalid_grant", 50148),
        ({"redirect_uri": "http://localhost:9999"}, "invalid_grant", 500112),
        ({"code": "made-up"}, "invalid_grant", 54005),
    ],
)
async def test_a_code_is_good_for_its_own_request_only(
    service: Service, changes: dict[str, str], error: str, number: int
) -> None:
    right = {"code": await code_of(service), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    assert_refused(await service.ask_token(grant_type="authorization_code", **{**right, **changes}), 400, error, number)


async def test_a_code_is_good_once(service: Service) -> None:
    right = {"code": await code_of(service), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    token = (await service.ask_token(grant_type="authorization_code", **right)).json()
    assert claims(token["access_token"])["upn"] == "bruno@contoso.example"
    assert_refused(await service.ask_token(grant_type="authorization_code", **right), 400, "invalid_grant", 54005)


async def test_no_code_goes_to_an_address_that_is_not_registered(service: Service) -> None:
    data = authorization(redirect_uri="https://evil.example")
    answer = await service.http.post(f"/{TENANT}/oauth2/v2.0/authorize", data=data)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def refresh(service: Service, token: str) -> httpx.Response:
    return await service.ask_token(grant_type="refresh_token", refresh_token=token, scope="PrintJob.ReadWrite")


async def test_the_log_tells_the_grant_the_account_and_the_refusal(service: Service) -> None:
    token = (await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite"))["refresh_token"]
    service.emulator.requests.clear()
    await refresh(service, token)
    await refresh(service, "made-up")
    entries = [(entry.detail, entry.account, entry.error) for entry in service.emulator.requests.of("token")]
    assert entries == [("refresh_token", "anna@contoso.example", None), ("refresh_token", None, "invalid_grant")]


async def test_a_refresh_token_lives_on_until_it_is_idle_too_long(service: Service) -> None:
    first = (await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite"))["refresh_token"]
    service.emulator.clock.advance(timedelta(days=60))
    answer = await service.ask_token(
        grant_type="refresh_token", refresh_token=first, scope="PrintJob.ReadWrite offline_access"
    )
    second = answer.json()["refresh_token"]
    assert (await refresh(service, first)).status_code == 200
    service.emulator.clock.advance(timedelta(days=60))
    assert_refused(await refresh(service, first), 400, "invalid_grant", 700082, "bad_token")
    assert (await refresh(service, second)).status_code == 200


async def test_a_revoked_sign_in_is_told_at_the_next_refresh(service: Service) -> None:
    token = await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite")
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    path = f"/v1.0{service.jobs_path}"
    service.emulator.clock.advance(timedelta(seconds=2))
    service.emulator.revoke_sign_in(service.tenant.anna)
    assert_refused(await refresh(service, token["refresh_token"]), 400, "invalid_grant", 50173, "bad_token")
    assert (await service.http.get(path, headers=bearer)).status_code == 200
    service.emulator.revoke_sign_in(service.tenant.anna, reject_access_tokens=True)
    refused = await service.http.get(path, headers=bearer)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_claims"' in challenge
    claims = json.loads(base64.b64decode(challenge.partition('claims="')[2].rstrip('"')))
    revoked = int(claims["access_token"]["nbf"]["value"])
    assert abs(revoked - service.emulator.clock.now().timestamp()) < 60
    again = await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite")
    bearer = {"Authorization": f"Bearer {again['access_token']}"}
    assert (await service.http.get(path, headers=bearer)).status_code == 200
    assert (await refresh(service, again["refresh_token"])).status_code == 200


async def test_a_disabled_account_and_one_that_must_interact_get_no_token(service: Service) -> None:
    token = (await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite"))["refresh_token"]
    change = "/emulator/users/anna@contoso.example"
    await service.http.patch(change, json={"needsInteraction": True})
    assert_refused(await refresh(service, token), 400, "invalid_grant", 50076, "basic_action")
    await service.http.patch(change, json={"needsInteraction": False, "enabled": False})
    assert_refused(await refresh(service, token), 400, "invalid_grant", 50057)


async def test_an_access_token_expires(tmp_path: Path) -> None:
    settings = Settings(access_token_lifetime=timedelta(minutes=5))
    async with running_service(tmp_path, settings=settings) as service:
        assert (await service.graph("GET", service.jobs_path)).status_code == 200
        service.emulator.clock.advance(timedelta(minutes=5))
        refused = await service.graph("GET", service.jobs_path)
        assert refused.status_code == 401
        assert refused.json()["error"]["message"] == "Lifetime validation failed, the token is expired."


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic abc"])
async def test_graph_challenges_who_brings_no_token(service: Service, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await service.http.get("/v1.0/print/shares", headers={**headers, "client-request-id": "mine"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    inner = answer.json()["error"]["innerError"]
    assert (inner["client-request-id"], inner["request-id"]) == ("mine", answer.headers["request-id"])


async def test_a_token_of_another_audience_or_signature_is_refused(service: Service) -> None:
    id_token = (await service.sign_in(service.tenant.anna, "PrintJob.ReadWrite"))["id_token"]
    forged = jwt.encode({"aud": "https://graph.microsoft.com", "exp": 2**40}, "k" * 32, algorithm="HS256")
    for token in (id_token, forged):
        answer = await service.http.get("/v1.0/print/shares", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
