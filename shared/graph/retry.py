"""The one retry rule. The SDK's own is off: it repeats POST, and a repeated POST makes a second job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.bounds import Bounds
from shared.errors import GraphDenied, GraphThrottled, GraphUnavailable, NoReply, NotNow

# Waits between repeats of a read start here and double, as Graph asks for where it names no Retry-After.
FIRST_WAIT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Retry:
    """The rule within these bounds. `random` gives numbers from 0 to 1."""

    bounds: Bounds
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]

    async def call[T](
        self, send: Callable[[], Awaitable[T]], *, repeatable: bool, renew_token: Callable[[], None]
    ) -> T:
        """Run `send`, again where that is safe and the wait is short.

        Only a call that changes nothing, or whose repetition the service refuses, may say `repeatable`. A call that may
        not be repeated raises at the first trouble, and the caller looks up what it did; but a 401 is answered before
        anything is done, and `renew_token` makes the next send take another token. Raises NotNow where Graph asks for a
        longer wait than a running function may spend, else what `send` raised last.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return await _authorised(send, renew_token)
            except GraphThrottled as error:
                wait = error.retry_after if error.retry_after is not None else self._wait(attempt)
                if not repeatable:
                    raise
                if self._is_long(wait) or attempt >= self.bounds.graph_attempts:
                    reason = f"Graph asks to wait {wait:.0f} s ({error.operation})"
                    raise NotNow("graphThrottled", reason, wait) from error
            except GraphUnavailable as error:
                if not repeatable or attempt >= self.bounds.graph_attempts:
                    raise
                wait = error.retry_after if error.retry_after is not None else self._wait(attempt)
                if self._is_long(wait):
                    raise NotNow("graphUnavailable", f"Graph is unavailable ({error.operation})", wait) from error
            except NoReply:
                if not repeatable or attempt >= self.bounds.graph_attempts:
                    raise
                wait = self._wait(attempt)
            await self.sleep(wait)

    def _is_long(self, seconds: float) -> bool:
        return seconds > self.bounds.in_process_wait_seconds

    def _wait(self, attempt: int) -> float:
        return FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1) * (0.5 + self.random())


async def _authorised[T](send: Callable[[], Awaitable[T]], renew_token: Callable[[], None]) -> T:
    """One fresh token tells one that has expired from an account, or an app, that is refused."""
    try:
        return await send()
    except GraphDenied as error:
        if error.status != 401:
            raise
    renew_token()
    return await send()
