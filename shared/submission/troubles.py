"""The one place that says what each error means for a submission."""

from __future__ import annotations

from dataclasses import dataclass

from shared.bounds import Bounds
from shared.catalog import CatalogUnreadable
from shared.errors import (
    AccountLapsed,
    DocumentRejected,
    GraphConflict,
    GraphDenied,
    GraphError,
    GraphNotFound,
    GraphThrottled,
    GraphUnavailable,
    NoReply,
    NotNow,
    UploadFailed,
)
from shared.sealing import SealBroken
from shared.submission.claims import backoff, spread
from shared.submission.record import Outcome, Record, Result, State


@dataclass(frozen=True, slots=True)
class Reject:
    """The submission ends here."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class PutOff:
    """Try again after `delay` seconds. `fresh` means that the job so far is of no use and another is made."""

    delay: float
    code: str
    reason: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class OtherAccount:
    """The account may not print on the share: try the others."""

    account: str
    reason: str


# Nobody said when the service will be there again: thousands of documents do not ask every few seconds for hours.
AWAY = frozenset({"graphUnreachable", "authorityUnavailable"})
BUDGETS = frozenset({"accountBudget", "printerBudget"})
# Until the start is sent nothing can have been printed, so another job may be made.
REPLACEABLE = frozenset({State.ACCEPTED, State.CREATING, State.CREATED})


def meaning(error: Exception, record: Record, bounds: Bounds, random: float) -> Reject | PutOff | OtherAccount | None:
    """What to do about `error`; None where it is not one of ours and must be seen by the host.

    `random` lies between 0 and 1.
    """
    later = backoff(record.attempts, bounds, random)
    replaceable = record.state in REPLACEABLE
    match error:
        case DocumentRejected():
            return Reject(Outcome(Result.FAILED, error.code, error.reason))
        case CatalogUnreadable():
            return PutOff(later, "catalogUnreadable", f"{error}. Publish the catalog again.")
        case AccountLapsed():
            if replaceable and record.job is not None:
                # Another account may be in order, and a job that was not started can be left behind.
                return PutOff(1.0, error.code, error.reason, fresh=True)
            return PutOff(bounds.account_wait_seconds, error.code, error.reason)
        case NotNow() if error.code in AWAY:
            return PutOff(max(error.delay, later), error.code, error.reason)
        case NotNow() if error.code in BUDGETS:
            return PutOff(error.delay + spread(record.attempts, random), error.code, error.reason)
        case NotNow():
            return PutOff(max(error.delay, 1.0), error.code, error.reason)
        case GraphThrottled():
            wait = error.retry_after if error.retry_after is not None else later
            return PutOff(max(wait, 1.0), "graphThrottled", "Graph asked to wait before the next call.")
        case GraphUnavailable():
            wait = max(error.retry_after or 0.0, later)
            return PutOff(wait, "graphUnavailable", f"Graph is in trouble: {error.status} {error.code}.")
        case NoReply():
            return PutOff(later, "noReply", f"No answer came to: {error.operation}.")
        case GraphDenied() if error.status == 403 and replaceable and record.job is not None:
            return OtherAccount(record.job.account, f"{error.code}: {error.message}")
        case GraphDenied():
            return PutOff(max(later, bounds.account_wait_seconds), "accountRefused", f"{error.code}: {error.message}")
        case GraphError() if record.state is State.CLOSING:
            # How it ended is known: nothing that fails while it is written down may change it.
            return PutOff(later, "closing", f"{error.operation}: {error.status} {error.code}")
        case GraphNotFound() if record.state is State.CREATING:
            return Reject(
                Outcome(
                    Result.FAILED,
                    "shareGone",
                    "Graph knows no such printer share. Publish the catalog again, then retry this document.",
                )
            )
        case GraphNotFound() if replaceable:
            return PutOff(later, "jobGone", "The job vanished before it was started; another is made.", fresh=True)
        case GraphNotFound():
            return Reject(
                Outcome(
                    Result.FAILED,
                    "outcomeUnknown",
                    "The job was started and is no longer known to Universal Print, so nobody can tell whether it was "
                    "printed. Look at the printer's output; retry this document only if no paper came out.",
                )
            )
        case GraphConflict() if record.state is State.CREATING:
            return PutOff(
                later, "printerRefuses", f"The printer takes no jobs now: {error.code}: {error.message}", fresh=True
            )
        case GraphConflict() if record.state is State.CREATED:
            return PutOff(later, "jobUnusable", "The job takes no upload any more; another is made.", fresh=True)
        case SealBroken() if replaceable and record.job is not None and record.job.upload is not None:
            return PutOff(later, "uploadLost", "TOKEN_CACHE_KEY was changed; another job is made.", fresh=True)
        case UploadFailed() if replaceable:
            return PutOff(later, "uploadFailed", f"{error} Another job is made.", fresh=True)
        case GraphError() if replaceable and 400 <= error.status < 500:
            return Reject(
                Outcome(Result.FAILED, "graphRefused", f"Graph refused the job: {error.code}: {error.message}")
            )
        case GraphError():
            return PutOff(later, "graphRefused", f"{error.operation}: {error.status} {error.code}")
        case _:
            return None
