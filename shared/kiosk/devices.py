"""Knows a kiosk by its secret."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field, replace

from shared.audit import entry
from shared.errors import KioskRefused, StorageConflict
from shared.kiosk.keys import KioskKeys, Purpose
from shared.kiosk.records import (
    KIOSK_ID,
    DeviceSecret,
    Kiosk,
    KioskRecordUnreadable,
    decode_kiosk,
    encode_kiosk,
    secret_is_in_force,
)
from shared.kiosk.services import KioskServices
from shared.names import kiosk_path
from shared.storage.state import Stored

logger = logging.getLogger(__name__)

LONGEST_SECRET = 256
# No kiosk can have this id.
_NO_KIOSK = "-"
_NO_HASH = bytes(32)
_SHOWN_ID = 64


@dataclass(frozen=True, slots=True)
class Device:
    """What a device says of itself: the headers X-Kiosk-Id and Authorization, as they came."""

    kiosk_id: str
    secret: str = field(repr=False)

    @property
    def known_id(self) -> str:
        """The id, or one that no kiosk can have where it cannot be that of a kiosk."""
        return self.kiosk_id if KIOSK_ID.fullmatch(self.kiosk_id) else _NO_KIOSK


def secret_hash(kiosk_id: str, secret: str, keys: KioskKeys) -> str:
    """The hash to keep of a device's secret. It is worth nothing for another kiosk."""
    return keys.digest(Purpose.DEVICE, _content(kiosk_id, secret)).hex()


async def authenticate(device: Device, services: KioskServices) -> Kiosk:
    """The enabled kiosk that the device is. Raises KioskRefused (`unknownDevice`).

    A kiosk that is not known costs what a wrong secret costs: one read, and the same comparisons.
    """
    stored = await services.state.read(kiosk_path(device.known_id))
    kiosk = _decoded(stored)
    kept = kiosk.secrets if kiosk else ()
    hashes = [bytes.fromhex(secret.hash) for secret in kept if secret_is_in_force(secret, services.now())]
    digests = services.keys.digests(Purpose.DEVICE, _content(device.kiosk_id, device.secret[:LONGEST_SECRET]))
    right = [hmac.compare_digest(digest, known) for digest in digests for known in hashes or [_NO_HASH]]
    if kiosk is None or stored is None or not kiosk.enabled or not any(right):
        await _tell_refusal(device, kiosk, services)
        raise KioskRefused("unknownDevice", "This kiosk is not known, or is switched off. Ask the operator.")
    if not any(hmac.compare_digest(digests[0], known) for known in hashes):
        await _rehash(kiosk, stored, digests, services)
    return kiosk


async def _tell_refusal(device: Device, kiosk: Kiosk | None, services: KioskServices) -> None:
    shown = ascii(device.kiosk_id[:_SHOWN_ID])[1:-1]
    logger.warning("a device is refused as kiosk '%s'", shown)
    if services.devices is not None:
        cause = "no such kiosk" if kiosk is None else "wrong secret" if kiosk.enabled else "switched off"
        await services.devices.write(entry("deviceRefused", shown, None, outcome="unknownDevice", reason=cause))


async def _rehash(kiosk: Kiosk, stored: Stored, digests: tuple[bytes, ...], services: KioskServices) -> None:
    """Keep the secret under the current key, so that the previous one can go."""
    old = {digest.hex() for digest in digests[1:]}
    secrets = tuple(
        DeviceSecret(digests[0].hex(), secret.until) if secret.hash in old else secret for secret in kiosk.secrets
    )
    try:
        await services.state.replace(kiosk_path(kiosk.id), encode_kiosk(replace(kiosk, secrets=secrets)), stored.etag)
    except StorageConflict:
        logger.info("kiosk %s changed while its secret was rehashed", kiosk.id)


def _decoded(stored: Stored | None) -> Kiosk | None:
    if stored is None:
        return None
    try:
        return decode_kiosk(stored.content)
    except KioskRecordUnreadable:
        logger.exception("the record of a kiosk is broken")
        return None


def _content(kiosk_id: str, secret: str) -> bytes:
    return f"{kiosk_id}\n{secret}".encode(errors="replace")
