"""Every operation of the product's clients on one emulator, each with a token of just these permissions.

Whoever is refused is helped out by a token with everything, so that one walk through a flow tells all refusals.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.universal_print.tokens import signing
from emulator.universal_print.world import User
from shared.bounds import Bounds
from shared.errors import GraphDenied
from shared.graph import admin_client
from shared.graph.admin_client import AdminClient
from shared.graph.app_client import AppClient
from shared.graph.application_calls import ApplicationCalls
from shared.graph.print_client import PrintClient
from shared.graph.reports_client import ReportsClient
from shared.graph.subscription_client import SubscriptionClient
from shared.graph.task_client import TaskClient
from shared.permissions import PERMISSIONS
from tests.support.emulated_service import PDF, quick_settings
from tests.support.emulated_tasks import Tap, running_tap
from tests.support.managed_tenant import signing_request
from tests.support.notified import notified_endpoint

EVERYTHING = frozenset(row.name for row in PERMISSIONS)
# The permissions of the token that an operation is tried with, by the operation's name.
type Granted = Callable[[str], Collection[str]]


async def _no_sleep(seconds: float) -> None:
    raise AssertionError(f"nothing was to be waited for, not {seconds} s")


class Token:
    """A token of the emulator's with these permissions, for an app or a user; `first` is used once before it."""

    def __init__(
        self, tap: Tap, user: User | None, names: Collection[str], first: Collection[str] | None = None
    ) -> None:
        self._make = partial(_signed, tap, user)
        self._names = names
        self._first = first

    async def access_token(self, user_principal_name: str = "") -> str:
        """As an app, an administrator or a print account asks for it."""
        del user_principal_name
        names, self._first = (self._names if self._first is None else self._first), None
        return self._make(names)

    def invalidate(self, user_principal_name: str = "") -> None:
        raise AssertionError(f"the token was refused {user_principal_name}")


def _signed(tap: Tap, user: User | None, names: Collection[str]) -> str:
    world, now = tap.tenant.world, tap.service.emulator.clock.now()
    return signing.access_token(world, tap.tenant.app, user, sorted(names), now, timedelta(hours=1))


@dataclass(slots=True)
class Walk:
    """A walk through a flow. `refused` are the operations that the token could not do, in `done` are all."""

    granted: Granted
    refused: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    async def take[T](self, operation: str, act: Callable[[Collection[str]], Awaitable[T]]) -> T:
        """Do it with what is granted for it, and where Graph refuses with everything."""
        self.done.add(operation)
        try:
            return await act(self.granted(operation))
        except GraphDenied as error:
            if (error.operation, error.status) != (operation, 403):
                raise
            self.refused.add(operation)
            return await act(EVERYTHING)


@dataclass(slots=True)
class Clients:
    """Makes the product's clients on the emulator, with tokens of these permissions."""

    tap: Tap
    notification_url: str
    new_http: Callable[[], httpx.AsyncClient]

    @property
    def _address(self) -> str:
        return f"{self.tap.service.url}/v1.0"

    def _options(self, *, waits: bool = False) -> dict[str, Any]:
        return {"bounds": Bounds(), "sleep": self._pass if waits else _no_sleep, "random": lambda: 0.5}

    async def _pass(self, seconds: float) -> None:
        self.tap.service.emulator.clock.advance(timedelta(seconds=seconds))

    def printing(self, names: Collection[str]) -> PrintClient:
        """The client of a print account."""
        token = Token(self.tap, self.tap.tenant.anna, names)
        return PrintClient(self._address, self.new_http, token, **self._options())

    def reports(self, names: Collection[str]) -> ReportsClient:
        """The client of the reports account."""
        anna = self.tap.tenant.anna
        token = Token(self.tap, anna, names)
        return ReportsClient(self._address, self.tap.service.http, token, anna.user_principal_name, **self._options())

    def tasks(self, names: Collection[str]) -> TaskClient:
        """The app's client for tasks and held jobs."""
        return TaskClient(
            ApplicationCalls(self._address, self.tap.service.http, Token(self.tap, None, names), **self._options())
        )

    def subscriptions(self, names: Collection[str]) -> SubscriptionClient:
        """The app's client for subscriptions."""
        return SubscriptionClient(
            ApplicationCalls(self._address, self.tap.service.http, Token(self.tap, None, names), **self._options())
        )

    def app(self, names: Collection[str]) -> AppClient:
        """The app's client for set-up."""
        return AppClient(
            ApplicationCalls(self._address, self.tap.service.http, Token(self.tap, None, names), **self._options())
        )

    def admin(self, names: Collection[str], first: Collection[str] | None = None) -> AdminClient:
        """The administrator's client."""
        token = Token(self.tap, self.tap.tenant.administrator, names, first)
        return AdminClient(
            ApplicationCalls(self._address, self.tap.service.http, token, **self._options(waits=True)), sleep=self._pass
        )


async def printing(clients: Clients, granted: Granted) -> Walk:
    """What a print account does."""
    walk, tap = Walk(granted), clients.tap
    account, share = tap.tenant.anna.user_principal_name, tap.tenant.share
    job = await walk.take("create job", lambda names: clients.printing(names).create_job(account, share.id, {}))
    await walk.take("get job", lambda names: clients.printing(names).get_job(account, share.id, job.id))
    await walk.take("list jobs", lambda names: clients.printing(names).list_own_jobs(account, share.id))
    assert job.document_id is not None
    document = (account, share.id, job.id, job.document_id, "a.pdf", "application/pdf", len(PDF))
    session = await walk.take(
        "create upload session", lambda names: clients.printing(names).create_upload_session(*document)
    )
    assert (await tap.service.put(session.upload_url, PDF, 0, len(PDF))).status_code == 201
    await walk.take("start job", lambda names: clients.printing(names).start(account, share.id, job.id))
    other = await clients.printing(EVERYTHING).create_job(account, share.id, {})
    await walk.take(
        "cancel job", lambda names: clients.printing(names).cancel(account, tap.tenant.printer.id, other.id)
    )
    return walk


async def usage(clients: Clients, granted: Granted) -> Walk:
    """What the reports account does."""
    walk, reports, day = Walk(granted), clients.reports(EVERYTHING), datetime.now(UTC).date()
    usage_rows = reports.usage_address("dailyPrintUsageByUser", None)
    await walk.take("read report", lambda names: clients.reports(names).page(usage_rows))
    archived = reports.archived_address(clients.tap.tenant.printer.id, day, day)
    await walk.take("read report", lambda names: clients.reports(names).page(archived))
    return walk


async def held_jobs(clients: Clients, granted: Granted) -> Walk:
    """What the app does with jobs that are held, and to learn of them."""
    walk, tap = Walk(granted), clients.tap
    tenant, definition = tap.tenant, tap.definition.id
    task, other = await tap.print_held(), await tap.print_held()
    job, printer = task.job.id, tap.follow_me.id
    shown = (await clients.tasks(EVERYTHING).get_job(printer, job)).document
    assert shown is not None
    document = shown.id

    async def download(names: Collection[str]) -> bytes:
        pieces = clients.tasks(names).download(printer, job, document, most=len(PDF))
        return b"".join([piece async for piece in pieces])

    tasks = clients.tasks
    await walk.take("list tasks", lambda names: tasks(names).list_tasks(definition))
    await walk.take("get task", lambda names: tasks(names).get_task(definition, task.id))
    await walk.take("get printer", lambda names: tasks(names).get_printer(printer))
    await walk.take("get job", lambda names: tasks(names).get_job(printer, job))
    await walk.take("get user", lambda names: tasks(names).get_user(tenant.bruno.user_principal_name))
    groups = await walk.take(
        "check member groups", lambda names: tasks(names).member_of(tenant.bruno.id, [tenant.staff.id])
    )
    assert groups == {tenant.staff.id}
    await walk.take("update job", lambda names: tasks(names).patch_configuration(printer, job, {"copies": 2}))
    assert await walk.take("download", download) == PDF
    stamped = (printer, job, document, "a.pdf", "application/pdf", len(PDF))
    session = await walk.take("create upload session", lambda names: tasks(names).create_upload_session(*stamped))
    assert (await tap.service.put(session.upload_url, PDF, 0, len(PDF))).status_code == 201
    await walk.take("redirect job", lambda names: tasks(names).redirect(printer, job, tenant.printer.id, None))
    await walk.take("abort job", lambda names: tasks(names).abort(printer, other.job.id, "no longer wanted"))
    await walk.take("complete task", lambda names: tasks(names).complete_task(definition, other.id))
    await _subscriptions(clients, walk)
    return walk


async def _subscriptions(clients: Clients, walk: Walk) -> None:
    subscriptions, emulator = clients.subscriptions, clients.tap.service.emulator
    end = emulator.clock.now() + timedelta(hours=2)
    resource = f"print/taskDefinitions/{clients.tap.definition.id}/tasks"
    url = f"{clients.notification_url}/api/notifications"
    asked = (resource, url, f"{url}/lifecycle", "a state", end)
    made = await walk.take("create subscription", lambda names: subscriptions(names).create(*asked))
    await walk.take("get subscription", lambda names: subscriptions(names).get(made.id))

    async def listed(names: Collection[str]) -> None:
        # Who may read printers may ask for subscriptions to their jobs, and is shown no others instead of refused.
        if made.id not in {one.id for one in await subscriptions(names).list_own()}:
            raise GraphDenied("list subscriptions", 403, "shownNone", "the subscription is not shown")

    await walk.take("list subscriptions", listed)
    await walk.take("renew subscription", lambda names: subscriptions(names).renew(made.id, end))
    await walk.take("delete subscription", lambda names: subscriptions(names).delete(made.id))


async def app_set_up(clients: Clients, granted: Granted) -> Walk:
    """What the app itself does in set-up."""
    walk, app, printer = Walk(granted), clients.app, clients.tap.follow_me.id
    await walk.take("get printer", lambda names: app(names).printer(printer))
    body = {"isAcceptingJobs": True}
    await walk.take("update printer", lambda names: app(names).update_virtual_printer(printer, body))
    attributes = b"\x04\x22\x00\x19printer-is-accepting-jobs\x00\x01\x01"
    await walk.take("update printer", lambda names: app(names).send_attributes(printer, attributes))
    await walk.take("list task definitions", lambda names: app(names).task_definitions())
    made = await walk.take(
        "create task definition", lambda names: app(names).create_task_definition({"displayName": "Another"})
    )
    await walk.take("delete task definition", lambda names: app(names).delete_task_definition(made["id"]))
    return walk


async def administration(clients: Clients, granted: Granted) -> Walk:
    """What an administrator does in set-up, and takes away again."""
    walk, admin, tap = Walk(granted), clients.admin, clients.tap
    tenant = tap.tenant
    await walk.take("list printers", lambda names: admin(names).printers(with_shares=True))
    made = await walk.take("create printer", lambda names: admin(names).create_printer("New", "Contoso", "1"))
    watched = await walk.take(
        "get operation", lambda names: admin(names, first=EVERYTHING).create_printer("Newer", "Contoso", "1")
    )
    printer = made["id"]
    await walk.take("get printer", lambda names: admin(names).printer(printer, ("id", "capabilities")))
    await walk.take("update printer", lambda names: admin(names).update_printer(printer, {"displayName": "Hall"}))
    await walk.take("restore factory defaults", lambda names: admin(names).restore_factory_defaults(tenant.printer.id))
    trigger = await walk.take(
        "create task trigger", lambda names: admin(names).create_task_trigger(printer, tap.definition.id)
    )
    await walk.take("list task triggers", lambda names: admin(names).task_triggers(printer))
    await walk.take("delete task trigger", lambda names: admin(names).delete_task_trigger(printer, trigger["id"]))
    share = (await walk.take("create share", lambda names: admin(names).create_share(printer, "Hall")))["id"]
    await walk.take("list shares", lambda names: admin(names).shares())
    await walk.take("list printer shares", lambda names: admin(names).printer_shares(printer))
    await walk.take("get share", lambda names: admin(names).share(share, with_printer=True))
    await walk.take("update share", lambda names: admin(names).swap_printer(share, watched["id"]))
    user, group = tenant.bruno, tenant.staff
    await walk.take("find user", lambda names: admin(names).find_user(user.user_principal_name))
    await walk.take("find group", lambda names: admin(names).find_group(group.display_name))
    await walk.take("list group members", lambda names: admin(names).group_members(group.id))
    await walk.take("allow user", lambda names: admin(names).add_allowed_user(share, user.id))
    await walk.take("allow group", lambda names: admin(names).add_allowed_group(share, group.id))
    await walk.take("list allowed users", lambda names: admin(names).allowed_users(share))
    await walk.take("list allowed groups", lambda names: admin(names).allowed_groups(share))
    await walk.take("disallow user", lambda names: admin(names).remove_allowed_user(share, user.id))
    await walk.take("disallow group", lambda names: admin(names).remove_allowed_group(share, group.id))
    await walk.take("get settings", lambda names: admin(names).settings())
    await walk.take("update settings", lambda names: admin(names).update_settings({"documentConversionEnabled": True}))
    await walk.take("delete share", lambda names: admin(names).delete_share(share))
    await walk.take("delete printer", lambda names: admin(names).delete_printer(printer))
    return walk


@asynccontextmanager
async def running_clients(directory: Path) -> AsyncIterator[Clients]:
    """The emulator with a tenant of everything, its app trusted with whatever a token says."""
    settings = quick_settings(
        registration_time=timedelta(0), registration_retry_seconds=0, allow_http_notifications=True
    )
    async with AsyncExitStack() as stack:
        tap = await stack.enter_async_context(running_tap(directory, settings=settings))
        trust = ssl.create_default_context(cafile=str(tap.service.emulator.ca_bundle))
        transport = await stack.enter_async_context(httpx.AsyncHTTPTransport(verify=trust))
        endpoint = await stack.enter_async_context(notified_endpoint())
        # A new key for each printer takes longer than everything else here.
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(admin_client, "certificate_signing_request", lambda _: signing_request())
        yield Clients(tap, endpoint.url, lambda: httpx.AsyncClient(transport=transport))
