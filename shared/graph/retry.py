"""The one retry rule. The SDK's own is off: it repeats POST, and a repeated POST makes a second job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.bounds import Bounds
from shared.errors import GraphThrottled, GraphUnavailable, NoReply, NotNow

# Waits between repeats of a read start here and double, as Graph asks for where it names no Retry-After.
FIRST_WAIT_SECONDS = 0.25


async def call[T](
    send: Callable[[], Awaitable[T]],
    *,
    repeatable: bool,
    bounds: Bounds,
    sleep: Callable[[float], Awaitable[None]],
    random: Callable[[], float],
) -> T:
    """Run `send`, again where that is safe and the wait is short.

    Only a call that changes nothing, or whose repetition the service refuses, may say `repeatable`. A call that may
    not be repeated raises at the first trouble, and the caller looks up what it did. Raises NotNow where Graph asks
    for a longer wait than a running function may spend, else what `send` raised last.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return await send()
        except GraphThrottled as error:
            wait = error.retry_after if error.retry_after is not None else _wait(attempt, random())
            if not repeatable:
                raise
            if wait > bounds.in_process_wait_seconds or attempt >= bounds.graph_attempts:
                raise NotNow("graphThrottled", f"Graph asks to wait {wait:.0f} s ({error.operation})", wait) from error
        except GraphUnavailable as error:
            if not repeatable or attempt >= bounds.graph_attempts:
                raise
            wait = error.retry_after if error.retry_after is not None else _wait(attempt, random())
            if wait > bounds.in_process_wait_seconds:
                raise NotNow("graphUnavailable", f"Graph is unavailable ({error.operation})", wait) from error
        except NoReply:
            if not repeatable or attempt >= bounds.graph_attempts:
                raise
            wait = _wait(attempt, random())
        await sleep(wait)


def _wait(attempt: int, random: float) -> float:
    return FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1) * (0.5 + random)
