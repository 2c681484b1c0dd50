"""Keyed hashes and signatures of the kiosks, each purpose with a key of its own, derived from KIOSK_KEY."""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import StrEnum


class Purpose(StrEnum):
    """What a subkey is for. A hash made for one purpose is worth nothing for another."""

    DEVICE = "device"
    BADGE = "badge"
    PIN = "pin"
    SESSION = "session"
    THROTTLE = "throttle"


class KioskKeys:
    """HMAC-SHA256 with subkeys of the current KIOSK_KEY, and of previous ones that still verify.

    `keys` are the setting's: 32 bytes in URL-safe base64, the current one first, at least one.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        secrets = [base64.b64decode(key, altchars=b"-_") for key in keys]
        self._subkeys = {
            purpose: tuple(derive(secret, f"universal-print-functions kiosk {purpose}".encode()) for secret in secrets)
            for purpose in Purpose
        }

    def digest(self, purpose: Purpose, content: bytes) -> bytes:
        """The keyed hash of `content` under the current key."""
        return _mac(self._subkeys[purpose][0], content)

    def digests(self, purpose: Purpose, content: bytes) -> tuple[bytes, ...]:
        """The keyed hashes of `content`, that under the current key first."""
        return tuple(_mac(subkey, content) for subkey in self._subkeys[purpose])

    def verifies(self, purpose: Purpose, content: bytes, claimed: bytes) -> bool:
        """Whether `claimed` is the hash of `content` under one of the keys, compared in constant time."""
        return any(hmac.compare_digest(made, claimed) for made in self.digests(purpose, content))


def derive(secret: bytes, info: bytes) -> bytes:
    """A 32-byte subkey (RFC 5869, HKDF with SHA-256, no salt, one block)."""
    return _mac(_mac(bytes(hashlib.sha256().digest_size), secret), info + b"\x01")


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
