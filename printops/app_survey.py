"""What the app registration is and should be, read from the directory as whoever signs in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from printops.app_options import Proof, Target
from shared.accounts.sign_in import Acquire
from shared.directory.applying import NotAllowed
from shared.directory.client import DirectoryClient
from shared.directory.plan import Step, plan
from shared.directory.registration import Registration, Resource
from shared.directory.wanted import DirectoryProblem, Identity, Wanted, reasons, trust_of
from shared.errors import GraphDenied
from shared.graph.admin_token import AdministratorTokens
from shared.graph.application_calls import ApplicationCalls
from shared.permissions import Part
from shared.services import CONNECT_SECONDS
from shared.trust import trust


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command is about."""

    target: Target
    parts: frozenset[Part]
    proof: Proof
    sign_in: Acquire
    administrator: str
    secret: bool = False
    another_secret: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What the app should be, what it is, and the steps from the one to the other."""

    asked: Asked
    directory: DirectoryClient
    tokens: AdministratorTokens
    tenant_id: str
    wanted: Wanted
    identity: Identity | None
    resource: Resource
    found: Registration | None
    steps: Sequence[Step]

    async def again(self) -> Survey:
        """The same, read anew. Raises PrintFunctionsError."""
        return await _survey(self.asked, self.directory, self.tokens)

    def asks_the_same_as(self, other: Survey) -> bool:
        """Whether both are about the same app, and somebody who agreed to the one agreed to the other."""
        ids = [one.found.client_id if one.found is not None else None for one in (self, other)]
        shown = [[(step.key, step.sentence, step.details) for step in one.steps] for one in (self, other)]
        return ids[0] == ids[1] and shown[0] == shown[1]


@asynccontextmanager
async def surveyed(asked: Asked, permissions: Sequence[str]) -> AsyncIterator[Survey]:
    """Sign in, and read what there is. Raises PrintFunctionsError."""
    import httpx

    settings = asked.target.settings
    timeout = httpx.Timeout(settings.bounds.graph_timeout_seconds, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(verify=trust(settings.graph_ca_bundle), timeout=timeout) as http:
        tokens = AdministratorTokens(
            settings, permissions, asked.sign_in, now=now, administrator=asked.administrator.strip() or None
        )
        calls = ApplicationCalls(
            *(settings.graph_base_url, http, tokens),
            bounds=settings.bounds,
            sleep=asyncio.sleep,
            random=random.random,
        )
        yield await _survey(asked, DirectoryClient(calls), tokens)


def now() -> datetime:
    """The clock's."""
    return datetime.now(UTC)


async def _survey(asked: Asked, directory: DirectoryClient, tokens: AdministratorTokens) -> Survey:
    target, proof = asked.target, asked.proof
    try:
        resource = await directory.resource()
        identity = await directory.identity(proof.identity_id) if proof.identity_id else None
        found = await directory.find(client_id=target.client_id, name=target.name)
    except GraphDenied as error:
        raise NotAllowed(
            f"You may not read the tenant's app registrations ({error.operation}: {error.message}). It takes the "
            "directory role Cloud Application Administrator, or to check alone Global Reader."
        ) from error
    tenant_id = tokens.tenant_id or target.settings.graph_tenant_id
    if found is None and target.client_id is not None:
        raise DirectoryProblem(
            f"The tenant {tenant_id} has no app registration with the client id {target.client_id}. If it was made a "
            "moment ago, try again in a minute; else correct --app-id or GRAPH_CLIENT_ID, or make a new app by --name."
        )
    wanted = Wanted(
        found.display_name if found is not None else target.name,
        reasons(asked.parts),
        trust_of(identity, tenant_id, target.settings.graph_authority) if identity is not None else None,
        proof.certificate,
        asked.secret,
        asked.another_secret,
        asked.exact,
    )
    steps = plan(wanted, found, resource, now())
    return Survey(asked, directory, tokens, tenant_id, wanted, identity, resource, found, steps)
