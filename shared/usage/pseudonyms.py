"""Replaces the names of people by pseudonyms: the same person always has the same one, and nobody else's. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "user-"
# 80 bits: among a million people the chance of two alike is below one in a trillion.
_CHARACTERS = 16


class Pseudonyms:
    """Keyed hashes of user principal names, in any letter case. Without the key nobody can make or check one."""

    def __init__(self, key: str) -> None:
        self._key = base64.urlsafe_b64decode(key)
        self._known: dict[str, str] = {}

    def of(self, user_principal_name: str) -> str:
        """The pseudonym: `user-` and 16 letters and digits. A pseudonym stays as it is, an empty name too."""
        known = self._known.get(user_principal_name)
        if known is None:
            known = self._make(user_principal_name)
            # The same few people come again and again; a tenant of many must not fill the memory with them.
            if len(self._known) < 50_000:
                self._known[user_principal_name] = known
        return known

    def _make(self, name: str) -> str:
        if not name.strip() or is_pseudonym(name):
            return name
        digest = hmac.digest(self._key, b"usage:" + name.strip().lower().encode(errors="replace"), hashlib.sha256)
        return PREFIX + base64.b32encode(digest).decode().lower()[:_CHARACTERS]


def is_pseudonym(name: str) -> bool:
    """Whether it has the form of a pseudonym, which no user principal name has: that contains an @."""
    return name.startswith(PREFIX) and len(name) == len(PREFIX) + _CHARACTERS and "@" not in name
