"""Chooses a print account for each document and keeps the whole pool within its limits, across instances."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.accounts import account as accounts
from shared.accounts.account import Account
from shared.accounts.budget import (
    ACCOUNT_CEILINGS,
    PRINTER_CEILINGS,
    Budget,
    Ceilings,
    Refused,
    Request,
    Reserved,
    give_back,
    reserve,
    room,
    settle,
    used,
)
from shared.accounts.shared_document import SharedDocument
from shared.bounds import DAY, Bounds
from shared.errors import AccountLapsed, NotNow
from shared.names import account_path, printer_path
from shared.storage.state import StateStore

# Places in submission become free within a moment: this is how often a document asks again (seconds, with jitter).
BUSY_POLL_SECONDS = 0.3
BUSY_DELAY_SECONDS = 2.0
# Marks the ceilings of a printer among those of accounts.
PRINTER_PREFIX = "printer:"
# Documents that wait for the same moment come back spread over this long.
SPREAD_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """How one account is. `use` gives for each ceiling what counts now and the limit (bytes or jobs)."""

    user_principal_name: str
    lapsed_since: datetime | None
    lapsed_reason: str | None
    throttled_until: datetime | None
    token_age_seconds: float | None
    in_submission: int
    use: Mapping[str, tuple[int, int]]


class AccountPool:
    """The print accounts of the settings. `random` gives numbers from 0 to 1."""

    def __init__(
        self,
        names: Sequence[str],
        store: StateStore,
        *,
        bounds: Bounds,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        account_ceilings: Ceilings = ACCOUNT_CEILINGS,
        printer_ceilings: Ceilings = PRINTER_CEILINGS,
    ) -> None:
        self._names = tuple(name.lower() for name in names)
        self._store = store
        self._bounds = bounds
        self._now = now
        self._sleep = sleep
        self._random = random
        self._account_ceilings = account_ceilings
        self._printer_ceilings = printer_ceilings
        self._accounts: dict[str, SharedDocument[Account]] = {}
        self._printers: dict[str, SharedDocument[Budget]] = {}

    def candidates(self, allowed: Collection[str] | None, avoid: Collection[str] = ()) -> list[str]:
        """The accounts that may be chosen: `allowed` (None: all), without those to avoid."""
        shunned = {name.lower() for name in avoid}
        welcome = set(self._names) if allowed is None else {name.lower() for name in allowed}
        return [name for name in self._names if name in welcome and name not in shunned]

    async def reserve(
        self,
        *,
        submission_key: str,
        printer_id: str,
        size_bytes: int,
        allowed: Collection[str] | None,
        avoid: Collection[str] = (),
    ) -> str:
        """The account that prints this document; asking again with the same key gives the same one, counted once.

        Waits a few seconds at most for a place in submission (`in_process_wait_seconds`). Raises NotNow where no
        account has room (`accountBudget`, `printerBudget`, `accountsBusy`), may be used (`noAccount`) or could be
        written (`contended`); AccountLapsed, without a single name, where all of them must sign in again.
        """
        names = self.candidates(allowed, avoid)
        if not names:
            raise NotNow(
                "noAccount",
                "None of the accounts that may print here is in PRINT_ACCOUNTS. Add one, or mend the share's catalog "
                "entry.",
                self._bounds.account_wait_seconds,
            )
        waited = 0.0
        while True:
            until = int(self._now().timestamp() + self._bounds.reservation_seconds)
            request = Request(submission_key, printer_id, size_bytes, until)
            chosen = await self._try(request, names)
            if isinstance(chosen, str):
                return chosen
            if chosen.until is not None or waited >= self._bounds.in_process_wait_seconds:
                raise self._not_now(chosen)
            pause = BUSY_POLL_SECONDS * (0.5 + self._random())
            waited += pause
            await self._sleep(pause)

    async def settle(self, submission_key: str, account: str, printer_id: str) -> None:
        """The document is no longer in submission: started, or given up. May be told again."""

        def settled(before: Account) -> tuple[Account, None]:
            budget = settle(before.budget, submission_key, self._account_ceilings, self._now().timestamp())
            return replace(before, budget=budget), None

        def printer_settled(before: Budget) -> tuple[Budget, None]:
            return settle(before, submission_key, self._printer_ceilings, self._now().timestamp()), None

        await asyncio.gather(self._account(account).change(settled), self._printer(printer_id).change(printer_settled))

    async def mark_lapsed(self, user_principal_name: str, reason: str) -> None:
        """The account has to sign in again; its documents wait. A sign-in of the last minute is not undone."""
        await self._update(user_principal_name, lambda before: accounts.lapse(before, reason, self._now()))

    async def mark_throttled(self, user_principal_name: str, delay: float) -> None:
        """Graph asked to wait `delay` seconds with this account."""
        until = self._now() + timedelta(seconds=delay)
        await self._update(user_principal_name, lambda before: accounts.throttle(before, until))

    async def mark_signed_in(self, user_principal_name: str) -> None:
        """Somebody signed in as the account."""
        await self._update(user_principal_name, lambda before: accounts.sign_in(before, self._now()))

    async def mark_refreshed(self, user_principal_name: str) -> None:
        """The account's refresh token was good."""
        await self._update(user_principal_name, lambda before: accounts.refresh(before, self._now()))

    async def statuses(self) -> list[AccountStatus]:
        """How every account is, in the order of the settings."""
        looks = await self._look(self._names, 0.0)
        return [self._status(name, looks[name]) for name in self._names]

    async def _try(self, request: Request, names: Sequence[str]) -> str | Refused:
        looks = await self._look(names, self._bounds.account_look_seconds)
        order = self._order(looks, request)
        if not order:
            return self._why_none(looks, request)
        held = await self._printer(request.printer_id).change(lambda before: self._for_printer(before, request))
        if isinstance(held, Refused):
            return held
        if held:
            order = await self._holder_first(order, request)
        answers: list[Refused] = []
        for name in order:
            answer = await self._account(name).change(lambda before: self._for_account(before, request))
            if answer is None:
                return name
            answers.append(answer)
        await self._printer(request.printer_id).change(lambda before: (give_back(before, request.key), None))
        return min(answers, key=lambda answer: answer.until or 0.0)

    def _order(self, looks: Mapping[str, Account], request: Request) -> list[str]:
        """The accounts with room, drawn at random so that twice the room left is four times as likely to be first."""
        now = self._now()
        ranks: dict[str, float] = {}
        for name, account in looks.items():
            free = room(account.budget, request, self._account_ceilings, now.timestamp())
            if free > 0 and account.usable(now):
                ranks[name] = math.log(max(self._random(), 1e-12)) / free**2
        return sorted(ranks, key=lambda name: ranks[name], reverse=True)

    async def _holder_first(self, order: list[str], request: Request) -> list[str]:
        """The key was given room before: stay with that account, or free it there."""
        looks = await self._look(self._names, 0.0)
        for name, account in looks.items():
            if request.key in account.budget.reservations:
                if name in order:
                    return [name, *(other for other in order if other != name)]
                await self._update(name, lambda before: replace(before, budget=give_back(before.budget, request.key)))
        return order

    def _for_printer(self, before: Budget, request: Request) -> tuple[Budget, bool | Refused]:
        answer = reserve(before, request, self._printer_ceilings, self._now().timestamp())
        if isinstance(answer, Reserved):
            return answer.budget, answer.renewed
        return before, replace(answer, ceiling=PRINTER_PREFIX + answer.ceiling)

    def _for_account(self, before: Account, request: Request) -> tuple[Account, Refused | None]:
        now = self._now()
        if not before.usable(now):
            return before, Refused("unusable", "an account that lapsed or is throttled", None)
        answer = reserve(before.budget, request, self._account_ceilings, now.timestamp())
        if isinstance(answer, Reserved):
            return replace(before, budget=answer.budget), None
        return before, answer

    def _why_none(self, looks: Mapping[str, Account], request: Request) -> Refused:
        """The refusal that ends soonest. Raises AccountLapsed where every account lapsed."""
        lapsed = {name: account.lapsed for name, account in looks.items() if account.lapsed}
        if len(lapsed) == len(looks):
            told = "; ".join(f"{name}: {lapse.reason}" for name, lapse in sorted(lapsed.items()))
            reason = f"Every account that may print here must sign in again with `printops login`. {told}"
            raise AccountLapsed("", reason, self._bounds.account_wait_seconds)
        refusals = []
        now = self._now()
        for account in looks.values():
            if account.throttled_until is not None and account.throttled(now):
                refusals.append(Refused("throttled", "Graph asked to wait", account.throttled_until.timestamp()))
            elif not account.lapsed:
                answer = reserve(account.budget, request, self._account_ceilings, now.timestamp())
                refusals += [answer] if isinstance(answer, Refused) else []
        # An account that got free in between is found by the next try.
        return min(refusals, key=lambda refusal: refusal.until or 0.0, default=Refused("inSubmission", "", None))

    def _not_now(self, refused: Refused) -> NotNow:
        of_printer = refused.ceiling.startswith(PRINTER_PREFIX)
        if refused.until is None:
            return NotNow(
                "accountsBusy",
                "All places in submission are taken; a document before this one must get through first.",
                BUSY_DELAY_SECONDS * (0.5 + self._random()),
            )
        delay = max(refused.until - self._now().timestamp(), 1.0) + SPREAD_SECONDS * self._random()
        when = datetime.fromtimestamp(refused.until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        whose = "The printer has" if of_printer else "The print accounts have"
        code = "printerBudget" if of_printer else "accountBudget"
        return NotNow(code, f"{whose} no room until about {when} ({refused.text}).", min(delay, DAY))

    async def _look(self, names: Sequence[str], age_seconds: float) -> dict[str, Account]:
        found = await asyncio.gather(*(self._account(name).look(age_seconds) for name in names))
        return dict(zip(names, found, strict=True))

    async def _update(self, name: str, change: Callable[[Account], Account]) -> None:
        await self._account(name).change(lambda before: (change(before), None))

    def _status(self, name: str, account: Account) -> AccountStatus:
        now = self._now()
        return AccountStatus(
            user_principal_name=name,
            lapsed_since=account.lapsed.since if account.lapsed else None,
            lapsed_reason=account.lapsed.reason if account.lapsed else None,
            throttled_until=account.throttled_until if account.throttled(now) else None,
            token_age_seconds=(now - account.refreshed).total_seconds() if account.refreshed else None,
            in_submission=len(account.budget.reservations),
            use=used(account.budget, self._account_ceilings, now.timestamp()),
        )

    def _account(self, name: str) -> SharedDocument[Account]:
        name = name.lower()
        if name not in self._accounts:
            path, decode, encode = account_path(name), accounts.decode_account, accounts.encode_account
            document = SharedDocument(self._store, path, decode, encode, self._now, self._sleep, self._random)
            self._accounts[name] = document
        return self._accounts[name]

    def _printer(self, printer_id: str) -> SharedDocument[Budget]:
        if printer_id not in self._printers:
            path, decode, encode = printer_path(printer_id), accounts.decode_printer, accounts.encode_printer
            document = SharedDocument(self._store, path, decode, encode, self._now, self._sleep, self._random)
            self._printers[printer_id] = document
        return self._printers[printer_id]
