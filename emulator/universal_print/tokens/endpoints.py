"""The authority over HTTP: discovery, keys, tokens, device codes and the sign-in pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from emulator.universal_print.tokens import pages, signing
from emulator.universal_print.tokens.authority import Authority
from emulator.universal_print.tokens.errors import TokenError, missing_parameter
from emulator.universal_print.tokens.scopes import delegated_scopes
from emulator.universal_print.tokens.sign_ins import AuthorizationCode, check_user
from emulator.universal_print.world import AppRegistration, User

_MOST_FORM_BYTES = 256 * 1024
_LOCAL_HOSTS = {"localhost", "127.0.0.1"}


def routes(authority: Authority) -> list[Route]:
    """The authority's routes. Their names are the operation names of faults and of the request log."""
    endpoints = _Endpoints(authority)
    tenant = "/{tenant}"
    return [
        Route("/devicelogin", endpoints.device_page, methods=["GET", "POST"], name="devicePage"),
        Route(f"{tenant}/v2.0/.well-known/openid-configuration", endpoints.discovery, name="openidConfiguration"),
        Route(f"{tenant}/discovery/v2.0/keys", endpoints.keys, name="keys"),
        Route(f"{tenant}/oauth2/v2.0/token", endpoints.token, methods=["POST"], name="token"),
        Route(f"{tenant}/oauth2/v2.0/devicecode", endpoints.device_code, methods=["POST"], name="deviceCode"),
        Route(f"{tenant}/oauth2/v2.0/authorize", endpoints.authorize, methods=["GET", "POST"], name="authorize"),
    ]


async def read_form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded body. Raises TokenError for a body that no form has."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_FORM_BYTES:
            raise TokenError("invalid_request", 90055, "The request is too large.", status=413)
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))


class _Endpoints:
    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def discovery(self, request: Request) -> Response:
        return await self._guarded(request, lambda: self._authority.openid_configuration(_tenant(request)))

    async def keys(self, request: Request) -> Response:
        return await self._guarded(request, signing.key_set)

    async def token(self, request: Request) -> Response:
        form = await read_form(request)

        def answer() -> dict[str, Any]:
            token = self._authority.token(_tenant(request), form)
            claims = signing.decode(token["access_token"])
            request.scope["emulator.account"] = claims.get("upn") or claims["appid"]
            return token

        # What the request log shows.
        request.scope["emulator.detail"] = form.get("grant_type")
        return await self._guarded(request, answer)

    async def device_code(self, request: Request) -> Response:
        form = await read_form(request)
        return await self._guarded(request, lambda: self._authority.device_authorization(_tenant(request), form))

    async def _guarded(self, request: Request, answer: Callable[[], dict[str, Any]]) -> Response:
        correlation = request.headers.get("client-request-id")
        headers = {"Cache-Control": "no-store, no-cache", "x-ms-request-id": secrets.token_hex(16)}
        if correlation:
            headers["client-request-id"] = correlation
        try:
            return JSONResponse(answer(), headers=headers)
        except TokenError as error:
            request.scope["emulator.error"] = error.error
            body = error.body(self._authority.world.clock.now(), correlation)
            return JSONResponse(body, status_code=error.status, headers=headers)

    async def device_page(self, request: Request) -> Response:
        fields = await read_form(request) if request.method == "POST" else dict(request.query_params)
        typed = fields.get("otc", "")
        if not typed:
            return HTMLResponse(pages.ask_user_code("/devicelogin"))
        entry = self._authority.sign_ins.find_user_code(typed, self._authority.world.clock.now())
        if entry is None:
            return HTMLResponse(pages.ask_user_code("/devicelogin", "That code didn't work."), status_code=400)
        name = fields.get("userPrincipalName")
        if request.method == "GET" or not name:
            users = self._authority.world.users.values()
            title = f"Sign in to {entry.app.display_name}"
            return HTMLResponse(pages.choose_user(title, "/devicelogin", {"otc": typed}, users))
        user = self._authority.world.user_named(name)
        if user is None or not user.enabled:
            return HTMLResponse(pages.page("Sign in", "<p>This account can't sign in.</p>"), status_code=400)
        entry.user = user
        note = "<p>You have signed in on your device. You may now close this window.</p>"
        return HTMLResponse(pages.page(entry.app.display_name, note))

    async def authorize(self, request: Request) -> Response:
        fields = dict(request.query_params)
        if request.method == "POST":
            fields |= await read_form(request)
        try:
            self._authority.check_tenant(_tenant(request))
            app = self._authority.app_of(fields.get("client_id"))
            redirect_uri = _registered_redirect(app, fields)
        except TokenError as error:
            # Without a redirect URI that can be trusted, only the person at the browser is told.
            return HTMLResponse(pages.page("Sign in", f"<p>AADSTS{error.number}: {error.message}</p>"), status_code=400)
        try:
            return self._signed_in_or_asked(request, fields, app, redirect_uri)
        except TokenError as error:
            answer = error.body(self._authority.world.clock.now(), None)
            told = {"error": str(answer["error"]), "error_description": str(answer["error_description"])}
            return _send_back(redirect_uri, fields, told)

    def _signed_in_or_asked(
        self, request: Request, fields: dict[str, str], app: AppRegistration, redirect_uri: str
    ) -> Response:
        if fields.get("response_type") != "code":
            raise TokenError("unsupported_response_type", 700054, "response_type must be 'code'.")
        scopes = delegated_scopes(fields.get("scope", ""), app, self._authority.base_url)
        name = fields.pop("userPrincipalName", None) if request.method == "POST" else None
        if name is None:
            if fields.get("prompt") == "none":
                raise TokenError("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
            page = pages.choose_user(
                f"Sign in to {app.display_name}",
                request.url.path,
                fields,
                self._authority.world.users.values(),
                fields.get("login_hint", ""),
            )
            return HTMLResponse(page)
        user = self._authority.world.user_named(name)
        if user is None:
            raise TokenError("invalid_grant", 50034, f"The user account {name} does not exist in the directory.")
        check_user(user, interactive=True)
        code = self._authority.sign_ins.new_code(
            AuthorizationCode(
                app,
                user,
                scopes,
                redirect_uri,
                self._authority.world.clock.now() + self._authority.settings.code_lifetime,
                fields.get("code_challenge", ""),
                fields.get("code_challenge_method", "plain"),
                fields.get("nonce"),
            )
        )
        return _send_back(redirect_uri, fields, self._code_fields(code, user))

    def _code_fields(self, code: str, user: User) -> dict[str, str]:
        info = signing.client_info(self._authority.world, user)
        return {"code": code, "client_info": info, "session_state": secrets.token_hex(16)}


def _tenant(request: Request) -> str:
    return str(request.path_params["tenant"])


def _registered_redirect(app: AppRegistration, fields: Mapping[str, str]) -> str:
    """The asked redirect URI. Entra ignores the port of a registered local one. Raises TokenError."""
    asked = fields.get("redirect_uri", "")
    if not asked:
        raise missing_parameter("redirect_uri")
    for registered in app.redirect_uris:
        ours, theirs = urlsplit(registered), urlsplit(asked)
        local = ours.hostname in _LOCAL_HOSTS and ours.scheme == "http"
        same = (ours.scheme, ours.hostname, ours.path.rstrip("/")) == (
            theirs.scheme,
            theirs.hostname,
            theirs.path.rstrip("/"),
        )
        if asked == registered or (local and same):
            return asked
    raise TokenError(
        "invalid_request", 50011, f"The redirect URI '{asked}' does not match those configured for the application."
    )


def _send_back(redirect_uri: str, fields: Mapping[str, str], answer: dict[str, str]) -> Response:
    if "state" in fields:
        answer["state"] = fields["state"]
    mode = fields.get("response_mode", "query")
    if mode == "form_post":
        return HTMLResponse(pages.post_back(redirect_uri, answer))
    joint = "#" if mode == "fragment" else "&" if "?" in redirect_uri else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", status_code=302)
