"""What is kept of the subscription: which one it is, and with which secret it was made, without the secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared.errors import PrintFunctionsError

# Slow on purpose: whoever reads the state should not find a weak clientState by trying.
_ROUNDS = 100_000


class SubscriptionUnreadable(PrintFunctionsError):
    """The stored record is not one that this release can read. Upkeep makes a new one."""


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """The one subscription. Times are aware.

    `id` is None where there is none. `trouble` says why, or what keeps it from being looked after, since `troubled`.
    `secret` is what `secret_mark` made, with `salt`.
    `changed` is when it was last created or renewed. Until `claimed` one run has it in hand.
    """

    id: str | None = None
    resource: str = ""
    salt: str = ""
    secret: str = ""
    expires: datetime | None = None
    changed: datetime | None = None
    claimed: datetime | None = None
    trouble: str | None = None
    troubled: datetime | None = None


def secret_mark(client_state: str, salt: str) -> str:
    """What tells that a subscription was made with this clientState."""
    return hashlib.pbkdf2_hmac("sha256", client_state.encode(), salt.encode(), _ROUNDS).hex()


def encode_record(record: SubscriptionRecord) -> bytes:
    """The record as JSON."""
    values = {name: _plain(value) for name, value in asdict(record).items()}
    return json.dumps(values).encode()


def decode_record(content: bytes) -> SubscriptionRecord:
    """Read a record. Raises SubscriptionUnreadable."""
    try:
        values: dict[str, Any] = dict(json.loads(content))
        return SubscriptionRecord(
            id=_text(values, "id"),
            resource=_text(values, "resource") or "",
            salt=_text(values, "salt") or "",
            secret=_text(values, "secret") or "",
            expires=_moment(values, "expires"),
            changed=_moment(values, "changed"),
            claimed=_moment(values, "claimed"),
            trouble=_text(values, "trouble"),
            troubled=_moment(values, "troubled"),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise SubscriptionUnreadable(f"the record of the subscription cannot be read: {error!r}") from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _moment(values: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(values, name)
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{name} has no offset")
    return moment
