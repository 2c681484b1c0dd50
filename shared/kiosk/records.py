"""What is kept of kiosks, badges and people who tap: no secret, badge number or PIN, but keyed hashes of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.camel import build, encode
from shared.errors import PrintFunctionsError
from shared.times import moment

KIOSK_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class KioskRecordUnreadable(PrintFunctionsError):
    """A stored kiosk, badge or person is not one that this release can read."""


@dataclass(frozen=True, slots=True)
class DeviceSecret:
    """The keyed hash of a device's secret (hexadecimal), and until when it is taken; None without an end."""

    hash: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A kiosk: the device at a printer of the catalog. `created` is ISO 8601 in UTC."""

    id: str
    display_name: str
    printer_id: str
    secrets: tuple[DeviceSecret, ...]
    created: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is (Graph: user)."""

    user_id: str
    user_principal_name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class PinHash:
    """A PIN's hash: scrypt with its cost over a keyed hash. `salt` and `hash` are hexadecimal."""

    hash: str
    salt: str
    n: int
    r: int
    p: int


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person who may sign in by user name and PIN (None: by badge only), or whose jobs others may collect."""

    user_id: str
    user_principal_name: str
    display_name: str
    pin: PinHash | None = None

    @property
    def person(self) -> Person:
        """Who it is."""
        return Person(self.user_id, self.user_principal_name, self.display_name)


def encode_kiosk(kiosk: Kiosk) -> bytes:
    """The kiosk as JSON."""
    return encode(kiosk)


def decode_kiosk(content: bytes) -> Kiosk:
    """Read a kiosk. Raises KioskRecordUnreadable."""
    try:
        values = _object(content)
        secrets = tuple(build(DeviceSecret, secret) for secret in values.pop("secrets"))
        kiosk = build(Kiosk, {**values, "secrets": secrets})
        texts = (kiosk.id, kiosk.display_name, kiosk.printer_id, kiosk.created, *(secret.hash for secret in secrets))
        _check_texts(texts)
        for secret in secrets:
            bytes.fromhex(secret.hash)
            if secret.until is not None:
                moment(secret.until)
        if not isinstance(kiosk.enabled, bool):
            raise KioskRecordUnreadable("enabled is neither true nor false")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise KioskRecordUnreadable(f"a kiosk cannot be read: {error!r}") from error
    return kiosk


def encode_badge(person: Person) -> bytes:
    """The badge's person as JSON."""
    return encode(person)


def badge_summary(person: Person) -> dict[str, Any]:
    """What a listing of badges shows."""
    return {"upn": person.user_principal_name, "userId": person.user_id}


def decode_badge(content: bytes) -> Person:
    """Read whose badge it is. Raises KioskRecordUnreadable."""
    try:
        person = build(Person, _object(content))
        _check_person(person)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise KioskRecordUnreadable(f"a badge cannot be read: {error!r}") from error
    return person


def encode_person(record: PersonRecord) -> bytes:
    """The person as JSON."""
    return encode(record)


def decode_person(content: bytes) -> PersonRecord:
    """Read a person. Raises KioskRecordUnreadable."""
    try:
        values = _object(content)
        record = build(PersonRecord, {**values, "pin": build(PinHash, values.get("pin"))})
        _check_person(record.person)
        if record.pin is not None:
            _check_pin(record.pin)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise KioskRecordUnreadable(f"a person cannot be read: {error!r}") from error
    return record


def secret_is_in_force(secret: DeviceSecret, now: datetime) -> bool:
    """Whether a device may still use it. Pure."""
    return secret.until is None or now < moment(secret.until)


def _object(content: bytes) -> dict[str, Any]:
    values = json.loads(content)
    if not isinstance(values, dict):
        raise KioskRecordUnreadable("it is no object")
    return values


def _check_person(person: Person) -> None:
    _check_texts((person.user_id, person.user_principal_name, person.display_name))
    if not person.user_id or "/" in person.user_id:
        raise KioskRecordUnreadable("it names no user")


def _check_pin(pin: PinHash) -> None:
    bytes.fromhex(pin.hash)
    bytes.fromhex(pin.salt)
    if any(type(cost) is not int for cost in (pin.n, pin.r, pin.p)):
        raise KioskRecordUnreadable("the cost of a PIN's hash is no whole number")
    # Another cost would let whoever writes a record keep the app busy. RFC 7914: n is a power of two.
    if not (2 <= pin.n <= 2**17 and pin.n & (pin.n - 1) == 0 and pin.r == 8 and 1 <= pin.p <= 4):
        raise KioskRecordUnreadable("the cost of a PIN's hash is out of bounds")


def _check_texts(texts: tuple[object, ...]) -> None:
    if not all(isinstance(text, str) for text in texts):
        raise KioskRecordUnreadable("a name is not a text")
