"""A person's session at one kiosk: a signed text with an end. Nothing of it is kept by the app. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import KioskRefused
from shared.kiosk.keys import KioskKeys, Purpose

LONGEST_SESSION = 4096
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Session:
    """Who stands at which kiosk until when (UTC).

    `badge` is the keyed hash of the badge that was shown, None for a PIN: what let the person in must still stand when
    something is done.
    """

    kiosk_id: str
    user_id: str
    user_principal_name: str
    badge: str | None
    expires: datetime


def sign(session: Session, keys: KioskKeys) -> str:
    """The session as a text for a header."""
    expires = int(session.expires.timestamp())
    content = [session.kiosk_id, session.user_id, session.user_principal_name, session.badge, expires]
    payload = base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")
    signed = f"{_VERSION}.{payload}"
    return f"{signed}.{keys.digest(Purpose.SESSION, signed.encode()).hex()}"


def verify(text: str, kiosk_id: str, keys: KioskKeys, now: datetime) -> Session:
    """The session, where it is ours, of this kiosk and not over. Raises KioskRefused (`sessionEnded`)."""
    if len(text) > LONGEST_SESSION or not text.isascii():
        raise _ended("is no session")
    signed, _, mac = text.rpartition(".")
    try:
        claimed = bytes.fromhex(mac)
    except ValueError:
        raise _ended("is no session") from None
    if not keys.verifies(Purpose.SESSION, signed.encode(), claimed):
        raise _ended("has no signature of this app")
    session = _read(signed)
    if session.kiosk_id != kiosk_id:
        raise _ended("is that of another kiosk")
    if now >= session.expires:
        raise _ended("is over")
    return session


class SessionRefused(KioskRefused):
    """The session counts no more. `cause` is for the audit; the person learns only that it ended."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__("sessionEnded", "The session has ended. Show your badge again.")


def _ended(cause: str) -> SessionRefused:
    return SessionRefused(f"the session {cause}")


def _read(signed: str) -> Session:
    """Read what was signed with our key; another release may have signed something else."""
    version, _, payload = signed.partition(".")
    try:
        kiosk, user_id, user_principal_name, badge, expires = json.loads(
            base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        )
        end = datetime.fromtimestamp(expires, UTC)
    except (binascii.Error, ValueError, TypeError, OverflowError, OSError, RecursionError):
        raise _ended("cannot be read") from None
    texts = (kiosk, user_id, user_principal_name, badge or "")
    if version != _VERSION or not all(isinstance(text, str) for text in texts):
        raise _ended("is of another release")
    return Session(kiosk, user_id, user_principal_name, badge, end)
