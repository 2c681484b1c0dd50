"""PINs: which are too easy to guess, and their hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
from itertools import pairwise

from shared.errors import PrintFunctionsError
from shared.kiosk.keys import KioskKeys, Purpose
from shared.kiosk.records import PinHash

SHORTEST, LONGEST = 4, 12
SALT_BYTES = 16
# scrypt (RFC 7914): 16 MiB and some tens of milliseconds a guess, on top of the key without which none can be tried.
COST_N, COST_R, COST_P = 2**14, 8, 1
_DIGITS = re.compile(rf"[0-9]{{{SHORTEST},{LONGEST}}}")
# The column in the middle of a keypad, and its reverse.
_KEYPAD = frozenset({"2580", "0852", "1470", "0741", "1397", "1379", "7913"})
_NOBODY = PinHash("00" * 32, "00" * SALT_BYTES, COST_N, COST_R, COST_P)


class PinRefused(PrintFunctionsError):
    """The PIN is no PIN, or one that everybody guesses first."""


def check_pin(pin: str) -> None:
    """Raises PinRefused with what to change. Pure."""
    if not _DIGITS.fullmatch(pin):
        raise PinRefused(f"A PIN has {SHORTEST} to {LONGEST} digits and nothing else.")
    if _is_weak(pin):
        raise PinRefused("This PIN is among the first that anybody tries. Choose another one.")


def hash_pin(pin: str, salt: bytes, keys: KioskKeys) -> PinHash:
    """The hash to keep. Takes some tens of milliseconds: call it in a thread."""
    made = _scrypt(keys.digest(Purpose.PIN, pin.encode()), PinHash("", salt.hex(), COST_N, COST_R, COST_P))
    return PinHash(made.hex(), salt.hex(), COST_N, COST_R, COST_P)


def verify_pin(pin: str, kept: PinHash | None, keys: KioskKeys) -> int | None:
    """The number of the key with which it is the PIN (0: the current one), None where it is not the PIN.

    Costs the same where nothing is kept. Takes as long as `hash_pin` for each key.
    """
    expected = kept or _NOBODY
    claimed = bytes.fromhex(expected.hash)
    digests = keys.digests(Purpose.PIN, pin.encode(errors="replace"))
    right = [hmac.compare_digest(_scrypt(digest, expected), claimed) for digest in digests]
    return right.index(True) if any(right) and kept is not None else None


def _scrypt(secret: bytes, cost: PinHash) -> bytes:
    memory = 128 * cost.r * (cost.n + cost.p + 2) + 2**20
    return hashlib.scrypt(secret, salt=bytes.fromhex(cost.salt), n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


def _is_weak(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    repeated = any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in (1, 2, 3))
    year = len(pin) == 4 and pin[:2] in ("19", "20")
    return steps in ({0}, {1}, {9}) or repeated or year or pin in _KEYPAD
