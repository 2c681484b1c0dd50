"""Encrypts what must be kept but never read by others: token caches and upload URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import PrintFunctionsError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class SealBroken(PrintFunctionsError):
    """What was sealed cannot be opened with the keys at hand."""


class Sealer:
    """Fernet with one or more keys: the first seals, all open, so a key can be replaced without a gap."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys

    def seal(self, content: bytes) -> bytes:
        """Encrypt and authenticate `content`."""
        return self._fernet().encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        """The content of `sealed`. Raises SealBroken."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(sealed)
        except InvalidToken as error:
            raise SealBroken("it was sealed with another TOKEN_CACHE_KEY, or was altered") from error

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])
