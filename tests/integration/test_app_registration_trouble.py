"""The steps of an app registration where replies are lost, runs end early, and the directory takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.universal_print.directory.published import COMMAND_LINE_TOOLS
from emulator.universal_print.empty_tenant import ADMINISTRATOR, TENANT_ID
from emulator.universal_print.faults import Fault
from emulator.universal_print.tokens import managed_identity
from emulator.universal_print.world import AppRegistration
from shared.bounds import Bounds
from shared.directory.applying import SETTLING_WAITS, Applying
from shared.directory.client import DirectoryClient
from shared.directory.plan import PERMISSIONS_TO_CREATE, Action, Step, plan
from shared.directory.registration import Resource
from shared.directory.wanted import DEFAULT_PARTS, DirectoryProblem, Wanted, reasons, trust_of
from shared.errors import GraphError, GraphNotFound
from shared.graph.application_calls import ApplicationCalls
from tests.support.empty_tenant import EmptyTenant, empty_tenant
from tests.support.fleet_world import KnownToken


class Interrupted(Exception):
    """The run ends here."""


@dataclass(slots=True)
class Run:
    """Runs of the steps against the tenant; time passes for the directory while a run sleeps."""

    tenant: EmptyTenant
    directory: DirectoryClient
    resource: Resource
    wanted: Wanted
    slept: list[float] = field(default_factory=list)
    waited: list[Action] = field(default_factory=list)
    told: list[Action] = field(default_factory=list)

    async def once(self, end_after: int | None = None) -> int:
        """One run from a fresh look; how many steps it took. Interrupted after so many steps."""
        found = await self.directory.find(name=self.wanted.name)
        steps = plan(self.wanted, found, self.resource, datetime.now(UTC))
        done = 0

        def told(step: Step, answer: Mapping[str, Any]) -> None:
            nonlocal done
            del answer
            done += 1
            self.told.append(step.action)
            if done == end_after:
                raise Interrupted

        applying = Applying(
            *(self.directory, self.wanted, self.resource, found, lambda: datetime.now(UTC), self.sleep, told),
            waiting=lambda step: self.waited.append(step.action),
        )
        await applying.apply(steps)
        return done

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.tenant.emulator.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    @property
    def made(self) -> AppRegistration:
        """The one app of that name."""
        apps = self.tenant.emulator.world.apps.values()
        (own,) = [one for one in apps if one.display_name == self.wanted.name]
        return own

    def complete(self) -> bool:
        """Whether the app has all that it should have, each thing once."""
        made = self.made
        needed = len(self.wanted.reasons)
        return (
            len(made.application) + len(made.delegated) == len(made.asked) == needed
            and len(made.federated) == 1
            and made.service_principal_id != ""
        )


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    async with empty_tenant(tmp_path) as tenant:
        signed_in = await tenant.sign_in(ADMINISTRATOR, COMMAND_LINE_TOOLS, *PERMISSIONS_TO_CREATE)
        calls = ApplicationCalls(
            *(f"{tenant.url}/v1.0", tenant.http, KnownToken(signed_in.json()["access_token"])),
            bounds=Bounds(),
            sleep=asyncio.sleep,
            random=lambda: 0.0,
        )
        directory = DirectoryClient(calls)
        identity = await directory.identity(managed_identity.principal_id(TENANT_ID))
        trust = trust_of(identity, TENANT_ID, tenant.url)
        wanted = Wanted("Print", reasons(DEFAULT_PARTS), trust)
        yield Run(tenant, directory, await directory.resource(), wanted)


async def test_a_run_that_ends_after_any_step_is_finished_by_the_next(run: Run) -> None:
    whole = await run.once()
    for steps in range(1, whole):
        run.wanted = replace(run.wanted, name=f"Print {steps}")
        with pytest.raises(Interrupted):
            await run.once(end_after=steps)
        assert await run.once() == whole - steps
        assert run.complete()
        assert await run.once() == 0
    assert run.slept == []


@pytest.mark.parametrize(
    "operation",
    [
        *("createApplication", "createServicePrincipal", "createFederatedIdentityCredential"),
        *("createOAuth2PermissionGrant", "createAppRoleAssignment"),
    ],
)
@pytest.mark.parametrize("action", ["dropAfter", "dropBefore", "status"])
async def test_a_step_without_an_answer_is_done_once(run: Run, operation: str, action: Any) -> None:
    run.tenant.emulator.faults.add(Fault(action, operation, after=action == "status"))
    if (operation, action) == ("createApplication", "dropBefore"):
        # Nothing tells that it was not made but that it is not seen; a second one would stay for good.
        with pytest.raises(Exception, match="no reply"):
            await run.once()
        assert run.told == []
    await run.once()
    assert run.complete()


async def test_a_secret_without_an_answer_is_not_made_again_by_itself(run: Run) -> None:
    run.wanted = replace(run.wanted, secret=True)
    run.tenant.emulator.faults.add(Fault("dropAfter", "addApplicationPassword"))
    with pytest.raises(DirectoryProblem, match="--new-secret"):
        await run.once()
    assert len(run.made.expiring_secrets) == 1
    await run.once()
    assert (run.complete(), len(run.made.expiring_secrets)) == (True, 1)
    run.wanted = replace(run.wanted, another_secret=True)
    assert await run.once() == 1
    assert len(run.made.expiring_secrets) == 2


async def test_what_the_directory_does_not_know_yet_is_waited_for(run: Run) -> None:
    run.wanted = replace(run.wanted, secret=True)
    run.tenant.emulator.settings.directory_delay = timedelta(seconds=18)
    await run.once()
    assert run.complete()
    assert set(run.waited) == {Action.CREATE_PRINCIPAL, Action.CONSENT_FOR_PEOPLE}
    # Both objects take 18 seconds, and the waits grow: 1, 2, 4, 8 and 15 seconds.
    assert sum(run.slept) == 60


async def test_a_directory_that_never_knows_it_is_not_waited_for_without_end(run: Run) -> None:
    run.tenant.emulator.settings.directory_delay = timedelta(hours=1)
    with pytest.raises(GraphError) as refused:
        await run.once()
    assert (refused.value.status, run.told, sum(run.slept)) == (400, [Action.CREATE_APP], sum(SETTLING_WAITS))


async def test_an_app_that_is_not_new_and_is_gone_is_told_at_once(run: Run) -> None:
    await run.once()
    run.made.federated = ()
    run.made.created = datetime.now(UTC) - timedelta(hours=1)
    gone = Fault("status", "createFederatedIdentityCredential", status=404, code="Request_ResourceNotFound")
    run.tenant.emulator.faults.add(gone)
    with pytest.raises(GraphNotFound):
        await run.once()
    assert run.slept == []


async def test_a_throttled_step_waits_as_long_as_graph_asks(run: Run) -> None:
    run.tenant.emulator.faults.add(Fault("status", "createAppRoleAssignment", status=429, retry_after=7))
    await run.once()
    assert (run.complete(), run.slept) == (True, [7.0])
