"""Readers for the kinds of values that settings have. Each raises ValueError with the rest of a sentence: the fix."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from urllib.parse import urlsplit

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
# Entra: what a user principal name may hold, and nothing that would change the path of a state document.
USER_PRINCIPAL_NAME = re.compile(r"[\w'.!#^~+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
# App Service leaves the reference itself as the value when it cannot resolve it.
KEY_VAULT_REFERENCE = re.compile(r"@Microsoft\.(KeyVault|AppConfiguration)\(", re.IGNORECASE)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FERNET_KEY_BYTES = 32
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
# NCRONTAB: the six fields and what they count (Functions: timer trigger).
CRON_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("seconds", 0, 59, {}),
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("days", 1, 31, {}),
    ("months", 1, 12, MONTHS),
    ("weekdays", 0, 6, DAYS),
)


def guid(value: str) -> str:
    """A GUID, in lower case."""
    if not GUID.fullmatch(value):
        raise ValueError("must be a GUID such as 01234567-89ab-cdef-0123-456789abcdef; the app registration shows it")
    return value.lower()


def tenant(value: str) -> str:
    """A tenant id or a verified domain of the tenant, in lower case."""
    if not GUID.fullmatch(value) and not DOMAIN.fullmatch(value):
        raise ValueError("must be the tenant's id (a GUID) or one of its domains, such as contoso.onmicrosoft.com")
    return value.lower()


def user_principal_name(value: str) -> str:
    """The name that somebody signs in with, in lower case."""
    if not USER_PRINCIPAL_NAME.fullmatch(value):
        raise ValueError(f"holds {value!r}, which is no user name; write it like print1@contoso.com")
    return value.lower()


def user_principal_names(value: str) -> tuple[str, ...]:
    """Comma-separated user names, each once, in lower case."""
    names = [user_principal_name(name.strip()) for name in value.split(",") if name.strip()]
    if not names:
        raise ValueError("names nobody; write user names separated by commas, such as print1@contoso.com")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"names {', '.join(twice)} more than once; name each account once")
    return tuple(names)


def https_url(value: str, *, local_http: bool = False) -> str:
    """An https address without query, fragment or trailing slash. `local_http` also takes http on this machine."""
    parts = urlsplit(value)
    allowed = parts.scheme == "https" or (local_http and parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not allowed or not parts.hostname or parts.username:
        raise ValueError("must be an address that begins with https://")
    try:
        parts.port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise ValueError("has a port that is no number from 0 to 65535; correct it") from error
    return value.rstrip("/")


def plain_https_url(value: str, *, local_http: bool = False) -> str:
    """An https address that paths can be appended to. `local_http` also takes http on this machine."""
    url = https_url(value, local_http=local_http)
    if urlsplit(url).query or urlsplit(url).fragment:
        raise ValueError("must end before any ? or #; leave that part out")
    return url


def existing_file(value: str) -> Path:
    """A file that can be read from here."""
    path = Path(value)
    if not path.is_file():
        raise ValueError(f"names {value}, where no file is; correct the path or remove the setting")
    return path


def secret(value: str) -> str:
    """A secret, which the platform has resolved if it was a reference to one."""
    if KEY_VAULT_REFERENCE.match(value):
        raise ValueError(
            "is a Key Vault reference that Azure could not resolve; give the app's identity the role "
            "Key Vault Secrets User and check the secret's name"
        )
    return value


def fernet_keys(value: str) -> tuple[str, ...]:
    """One or more comma-separated Fernet keys: the first encrypts, all decrypt."""
    keys = tuple(key.strip() for key in secret(value).split(",") if key.strip())
    if not keys:
        raise ValueError("holds no key; make one with `python -m printops key`")
    for number, key in enumerate(keys, 1):
        try:
            size = len(base64.b64decode(key, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size != FERNET_KEY_BYTES:
            which = "is" if len(keys) == 1 else f"holds as number {number}"
            raise ValueError(f"{which} no Fernet key (32 bytes in URL-safe base64); make one: `python -m printops key`")
    return keys


def on_or_off(value: str) -> bool:
    """`on` or `off`, in any letter case."""
    known = {"on": True, "off": False}
    if value.lower() not in known:
        raise ValueError(f"must be on or off, not {value!r}")
    return known[value.lower()]


def whole_number(value: str) -> int:
    """A whole number above 0."""
    if not re.fullmatch(r"\+?\d{1,18}", value) or int(value) == 0:
        raise ValueError(f"must be a whole number above 0, not {value!r}")
    return int(value)


def number(value: str) -> float:
    """A number above 0, with a point for decimals."""
    if not re.fullmatch(r"\+?\d{1,15}(\.\d{1,9})?", value) or float(value) == 0:
        raise ValueError(f"must be a number above 0 with a point for decimals, not {value!r}")
    return float(value)


def schedule(value: str) -> str:
    """An NCRONTAB expression of six fields, or of five (then it means second 0)."""
    fields = value.split()
    if len(fields) not in (5, 6):
        raise ValueError(
            f"must have six fields (second minute hour day month weekday), such as `0 */15 * * * *`, not {value!r}"
        )
    for field, (name, low, high, names) in zip(fields, CRON_FIELDS[-len(fields) :], strict=True):
        for part in field.split(","):
            if not _cron_part(part, low, high, names):
                raise ValueError(f"has {field!r} for the {name}; write {low} to {high}, *, a-b, */n or a list of these")
    return " ".join(fields)


def _cron_part(part: str, low: int, high: int, names: dict[str, int]) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (re.fullmatch(r"\d{1,3}", step) and int(step) > 0):
        return False
    if span == "*":
        return True
    ends = [names.get(end.lower()[:3], -1) if end.isalpha() else _digits(end) for end in span.split("-")]
    return len(ends) <= 2 and all(low <= end <= high for end in ends) and ends == sorted(ends)


def _digits(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,3}", text) else -1
