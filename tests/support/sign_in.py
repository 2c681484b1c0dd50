"""A stand-in for MSAL's application that answers from a script, and caches as MSAL serializes them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from shared.accounts.authority import TokenCache

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
OTHER_KEY = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
PLAIN_SCOPES = ["PrintJob.ReadWrite", "PrinterShare.ReadBasic.All"]

GRANTED: dict[str, Any] = {"access_token": "token-1", "expires_in": 3600, "token_source": "identity_provider"}
REVOKED: dict[str, Any] = {
    "error": "invalid_grant",
    "error_codes": [50173],
    "error_description": "AADSTS50173: The grant was revoked. Trace ID: 1 Correlation ID: 2 Timestamp: 3",
}


def cache_text(refresh_token: str, written: int, home: str = "user.tenant", **access: Any) -> str:
    """A serialized cache with one account, its refresh token, and an access token where `access` describes one."""
    content: dict[str, Any] = {
        "Account": {f"{home}-localhost-tenant": {"home_account_id": home, "username": "print1@contoso.com"}},
        "RefreshToken": {f"{home}-rt": {"secret": refresh_token, "last_modification_time": str(written)}},
    }
    if access:
        content["AccessToken"] = {f"{home}-at": access}
    return json.dumps(content, indent=4)


class ScriptedAuthority:
    """Each refresh takes the next answer of the script (an exception is raised) and writes its refresh token."""

    def __init__(self, *answers: Mapping[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bool]] = []
        self.before_answer: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def application(self, cache: TokenCache) -> AbstractContextManager[ScriptedApplication]:
        return nullcontext(ScriptedApplication(self, cache))

    def answer(self, refresh_token: str, forced: bool) -> Mapping[str, Any]:
        with self._lock:
            self.asked.append((refresh_token, forced))
            self.before_answer()
            answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedApplication:
    def __init__(self, authority: ScriptedAuthority, cache: TokenCache) -> None:
        self._authority = authority
        self._cache = cache

    def get_accounts(self) -> Sequence[Mapping[str, Any]]:
        return list(json.loads(self._cache.serialize()).get("Account", {}).values())

    def acquire_token_silent_with_error(
        self, scopes: list[str], account: Mapping[str, Any], *, force_refresh: bool
    ) -> Mapping[str, Any] | None:
        assert scopes == PLAIN_SCOPES
        content = json.loads(self._cache.serialize())
        stored = content["RefreshToken"][f"{account['home_account_id']}-rt"]
        answer = self._authority.answer(stored["secret"], force_refresh)
        if "refresh_token" in answer:
            stored["secret"] = answer["refresh_token"]
            stored["last_modification_time"] = str(int(stored["last_modification_time"]) + 1)
            self._cache.deserialize(json.dumps(content))
        return answer
