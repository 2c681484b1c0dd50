"""Whether the settings are right: each problem by itself, the keys in use, and the address that Graph is to call."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from shared.doctor.finding import Finding, Line, failed, skipped, works
from shared.errors import SettingsError
from shared.kiosk.keys import KioskKeys, Purpose
from shared.sealing import Sealer
from shared.setting_values import LOOPBACK
from shared.settings import Settings, load_settings

if TYPE_CHECKING:
    import httpx

READ = "settings.read"
_PORTAL = "Function App > Settings > Environment variables > "
# Graph: change-notifications-delivery-webhooks, how long an endpoint may take to prove itself.
HANDSHAKE_SECONDS = 10.0
_HANDSHAKE = {"Content-Type": "text/plain; charset=utf-8"}
_PRIVATE_ENDINGS = (".local", ".internal", ".localhost", ".lan", ".home.arpa")


def check_settings(environ: Mapping[str, str]) -> tuple[Settings | None, list[Line]]:
    """The settings, None where they are not right; and a line for each problem, or one that says that there is none."""
    try:
        settings = load_settings(environ)
    except SettingsError as error:
        return None, [problem_line(problem) for problem in error.problems]
    return settings, [Line(READ, "", works("every setting is known and well formed"))]


def problem_line(problem: str) -> Line:
    """The line of a sentence of SettingsError, which begins with the name of the setting."""
    name = problem.split()[0].rstrip(",:")
    app = "az functionapp config appsettings set --name APP --resource-group GROUP --settings"
    found = failed(problem.rstrip("."), portal=f"{_PORTAL}{name}", command=f"{app} {name}=VALUE", cause="setting")
    return Line(READ, name, found)


async def check_token_cache_key(settings: Settings) -> Finding:
    """Whether TOKEN_CACHE_KEY seals and opens."""
    sealer = Sealer(settings.token_cache_keys)
    if sealer.open(sealer.seal(b"probe")) != b"probe":
        return failed("TOKEN_CACHE_KEY does not open what it sealed", command="python -m printops key")
    former = len(settings.token_cache_keys) - 1
    return works("seals and opens" + (f"; {former} former key still opens" if former else ""))


async def check_kiosk_key(settings: Settings, kiosks: int) -> Finding:
    """Whether KIOSK_KEY signs and verifies; without it kiosks are off, which is wrong where there are any."""
    if not settings.kiosk_keys:
        if not kiosks:
            return skipped("KIOSK_KEY is not set: kiosks are off")
        return failed(
            f"KIOSK_KEY is not set, and {kiosks} kiosks are registered: each refuses everybody",
            portal=f"{_PORTAL}KIOSK_KEY (the key with which the kiosks were registered)",
            command="python -m printops key",
            cause="setting",
        )
    keys = KioskKeys(settings.kiosk_keys)
    signed = keys.digest(Purpose.SESSION, b"probe")
    if not keys.verifies(Purpose.SESSION, b"probe", signed):
        return failed("KIOSK_KEY does not verify what it signed", command="python -m printops key")
    return works("signs and verifies")


async def check_notification_address(settings: Settings) -> Finding:
    """Whether NOTIFICATION_URL is one that Graph can call: https, and a public name."""
    url = settings.notification_url
    if url is None:
        return skipped("NOTIFICATION_URL is not set: reconcile finds held jobs within a minute")
    parts, graph = urlsplit(url), urlsplit(settings.graph_base_url)
    if graph.hostname in LOOPBACK and parts.hostname in LOOPBACK:
        return works(f"{url} is on this machine, as Graph's stand-in is")
    wrong = _not_public(parts.scheme, parts.hostname or "")
    if wrong:
        return failed(
            f"NOTIFICATION_URL {url} {wrong}, so Graph cannot call it",
            portal=f"{_PORTAL}NOTIFICATION_URL: https://APP.azurewebsites.net",
            command="az functionapp show --name APP --resource-group GROUP --query defaultHostName",
            cause="addressNotPublic",
        )
    return works(f"{url} is https and a public name")


def _not_public(scheme: str, host: str) -> str:
    if scheme != "https":
        return "is not https"
    try:
        return "" if ipaddress.ip_address(host).is_global else "is a private address"
    except ValueError:
        local = host in LOOPBACK or "." not in host or host.endswith(_PRIVATE_ENDINGS)
        return "is no public name" if local else ""


async def check_webhook(http: httpx.AsyncClient, url: str, token: str) -> Finding:
    """Whether the route of notifications answers Graph's handshake (Graph: change notifications, validation)."""
    import httpx

    for route in ("/api/notifications", "/api/notifications/lifecycle"):
        address = f"{url}{route}?validationToken={quote(token)}"
        try:
            answer = await http.post(address, headers=_HANDSHAKE, timeout=HANDSHAKE_SECONDS)
        except httpx.HTTPError as error:
            return _silent(f"{url}{route} does not answer ({type(error).__name__})")
        plain = answer.headers.get("content-type", "").startswith("text/plain")
        if answer.status_code != 200 or answer.text != token or not plain:
            return _silent(f"{url}{route} does not answer Graph's handshake ({answer.status_code})")
    return works(f"{url} answers Graph's handshake, asked from here")


def _silent(words: str) -> Finding:
    return failed(
        words,
        portal="Function App > Overview: started? > Functions: notifications listed? > Log stream",
        command="az functionapp start --name APP --resource-group GROUP",
        cause="webhookSilent",
    )
