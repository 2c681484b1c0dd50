"""The list of checks: what is tried, by which id, and what each depends on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from shared.catalog import Catalog, Share
from shared.doctor import account_checks as accounts
from shared.doctor import administrator_checks as administrators
from shared.doctor import application_checks as applications
from shared.doctor import catalog_checks as catalogs
from shared.doctor import settings_checks as settings
from shared.doctor.asked import Asked
from shared.doctor.clock_checks import check_clock, graph_date, storage_date
from shared.doctor.finding import Finding, Line, skipped
from shared.doctor.ground import Ground
from shared.doctor.kiosk_checks import check_kiosk
from shared.doctor.running import Check, examine, key
from shared.doctor.storage_checks import check_account, check_container, check_queue
from shared.doctor.subscription_checks import check_subscription
from shared.names import CONTAINERS, POISON_SUFFIX, QUEUES, STATE
from shared.permissions import Part

ACCOUNT = "storage.account"
STATE_WORKS = key("storage.container", STATE)
PUBLISHED = "catalog.published"
TOKEN = "application.token"  # noqa: S105 - the id of a check
SIGNED_IN = "account.sign-in"
ADMINISTRATOR = "administrator.sign-in"
# So many pairs of share and account are tried; of more, each share with one account.
PAIRS_TRIED = 200
# Graph: no job has this id; asking for it tells whether jobs may be read.
_NO_JOB = "0"


async def examine_all(ground: Ground) -> list[Line]:
    """A line for each check."""
    return await examine(list(checks_of(ground)), ground.services.settings.bounds.doctor_check_seconds)


def checks_of(ground: Ground) -> Iterator[Check]:
    """Every check, in the order in which they are shown."""
    yield from _settings(ground)
    yield from _storage(ground)
    yield from _application(ground)
    yield from _accounts(ground)
    yield from _administrator(ground)
    yield Check(
        PUBLISHED, lambda: catalogs.check_catalog(ground.services.submissions.load_catalog), needs=(STATE_WORKS,)
    )
    yield from _catalog(ground)
    yield from _kiosks(ground)


def _settings(ground: Ground) -> Iterator[Check]:
    services, values = ground.services, ground.services.settings
    bounds = values.bounds
    yield Check("settings.token-cache-key", lambda: settings.check_token_cache_key(values))
    yield Check("settings.kiosk-key", lambda: settings.check_kiosk_key(values, len(ground.kiosks)))
    yield Check("settings.notification-url", lambda: settings.check_notification_address(values))
    url = values.notification_url
    if url is not None:
        token = ground.token_hex(16)
        needs = ("settings.notification-url",)
        yield Check("settings.webhook", lambda: settings.check_webhook(services.http, url, token), needs=needs)
    skew = bounds.clock_skew_seconds

    async def graph_clock() -> str | None:
        return await graph_date(services.http, values.graph_base_url)

    async def storage_clock() -> str | None:
        return await storage_date(services.storage.container(STATE))

    yield Check("clock.graph", lambda: check_clock(graph_clock, "Graph", skew, ground.now))
    asked = Asked(storage=ground.place.account)
    yield Check(
        "clock.storage",
        lambda: check_clock(storage_clock, "storage", skew, ground.now),
        needs=(STATE_WORKS,),
        asked=asked,
    )


def _storage(ground: Ground) -> Iterator[Check]:
    storage, place = ground.services.storage, ground.place
    asked = Asked(storage=place.account)
    yield Check(ACCOUNT, partial(check_account, storage.container(STATE), place), asked=asked)
    for name in CONTAINERS:
        run = partial(check_container, storage.container(name), name, place, ground.token_hex)
        yield Check("storage.container", run, name, (ACCOUNT,), asked=Asked(subject=name, storage=place.account))
    for name in (each + suffix for each in QUEUES for suffix in ("", POISON_SUFFIX)):
        asked = Asked(subject=f"queue {name}", storage=place.account)
        run = partial(check_queue, storage.queue_client(name), name, place)
        yield Check("storage.queue", run, name, (ACCOUNT,), asked)


def _application(ground: Ground) -> Iterator[Check]:
    values, catalog = ground.services.settings, ground.catalog
    holds = catalog is not None and catalog.task_definition_id is not None
    wanted = holds or values.notification_url is not None or bool(ground.kiosks)
    asked = applications.application_asked(values)
    yield Check(TOKEN, lambda: applications.check_token(ground.access, values, wanted=wanted), asked=asked)
    path = values.graph_client_certificate_path
    if path is not None and values.graph_federated_client_id is None:
        yield Check("application.certificate", lambda: applications.check_certificate(path, ground.now()))
    yield Check(
        "application.tenant",
        lambda: applications.check_tenant(ground.access, values),
        needs=(TOKEN,),
        asked=asked,
    )
    virtual = catalog is not None and any(printer.virtual for printer in catalog.printers)
    parts = frozenset({Part.TAP, Part.SET_UP} if virtual or catalog is None else {Part.TAP})
    trials = _trials(ground, catalog)
    for name in applications.wanted_permissions(parts):
        run = partial(applications.check_permission, name, ground.access, parts, trials.get(name), asked)
        yield Check("application.permission", run, name, needs=(TOKEN,), asked=asked)


def _trials(ground: Ground, catalog: Catalog | None) -> dict[str, applications.Trial]:
    """A call for each permission that changes nothing, where there is one."""
    tasks = ground.tasks

    async def definitions() -> None:
        await ground.app.task_definitions()
        await ground.subscriptions.graph.list_own()

    trials: dict[str, applications.Trial] = {
        "PrintTaskDefinition.ReadWrite.All": definitions,
        "User.Read.All": partial(tasks.get_user, ground.services.settings.print_accounts[0]),
    }
    if catalog is not None and catalog.printers:
        printer_id = catalog.printers[0].id
        trials["Printer.Read.All"] = trials["Printer.ReadWrite.All"] = partial(tasks.get_printer, printer_id)
        trials["PrintJob.ReadWrite.All"] = partial(tasks.get_job, printer_id, _NO_JOB)
    return trials


def _accounts(ground: Ground) -> Iterator[Check]:
    services, values = ground.services, ground.services.settings
    shares = ground.catalog.shares if ground.catalog is not None else ()
    names = values.print_accounts
    for name in dict.fromkeys((*names, values.reports_account)):
        asked = accounts.asked_as(name, values)
        sign_in = partial(accounts.check_sign_in, name, services.tokens, ground.statuses.get(name))
        if name in names:
            yield Check(SIGNED_IN, sign_in, name, needs=(STATE_WORKS,), asked=asked)
            needs = (key(SIGNED_IN, name),)
            token = partial(accounts.check_token, name, services.tokens, values)
            yield Check("account.permissions", token, name, needs=needs, asked=asked)
            share = accounts.share_of(name, shares)
            asked = accounts.asked_as(name, values, share.alias if share else "")
            graph, state = services.submissions.graph, services.storage.state
            trial = partial(accounts.check_printing, name, share, graph, services.tokens, state, asked)
            yield Check("account.printing", trial if ground.catalog else _no_catalog, name, needs, asked)
    name = values.reports_account
    asked = accounts.asked_as(name, values)
    reports = partial(accounts.check_reports, ground.read_reports, named=values.reports_account_named, asked=asked)
    needs = (key(SIGNED_IN, name),) if name in names else (STATE_WORKS,)
    yield Check("account.reports", reports, name, needs, asked)


async def _no_catalog() -> Finding:
    return skipped("there is no catalog that names a share")


def _administrator(ground: Ground) -> Iterator[Check]:
    who = ground.administrator
    if who is None:
        return
    asked = who.asked(ground.services.settings.graph_client_id)
    yield Check(ADMINISTRATOR, lambda: administrators.check_sign_in(who), asked=asked)
    yield Check(
        "administrator.permissions",
        lambda: administrators.check_permissions(who, asked),
        needs=(ADMINISTRATOR,),
        asked=asked,
    )
    yield Check("administrator.role", lambda: administrators.check_role(who), needs=(ADMINISTRATOR,), asked=asked)


def _catalog(ground: Ground) -> Iterator[Check]:
    catalog, values = ground.catalog, ground.services.settings
    if catalog is None:
        for name in ("catalog.share", "catalog.printer", "catalog.definition", "catalog.trigger", "subscription.alive"):
            yield Check(name, _no_catalog, needs=(PUBLISHED,))
        return
    yield from _shares(ground, catalog)
    application = applications.application_asked(values)
    for printer in catalog.printers:
        asked = Asked(application.kind, application.client_id, subject=printer.display_name)
        run = partial(catalogs.check_printer, printer, ground.tasks.get_printer)
        yield Check("catalog.printer", run, printer.display_name, (TOKEN,), asked)
    definition = catalog.task_definition_id
    yield Check(
        "catalog.definition",
        lambda: catalogs.check_definition(definition, ground.app.task_definitions),
        needs=(TOKEN,),
        asked=application,
    )
    for printer in catalog.printers if definition is not None else ():
        if printer.virtual and definition is not None:
            yield _trigger(ground, catalogs.VirtualPrinter(printer, definition, values.graph_client_id))
    subscribed = partial(check_subscription, catalog, ground.subscriptions)
    yield Check("subscription.alive", subscribed, needs=(TOKEN, STATE_WORKS), asked=application)


def _shares(ground: Ground, catalog: Catalog) -> Iterator[Check]:
    values = ground.services.settings
    pairs = [
        (share, name)
        for share in catalog.shares
        for name in values.print_accounts
        if share.accounts is None or name in share.accounts
    ]
    if len(pairs) > PAIRS_TRIED:
        pairs = list({share.id: (share, name) for share, name in reversed(pairs)}.values())
    readers = {name: ground.share_reader(name) for name in values.print_accounts}

    async def look(share: Share, name: str) -> Finding:
        return accounts.share_finding(share, name, await readers[name].share(share.id))

    for share, name in pairs:
        asked = accounts.asked_as(name, values, share.alias)
        yield Check(
            "catalog.share", partial(look, share, name), f"{share.alias} {name}", (key(SIGNED_IN, name),), asked
        )


def _trigger(ground: Ground, virtual: catalogs.VirtualPrinter) -> Check:
    who, printer = ground.administrator, virtual.printer

    async def read(graph: administrators.AdministratorGraph, with_definition: bool) -> catalogs.Triggers:
        return await graph.task_triggers(printer.id, with_definition=with_definition)

    triggers = partial(read, who.graph) if who is not None else None
    client_id, name = virtual.client_id, printer.display_name
    asked = who.asked(client_id, name) if who is not None else Asked(client_id=client_id, subject=name)
    run = partial(catalogs.check_trigger, virtual, triggers, partial(ground.tasks.list_tasks, virtual.definition_id))
    needs = ("catalog.definition", ADMINISTRATOR) if who is not None else ("catalog.definition",)
    return Check("catalog.trigger", run, printer.display_name, needs, asked)


def _kiosks(ground: Ground) -> Iterator[Check]:
    catalog, state = ground.catalog, ground.services.storage.state
    for kiosk_id in ground.kiosks:
        run = partial(check_kiosk, kiosk_id, state, catalog, ground.now()) if catalog is not None else _no_catalog
        yield Check("kiosk.printer", run, kiosk_id, needs=(PUBLISHED,))
