"""What is stored of a print account and of a printer beside secrets: health and budget, as compact JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.accounts.budget import Budget, Reservation, Use
from shared.errors import PrintFunctionsError

ACCOUNT_VERSION = 1
# A worker that failed with the sign-in of before must not undo a sign-in that was made meanwhile.
FRESH_SIGN_IN = timedelta(minutes=1)


class AccountUnreadable(PrintFunctionsError):
    """What is stored of a print account or a printer is not what this app wrote. Deleted, it is made anew."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """Since when, and why, an account has no usable sign-in."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Account:
    """One print account. Times are UTC; None where it never happened."""

    budget: Budget = field(default_factory=Budget)
    lapsed: Lapse | None = None
    throttled_until: datetime | None = None
    signed_in: datetime | None = None
    refreshed: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether documents may be given to it now, as far as its health goes."""
        return self.lapsed is None and not self.throttled(now)

    def throttled(self, now: datetime) -> bool:
        """Whether Graph asked to wait with this account."""
        return self.throttled_until is not None and self.throttled_until > now


def lapse(account: Account, reason: str, now: datetime) -> Account:
    """The sign-in is of no use any more. The first reason stays, and a sign-in of this very moment is trusted."""
    fresh = account.signed_in is not None and now - account.signed_in < FRESH_SIGN_IN
    return account if account.lapsed or fresh else replace(account, lapsed=Lapse(now, reason))


def sign_in(account: Account, now: datetime) -> Account:
    """Somebody signed in again."""
    return replace(account, lapsed=None, signed_in=now, refreshed=now)


def refresh(account: Account, now: datetime) -> Account:
    """The refresh token proved good, so the account is in order whatever was thought of it."""
    return replace(account, lapsed=None, refreshed=now)


def throttle(account: Account, until: datetime) -> Account:
    """Graph's own word overrides the count of ours."""
    longer = account.throttled_until is None or account.throttled_until < until
    return replace(account, throttled_until=until) if longer else account


def encode_account(account: Account) -> bytes:
    """The document at `names.account_path`."""
    return _dump(
        {
            "version": ACCOUNT_VERSION,
            "lapsed": account.lapsed and {"since": _text(account.lapsed.since), "reason": account.lapsed.reason},
            "throttledUntil": _text(account.throttled_until),
            "signedIn": _text(account.signed_in),
            "lastRefresh": _text(account.refreshed),
            "budget": _budget_values(account.budget),
        }
    )


def decode_account(content: bytes | None) -> Account:
    """Read an account's document; None is an account that was never used. Raises AccountUnreadable."""
    if content is None:
        return Account()
    with _reading("accounts/"):
        values = json.loads(content)
        lapsed = values["lapsed"]
        return Account(
            budget=_budget(values["budget"]),
            lapsed=Lapse(datetime.fromisoformat(lapsed["since"]), lapsed["reason"]) if lapsed else None,
            throttled_until=_moment(values["throttledUntil"]),
            signed_in=_moment(values["signedIn"]),
            refreshed=_moment(values["lastRefresh"]),
        )


def encode_printer(budget: Budget) -> bytes:
    """The document at `names.printer_path`."""
    return _dump({"version": ACCOUNT_VERSION, "budget": _budget_values(budget)})


def decode_printer(content: bytes | None) -> Budget:
    """Read a printer's document; None is a printer that was never used. Raises AccountUnreadable."""
    if content is None:
        return Budget()
    with _reading("printers/"):
        return _budget(json.loads(content)["budget"])


@contextmanager
def _reading(folder: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AccountUnreadable(
            f"a blob below {folder} in print-state is damaged ({error!r}); delete it, and it is made anew"
        ) from error


def _budget_values(budget: Budget) -> dict[str, Any]:
    return {
        "buckets": {
            str(length): [[start, use.jobs, use.bytes] for start, use in sorted(kept.items())]
            for length, kept in sorted(budget.buckets.items())
        },
        "reservations": {
            key: [kept.printer_id, kept.until, kept.size_bytes] for key, kept in sorted(budget.reservations.items())
        },
    }


def _budget(values: Mapping[str, Any]) -> Budget:
    return Budget(
        buckets={
            int(length): {start: Use(jobs, size) for start, jobs, size in kept}
            for length, kept in values["buckets"].items()
        },
        reservations={
            key: Reservation(printer_id, until, size)
            for key, (printer_id, until, size) in values["reservations"].items()
        },
    )


def _dump(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
