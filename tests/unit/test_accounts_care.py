"""Sign-ins are used before they die, and a lapsed one is tried again."""

from __future__ import annotations

from typing import cast

from shared.accounts.care import keep_alive
from shared.accounts.tokens import AccountTokens
from shared.errors import AccountLapsed, NotNow
from tests.support.accounts import ONE, TWO, SharedStore, make_pool
from tests.support.clock import Clock

DAY = 24 * 60 * 60


class Authority:
    """Notes which accounts were refreshed; `failing` ones raise."""

    def __init__(self, **failing: NotNow) -> None:
        self.refreshed: list[str] = []
        self.failing = failing

    async def keep_alive(self, name: str) -> None:
        self.refreshed.append(name)
        if name.partition("@")[0] in self.failing:
            raise self.failing[name.partition("@")[0]]


def tokens(authority: Authority) -> AccountTokens:
    return cast("AccountTokens", authority)


async def test_an_account_that_rested_for_a_day_is_refreshed_and_a_busy_one_is_left_alone() -> None:
    clock, authority = Clock(), Authority()
    pool = make_pool(SharedStore(), clock)
    await pool.mark_signed_in(ONE)
    clock.advance(DAY)
    await pool.mark_signed_in(TWO)
    await keep_alive(pool, tokens(authority))
    assert authority.refreshed == [ONE]


async def test_an_account_that_never_signed_in_is_not_asked_for() -> None:
    authority = Authority()
    await keep_alive(make_pool(SharedStore(), Clock()), tokens(authority))
    assert authority.refreshed == []


async def test_an_account_whose_refresh_is_refused_is_marked_and_the_others_still_get_their_turn() -> None:
    clock = Clock()
    authority = Authority(print1=AccountLapsed(ONE, "revoked", 300))
    pool = make_pool(SharedStore(), clock)
    for name in (ONE, TWO):
        await pool.mark_signed_in(name)
    clock.advance(DAY)
    await keep_alive(pool, tokens(authority))
    assert authority.refreshed == [ONE, TWO]
    lapsed = {status.user_principal_name: status.lapsed_reason for status in await pool.statuses()}
    assert lapsed == {ONE: "revoked", TWO: None}


async def test_a_lapsed_account_is_tried_again_and_trouble_at_the_authority_changes_nothing() -> None:
    clock = Clock()
    authority = Authority(print1=NotNow("authorityUnavailable", "down", 30))
    pool = make_pool(SharedStore(), clock)
    await pool.mark_lapsed(ONE, "wrong key")
    await keep_alive(pool, tokens(authority))
    assert authority.refreshed == [ONE]
    assert (await pool.statuses())[0].lapsed_reason == "wrong key"
