"""Keeps sign-ins alive: a refresh token that nobody uses for 90 days is dead (Entra: refresh token lifetime)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from shared.accounts.pool import AccountPool, AccountStatus
from shared.accounts.tokens import AccountTokens
from shared.bounds import DAY
from shared.errors import AccountLapsed, NotNow

logger = logging.getLogger(__name__)

# An account that prints refreshes every hour by itself; one that rests is refreshed once a day.
REST_SECONDS = float(DAY)


def in_need(statuses: Sequence[AccountStatus]) -> list[str]:
    """The accounts to refresh: those that rested for a day, and lapsed ones, which may be in order again. Pure."""
    return [
        status.user_principal_name
        for status in statuses
        if status.lapsed_since is not None
        or (status.token_age_seconds is not None and status.token_age_seconds >= REST_SECONDS)
    ]


async def keep_alive(pool: AccountPool, tokens: AccountTokens) -> None:
    """Refresh the accounts in need. One that must sign in is marked, so that an alert names it."""
    for name in in_need(await pool.statuses()):
        try:
            await tokens.keep_alive(name)
        except AccountLapsed as error:
            await pool.mark_lapsed(name, error.reason)
        except NotNow as error:
            logger.warning("%s could not be refreshed: %s", name, error)
