"""The administrator's client on the emulator, and time that passes for the emulator while the client sleeps."""

from __future__ import annotations

from datetime import timedelta

from emulator.universal_print.world import User
from shared.bounds import Bounds
from shared.graph.admin_client import AdminClient
from shared.graph.application_calls import ApplicationCalls
from tests.support.managed_tenant import SET_UP_SCOPES, SetUp


class SignedIn:
    """A user's token from the emulator's authority."""

    def __init__(self, set_up: SetUp, user: User, scopes: tuple[str, ...]) -> None:
        self._set_up = set_up
        self._user = user
        self.scopes = scopes

    async def access_token(self) -> str:
        headers = await self._set_up.service.bearer(self._user, *self.scopes)
        return headers["Authorization"].removeprefix("Bearer ")

    def invalidate(self) -> None:
        raise AssertionError("Graph refused a token")

    def granted(self) -> tuple[str, ...]:
        return self.scopes


def administrator(
    set_up: SetUp,
    *scopes: str,
    user: User | None = None,
    slept: list[float] | None = None,
) -> AdminClient:
    """The client of the administrator, or of another user, with every scope of set-up unless some are named."""
    set_up.tenant.app.delegated |= frozenset(scopes)
    tokens = SignedIn(set_up, user or set_up.tenant.administrator, scopes or SET_UP_SCOPES)

    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)
        set_up.service.emulator.clock.advance(timedelta(seconds=seconds))

    return AdminClient(
        ApplicationCalls(
            f"{set_up.service.url}/v1.0", set_up.service.http, tokens, bounds=Bounds(), sleep=sleep, random=lambda: 0.5
        ),
        sleep=sleep,
        granted=tokens.granted,
    )
