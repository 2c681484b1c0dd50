"""The pool: fair, within the limits across instances, and clear about why there is no account now."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from shared.accounts.budget import ACCOUNT_CEILINGS, PRINTER_CEILINGS, Ceilings, Unit, Window
from shared.accounts.pool import AccountPool
from shared.errors import AccountLapsed, NotNow
from shared.names import account_path
from tests.support.accounts import ONE, TWO, SharedStore, make_pool
from tests.support.clock import Clock

THREE_JOBS = Ceilings((Window("few", Unit.JOBS, 3, 600, "3 jobs in 10 minutes"),), in_submission=4)


async def reserve(pool: AccountPool, key: str, printer: str = "p", size: int = 1000) -> str:
    return await pool.reserve(submission_key=key, printer_id=printer, size_bytes=size, allowed=None)


async def test_the_same_submission_gets_the_same_account_and_is_counted_once() -> None:
    store, clock = SharedStore(), Clock()
    first = await reserve(make_pool(store, clock), "k")
    for seed in range(2, 12):
        assert await reserve(make_pool(store, clock, seed=seed), "k") == first
    statuses = {status.user_principal_name: status for status in await make_pool(store, clock).statuses()}
    assert statuses[first].use["jobsIn10Minutes"] == (1, 200)
    assert sum(status.in_submission for status in statuses.values()) == 1


async def test_documents_are_spread_over_the_accounts_by_the_room_they_have() -> None:
    store, clock = SharedStore(), Clock()
    pool = make_pool(store, clock)
    chosen: Counter[str] = Counter()
    for number in range(150):
        account = await reserve(pool, f"k{number}", printer=f"p{number % 10}")
        chosen[account] += 1
        await pool.settle(f"k{number}", account, f"p{number % 10}")
    assert abs(chosen[ONE] - chosen[TWO]) <= 30


async def test_a_document_goes_only_to_the_accounts_of_its_share_and_not_to_those_to_avoid() -> None:
    pool = make_pool(SharedStore(), Clock())
    for number in range(4):
        account = await pool.reserve(
            submission_key=f"k{number}", printer_id="p", size_bytes=1, allowed=[TWO.upper()], avoid=()
        )
        assert account == TWO
    assert pool.candidates(None, [ONE]) == [TWO]
    with pytest.raises(NotNow) as refused:
        await pool.reserve(submission_key="x", printer_id="p", size_bytes=1, allowed=[TWO], avoid=[TWO])
    assert refused.value.code == "noAccount"


async def test_a_full_printer_window_puts_documents_off_until_it_has_room() -> None:
    store, clock = SharedStore(), Clock()
    pool = make_pool(store, clock, printer=THREE_JOBS)
    for key in "abc":
        await pool.settle(key, await reserve(pool, key), "p")
    with pytest.raises(NotNow) as refused:
        await reserve(pool, "d")
    assert refused.value.code == "printerBudget"
    assert "3 jobs in 10 minutes" in refused.value.reason
    assert 600 <= refused.value.delay <= 700
    clock.advance(refused.value.delay)
    assert await reserve(pool, "d") in (ONE, TWO)


async def test_full_accounts_put_documents_off_and_leave_no_reservation_at_the_printer() -> None:
    store, clock = SharedStore(), Clock()
    pool = make_pool(store, clock, account=THREE_JOBS)
    for key in "abcdef":
        await pool.settle(key, await reserve(pool, key), "p")
    for key in "ghijklmn":
        with pytest.raises(NotNow) as refused:
            await reserve(make_pool(store, clock, account=THREE_JOBS), key)
        assert refused.value.code == "accountBudget"
    clock.advance(700)
    assert await reserve(pool, "g") in (ONE, TWO)
    printer = store.documents["printers/p.json"].content.decode()
    assert '"g"' in printer
    assert '"h"' not in printer


async def test_a_document_waits_a_moment_for_a_place_and_takes_the_one_that_gets_free() -> None:
    clock = Clock()
    pool = make_pool(SharedStore(), clock, [ONE])
    for key in "abcd":
        await reserve(pool, key)
    waiting = asyncio.create_task(reserve(pool, "e"))
    for _ in range(60):
        await asyncio.sleep(0)
    assert not waiting.done()
    await pool.settle("a", ONE, "p")
    assert await waiting == ONE


async def test_a_document_that_finds_no_place_in_time_comes_back_soon() -> None:
    clock = Clock()
    pool = make_pool(SharedStore(), clock, [ONE])
    for key in "abcd":
        await reserve(pool, key)
    with pytest.raises(NotNow) as refused:
        await reserve(pool, "e")
    assert refused.value.code == "accountsBusy"
    assert refused.value.delay <= 5
    assert 5 <= sum(clock.slept) <= 6


async def test_a_lapsed_account_gets_nothing_until_somebody_signs_in() -> None:
    pool = make_pool(SharedStore(), Clock())
    await pool.mark_lapsed(ONE, "the password was changed")
    assert {await reserve(pool, key) for key in "abcd"} == {TWO}
    await pool.mark_lapsed(TWO, "the account was disabled")
    with pytest.raises(AccountLapsed) as lapsed:
        await reserve(pool, "e")
    for told in (ONE, TWO, "the password was changed", "the account was disabled", "printops login"):
        assert told in lapsed.value.reason
    await pool.mark_signed_in(ONE)
    assert await reserve(pool, "e") == ONE


async def test_a_sign_in_on_another_machine_is_seen_within_seconds() -> None:
    store, clock = SharedStore(), Clock()
    pool = make_pool(store, clock, [ONE])
    await pool.mark_lapsed(ONE, "expired")
    await make_pool(store, clock, [ONE]).mark_signed_in(ONE)
    clock.advance(1.5)
    assert await reserve(pool, "a") == ONE


async def test_a_failure_with_the_old_sign_in_does_not_undo_a_new_one() -> None:
    clock = Clock()
    pool = make_pool(SharedStore(), clock, [ONE])
    await pool.mark_signed_in(ONE)
    await pool.mark_lapsed(ONE, "of before")
    assert await reserve(pool, "a") == ONE
    clock.advance(61)
    await pool.mark_lapsed(ONE, "expired")
    await pool.mark_lapsed(ONE, "a later reason")
    assert [status.lapsed_reason for status in await pool.statuses()] == ["expired"]


async def test_a_throttled_account_rests_and_the_others_go_on() -> None:
    store, clock = SharedStore(), Clock()
    pool = make_pool(store, clock)
    await pool.mark_throttled(ONE, 120)
    assert {await reserve(pool, key) for key in "abcd"} == {TWO}
    await pool.mark_throttled(TWO, 60)
    with pytest.raises(NotNow) as refused:
        await reserve(pool, "e")
    assert refused.value.code == "accountBudget"
    assert 60 <= refused.value.delay <= 81
    clock.advance(61)
    assert await reserve(pool, "f", printer="q") == TWO


async def test_a_burst_on_three_instances_stay_within_every_limit() -> None:
    store, clock = SharedStore(), Clock()
    pools = [make_pool(store, clock, seed=seed) for seed in range(3)]
    in_submission: Counter[tuple[str, str]] = Counter()
    most: Counter[tuple[str, str]] = Counter()
    queue = [f"k{number}" for number in range(150)]
    printed: Counter[str] = Counter()
    put_off: Counter[str] = Counter()

    async def work(pool: AccountPool) -> None:
        while queue:
            key = queue.pop()
            printer = f"p{int(key[1:]) % 3}"
            try:
                account = await reserve(pool, key, printer)
            except NotNow as later:
                put_off[later.code] += 1
                queue.append(key)
                continue
            place = (account, printer)
            in_submission[place] += 1
            most[place] = max(most[place], in_submission[place])
            for _ in range(5):
                await asyncio.sleep(0)
            in_submission[place] -= 1
            await pool.settle(key, account, printer)
            printed[account] += 1

    await asyncio.gather(*(work(pools[number % 3]) for number in range(24)))
    assert sum(printed.values()) == 150
    assert set(put_off) <= {"accountsBusy"}
    assert max(most.values()) <= ACCOUNT_CEILINGS.in_submission
    uses = {status.user_principal_name: status.use for status in await pools[0].statuses()}
    assert {name: use["jobsIn12Days"][0] for name, use in uses.items()} == dict(printed)


async def test_a_burst_on_one_instance_shares_its_writes() -> None:
    store = SharedStore()
    pool = make_pool(store, Clock())
    await asyncio.gather(*(reserve(pool, str(number), printer=f"p{number % 5}") for number in range(20)))
    assert store.calls["write"] <= 20
    assert store.calls["read"] <= 12


async def test_a_worker_that_is_cancelled_in_its_turn_does_not_take_the_others_along() -> None:
    store = SharedStore()
    pool = make_pool(store, Clock())
    workers = [asyncio.create_task(reserve(pool, str(number), printer=f"p{number}")) for number in range(6)]
    for _ in range(12):
        await asyncio.sleep(0)
    workers[0].cancel()
    results = await asyncio.gather(*workers, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(result in (ONE, TWO) for result in results[1:])


async def test_an_account_document_is_plain_json_without_secrets() -> None:
    store, clock = SharedStore(), Clock()
    pool = make_pool(store, clock, [ONE])
    await reserve(pool, "k")
    await pool.mark_lapsed(ONE, "expired")
    content = store.documents[account_path(ONE)].content
    assert content == (
        b'{"version":1,"lapsed":{"since":"2026-03-02T08:00:00Z","reason":"expired"},"throttledUntil":null,'
        b'"signedIn":null,"lastRefresh":null,"budget":{"buckets":{},"reservations":{"k":["p",1772442000,1000]}}}'
    )


async def test_the_token_age_is_the_time_since_the_last_good_refresh() -> None:
    store, clock = SharedStore(), Clock()
    await make_pool(store, clock).mark_refreshed(ONE)
    clock.advance(90)
    ages = [status.token_age_seconds for status in await make_pool(store, clock).statuses()]
    assert ages == [90, None]


def test_the_limits_are_those_that_microsoft_documents() -> None:
    assert {window.name: window.limit for window in ACCOUNT_CEILINGS.windows} == {
        "jobsIn10Minutes": 200,
        "jobsIn12Days": 10_000,
        "bytesIn15Minutes": 10**9,
        "bytesIn10Days": 50 * 10**9,
    }
    assert (ACCOUNT_CEILINGS.in_submission, PRINTER_CEILINGS.in_submission) == (4, 50)
    assert PRINTER_CEILINGS.windows[0].limit == 100
