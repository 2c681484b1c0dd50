"""An alert begins once and ends once: it ends where its state was looked at, and not where nobody could look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import health, watching
from shared.accounts.pool import AccountStatus
from shared.alert_causes import list_causes, raise_cause
from shared.alerts import Observed, in_force, update
from shared.bounds import Bounds
from shared.catalog import Catalog, CatalogUnreadable
from shared.errors import GraphUnavailable, PrintFunctionsError
from shared.names import open_marker_path, submission_path, subscription_path
from shared.services import Services
from shared.steps import run_each
from shared.storage.state import Stored
from shared.submission.holding import Records
from shared.subscriptions.record import SubscriptionRecord, encode_record
from shared.tasks import timers
from shared.tasks.record import TaskAlert, TaskRecord, TaskState
from shared.usage.pending import PENDING_PATH
from tests.support.memory_state import MemoryStateStore
from tests.support.task_graph import DEFINITION
from tests.support.task_world import VIRTUAL, TaskWorld, task_world

NOW = datetime.now(UTC)
NAMES = st.sampled_from(["a", "b", "group:1", "group:2", "other:1"])
SEEN = st.lists(
    st.tuples(st.sets(NAMES), st.sets(st.sampled_from(["a", "b", "group:", "other:", "group:1"]))), max_size=8
)


@dataclass
class System:
    """What the alerts are made of, each part of it as a test wants, and what the webhook was told."""

    state: MemoryStateStore = field(default_factory=MemoryStateStore)
    accounts: list[AccountStatus] | Exception = field(default_factory=list)
    depths: dict[str, int | Exception] = field(default_factory=dict)
    catalog: Catalog | Exception = field(default_factory=lambda: Catalog((), task_definition_id=DEFINITION))
    told: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def ready(self) -> Services:
        core = SimpleNamespace(
            load_catalog=self._load_catalog,
            state=self.state,
            records=Records(self.state),
            now=lambda: NOW,
            bounds=Bounds(),
        )
        made = SimpleNamespace(
            storage=SimpleNamespace(state=self.state, queue=self._queue),
            pool=SimpleNamespace(statuses=self._statuses),
            submissions=core,
            settings=SimpleNamespace(
                bounds=Bounds(), notification_url="https://print.example", alert_webhook_url="https://alerts.example",
                graph_federated_client_id="x", graph_client_certificate_path=None, graph_client_secret=None,
            ),
            http=httpx.AsyncClient(transport=httpx.MockTransport(self._take)),
        )  # fmt: skip
        return cast("Services", made)

    def _queue(self, name: str) -> Any:
        return SimpleNamespace(depth=lambda: self._depth(name))

    async def _load_catalog(self) -> Catalog:
        return _given(self.catalog)

    async def _statuses(self) -> list[AccountStatus]:
        return _given(self.accounts)

    async def _depth(self, name: str) -> int | None:
        return _given(self.depths.get(name, 0))

    def _take(self, request: httpx.Request) -> httpx.Response:
        body = httpx.Response(200, content=request.content).json()
        self.told.append((body["alert"], body["active"]))
        return httpx.Response(200)

    def of(self, name: str) -> list[bool]:
        """What was told of one alert."""
        return [active for told, active in self.told if told == name]


def _given[T](value: T | Exception) -> T:
    if isinstance(value, Exception):
        raise value
    return value


@pytest.fixture
def system() -> System:
    return System()


@given(SEEN)
@settings(max_examples=50, deadline=None)
def test_what_is_unseen_neither_begins_nor_ends(looks: list[tuple[set[str], set[str]]]) -> None:
    async def run() -> None:
        state, expected = MemoryStateStore(), set[str]()
        async with httpx.AsyncClient() as http:
            for standing, unseen in looks:
                await update(Observed(dict.fromkeys(standing, "x"), frozenset(unseen)), state, http, None)
                kept = {name for name in expected if name in unseen or name.split(":")[0] + ":" in unseen}
                expected = standing | kept
                assert set(await in_force(state)) == expected

    asyncio.run(run())


LAPSED = AccountStatus("print1@contoso.example", NOW, "signed out", None, None, 0, {})


async def _damage_accounts(system: System) -> None:
    system.accounts = [LAPSED]


async def _hide_accounts(system: System) -> None:
    system.accounts = KeyError("budget")


async def _mend_accounts(system: System) -> None:
    system.accounts = [replace(LAPSED, lapsed_since=None)]


async def _fill_poison(system: System) -> None:
    system.depths["print-jobs-poison"] = 3


async def _hide_poison(system: System) -> None:
    system.depths["print-jobs-poison"] = OSError("no route")


async def _empty_poison(system: System) -> None:
    system.depths["print-jobs-poison"] = 0


def _store(system: System, path: str, content: bytes) -> None:
    system.state.documents[path] = Stored(content, f'"{len(system.told)}-{len(content)}"')


async def _end_subscription(system: System) -> None:
    _store(system, subscription_path("task-started"), encode_record(SubscriptionRecord("s", expires=NOW)))


async def _damage_subscription(system: System) -> None:
    _store(system, subscription_path("task-started"), b"{damaged")


async def _claim_damaged_subscription(system: System) -> None:
    claimed = SubscriptionRecord(claimed=NOW + timedelta(minutes=2))
    _store(system, subscription_path("task-started"), encode_record(claimed))


async def _renew_subscription(system: System) -> None:
    record = SubscriptionRecord("s", expires=NOW + timedelta(days=2))
    _store(system, subscription_path("task-started"), encode_record(record))


async def _delay_export(system: System) -> None:
    _store(system, PENDING_PATH, b"damaged")


async def _hide_export(system: System) -> None:
    system.state.documents[PENDING_PATH] = cast("Stored", object())


async def _do_export(system: System) -> None:
    system.state.documents.pop(PENDING_PATH)


type Step = Callable[[System], Awaitable[None]]


@pytest.mark.parametrize(
    ("name", "begin", "hide", "mend", "unwatched"),
    [
        ("account-lapsed:print1@contoso.example", _damage_accounts, _hide_accounts, _mend_accounts, "print accounts"),
        ("poison:print-jobs-poison", _fill_poison, _hide_poison, _empty_poison, "queue print-jobs-poison"),
        ("subscription", _end_subscription, _damage_subscription, _renew_subscription, None),
        ("subscription", _end_subscription, _claim_damaged_subscription, _renew_subscription, None),
        ("usage-export", _delay_export, _hide_export, _do_export, "usage export"),
    ],
)
async def test_an_alert_ends_when_it_is_seen_to_be_over_and_not_when_nobody_can_look(
    system: System, name: str, begin: Step, hide: Step, mend: Step, unwatched: str | None
) -> None:
    for step in (begin, hide, begin, hide, mend):
        await step(system)
        await health.update_alerts(system.ready)
    assert system.of(name) == [True, False]
    # That nobody can look is told itself, so that it does not stay like this for ever.
    if unwatched is not None:
        assert system.of(f"unwatched:{unwatched}") == [True, False, True, False]


async def test_what_cannot_be_looked_at_does_not_silence_the_rest(system: System) -> None:
    system.accounts = KeyError("budget")
    system.depths["print-events-poison"] = 1
    await health.update_alerts(system.ready)
    assert sorted(system.told) == [("poison:print-events-poison", True), ("unwatched:print accounts", True)]


async def _task_alert(world: TaskWorld) -> None:
    task = world.graph.printed(VIRTUAL)
    due = (world.clock.now()).isoformat().replace("+00:00", "Z")
    record = TaskRecord(task.id, DEFINITION, due, due, state=TaskState.ACTING, alert=TaskAlert("taskStuck", "stuck"))
    await world.services.tasks.create(record)


async def _look(system: System) -> None:
    await health.update_alerts(system.ready, await timers.reconcile_tasks(system.ready))


async def test_tasks_that_cannot_be_listed_end_no_alert_of_theirs(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = task_world()
    await _task_alert(world)

    async def services() -> Any:
        return world.services

    monkeypatch.setattr(timers, "task_services", services)
    await _look(system)
    troubles: list[Exception] = [GraphUnavailable("list tasks", 503, "busy", "busy"), OSError("https://secret.example")]
    for trouble in troubles:
        world.graph.faults["list_tasks"] = [(trouble, False)]
        await _look(system)
    assert "secret.example" not in str(await in_force(system.state))
    good = system.catalog
    system.catalog = CatalogUnreadable("cannot be read")
    await _look(system)
    system.catalog = good
    # A record that cannot be read may be the one that the alert comes from.
    (path,) = [path async for path in world.state.list_paths("tasks/")]
    kept = world.state.documents.pop(path)
    await world.state.create(path, kept.content, {"state": "nonsense"})
    await _look(system)
    assert system.of("print-task:taskStuck") == [True]
    assert system.of("print-task:recordUnreadable") == [True]
    assert system.of("print-tasks-unlisted") == [True, False]

    await world.services.tasks.remove(path.removeprefix("tasks/").removesuffix(".json"))
    await _look(system)
    assert system.of("print-task:taskStuck") == [True, False]
    assert system.of("print-task:recordUnreadable") == [True, False]


async def test_a_document_that_waits_is_told_of_until_its_record_was_read(system: System) -> None:
    key = "ab" * 16
    await raise_cause(system.state, watching.STUCK_ALERT, "a dropped document waits")
    await system.state.create(open_marker_path(key), b"")
    system.state.modified[open_marker_path(key)] = NOW - timedelta(days=1)
    _store(system, submission_path(key), b"damaged")
    await watching._watch_documents(system.ready)
    assert watching.STUCK_ALERT in await list_causes(system.state)

    await system.state.delete(open_marker_path(key))
    await watching._watch_documents(system.ready)
    assert await list_causes(system.state) == {}


async def test_a_catalog_that_cannot_be_read_ends_no_alert_of_a_printer(system: System) -> None:
    await raise_cause(system.state, f"{watching.PRINTER_ALERT}p", "stopped")
    system.catalog = CatalogUnreadable("cannot be read")
    await watching._watch_printers(system.ready)
    assert set(await list_causes(system.state)) == {f"{watching.PRINTER_ALERT}p"}


async def test_a_step_that_fails_keeps_no_other_from_being_done(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    async def step(name: str, error: Exception | None = None) -> None:
        done.append(name)
        if error:
            raise error

    with pytest.raises(PrintFunctionsError, match="first"):
        await run_each(
            lambda: step("a", PrintFunctionsError("first")), lambda: step("b", OSError("second")), lambda: step("c")
        )
    assert done == ["a", "b", "c"]
    assert "second" in caplog.text
