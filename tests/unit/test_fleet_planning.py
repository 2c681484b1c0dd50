"""What a plan holds, that applying it makes the tenant what the file says, and that nothing else happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import NoReply
from shared.fleet.applying import Outcome, TenantChanged, apply
from shared.fleet.model import Fleet, FleetUnreadable
from shared.fleet.planning import plan
from shared.fleet.reading import parse_fleet
from shared.fleet.steps import Step
from shared.fleet.tenant import Tenant, TenantShare
from tests.support.model_tenancy import Interrupted, ModelTenancy, with_people

FLEET = """
[task_definition]
name = "Follow me"

[[virtual_printers]]
name = "Follow me"
capabilities = { contentTypes = ["application/pdf"] }

[[printers]]
name = "Hall"

[profiles.economy]
duplexMode = "flipOnLongEdge"

[[shares]]
name = "Follow me"
printer = "Follow me"
everyone = true
profile = "economy"

[[shares]]
name = "Hall"
printer = "Hall"
users = ["ada@contoso.example"]
groups = ["Staff"]

[[printer_groups]]
name = "Floor 1"
printers = ["Hall"]

[[policies]]
name = "Staff"
when = { groups = ["Staff"] }
action = { do = "redirect", group = "Floor 1" }

[[delegates]]
owner = "ada@contoso.example"
delegate = "ben@contoso.example"
from = 2026-11-01
to = 2026-11-30

[[cost_centers]]
name = "Everybody"
groups = ["Staff"]
default = true

[price_list]
currency = "EUR"
perBlackPage = "0.02"
printers = [{ printer = "Hall", perBlackPage = "0.03" }]

[licence_pool]
jobs_per_month = 500
"""
HALL = {"id": "p-hall", "displayName": "Hall", "hasPhysicalDevice": True, "capabilities": {"contentTypes": ["a/b"]}}


def read(text: str) -> Fleet:
    return parse_fleet(text, lambda name: pytest.fail(f"{name} was asked for"))


def registered(*names: str) -> tuple[dict[str, Any], ...]:
    return tuple({**HALL, "id": f"p-{name.lower()}", "displayName": name} for name in names)


def kinds(steps: tuple[Step, ...]) -> list[str]:
    return [str(step.kind) for step in steps]


async def applied(fleet: Fleet, tenancy: ModelTenancy, *, confirmed: bool = True) -> list[Outcome]:
    outcomes: list[Outcome] = []
    tenant = tenancy.tenant
    steps = plan(fleet, tenant)
    await apply(fleet, tenancy, tenant, steps, confirmed=confirmed, told=lambda _, outcome: outcomes.append(outcome))
    return outcomes


def new_tenant(fleet: Fleet) -> Tenant:
    return replace(with_people(Tenant(printers=(HALL,)), fleet), members={"id of Staff": ("Ada@contoso.example",)})


def test_a_new_tenant_needs_each_thing_once_and_the_catalog_last() -> None:
    fleet = read(FLEET)
    steps = plan(fleet, new_tenant(fleet))
    assert kinds(steps) == [
        *("createTaskDefinition", "createVirtualPrinter", "updateVirtualPrinter", "createTrigger"),
        *("createShare", "createShare", "addUser", "addGroup", "publishCatalog"),
    ]
    needs = {str(step.kind): str(step.needs) for step in steps}
    assert needs["createTaskDefinition"] == "PrintTaskDefinition.ReadWrite.All of the app itself"
    assert needs["createShare"] == "PrinterShare.ReadWrite.All with the role Printer Administrator"
    assert [step.noticed for step in steps] == [False] * 4 + [True] * 4 + [False]
    assert steps[4].sentence == "Share the printer 'Follow me' as 'Follow me' with everyone"


async def test_the_catalog_holds_ids_capabilities_and_people() -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))
    await applied(fleet, tenancy)
    catalog = tenancy.tenant.catalog
    assert catalog is not None
    assert [(share["alias"], share["printerId"]) for share in catalog["shares"]] == [
        ("Follow me", "made-2"),
        ("Hall", "p-hall"),
    ]
    assert catalog["shares"][0]["capabilities"] == {"contentTypes": ["application/pdf"]}
    assert catalog["shares"][0]["profile"] == {"duplexMode": "flipOnLongEdge"}
    assert [(printer["id"], printer["virtual"]) for printer in catalog["printers"]] == [
        ("made-2", True),
        ("p-hall", False),
    ]
    assert catalog["taskDefinitionId"] == "made-1"
    assert catalog["printerGroups"] == [{"name": "Floor 1", "printerIds": ["p-hall"]}]
    assert catalog["policies"][0]["when"] == {"groups": ["id of Staff"]}
    assert catalog["delegates"][0]["ownerId"] == "id of ada@contoso.example"
    assert catalog["costCenters"][0]["members"] == ["ada@contoso.example"]
    assert catalog["priceList"]["printers"] == [{"printerId": "p-hall", "perBlackPage": "0.03"}]
    assert plan(fleet, tenancy.tenant) == ()


@pytest.mark.parametrize("fault", ["stop_before", "stop_after", "lose_reply_of"])
@pytest.mark.parametrize("number", range(9))
async def test_an_interrupted_run_is_finished_by_the_next_one_without_doing_anything_twice(
    fault: str, number: int
) -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))
    setattr(tenancy, fault, number)
    if fault == "lose_reply_of":
        await applied(fleet, tenancy)
    else:
        with pytest.raises(Interrupted):
            await applied(fleet, tenancy)
        setattr(tenancy, fault, None)
        if plan(fleet, tenancy.tenant):
            await applied(fleet, tenancy)
    assert plan(fleet, tenancy.tenant) == ()
    assert len({step.key for step in tenancy.done}) == len(tenancy.done) == 9


async def test_a_lost_reply_of_something_that_was_not_done_ends_the_run() -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))

    class Deaf(ModelTenancy):
        async def do(self, step: Step) -> str | None:
            raise NoReply(step.kind, "cut")

    with pytest.raises(NoReply):
        await applied(fleet, Deaf(tenancy.tenant))


async def test_what_somebody_else_did_meanwhile_is_not_done_again() -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))
    before, steps = tenancy.tenant, plan(fleet, tenancy.tenant)
    tenancy.tenant = replace(before, definitions=({"id": "d", "displayName": "Follow me"},))
    outcomes: list[Outcome] = []
    await apply(fleet, tenancy, before, steps, confirmed=True, told=lambda _, outcome: outcomes.append(outcome))
    assert outcomes[0] is Outcome.ALREADY
    assert tenancy.tenant.catalog is not None
    assert tenancy.tenant.catalog["taskDefinitionId"] == "d"


async def test_a_step_that_people_notice_all_of_a_sudden_is_not_done_unasked() -> None:
    fleet = read('[[printers]]\nname = "Hall"\ndefaults = { copiesPerJob = 2 }')
    before = Tenant(printers=(HALL,))
    steps = plan(fleet, before)
    assert not any(step.noticed for step in steps)
    tenancy = ModelTenancy(replace(before, shares=(TenantShare("s", "Hall", "p-hall"),)))
    with pytest.raises(TenantChanged, match="Change defaults of the printer 'Hall'"):
        await apply(fleet, tenancy, before, steps, confirmed=False, told=lambda *_: None)
    assert tenancy.done == []


def share(name: str, printer: str, more: str = "") -> str:
    return f'[[printers]]\nname = "{printer}"\n[[shares]]\nname = "{name}"\nprinter = "{printer}"\n{more}\n'


SHARED = Tenant(
    printers=registered("A", "B", "C"),
    shares=(
        TenantShare("s1", "One", "p-a", users=frozenset({"u1", "u2"}), groups=frozenset({"g1"})),
        TenantShare("s2", "Two", "p-b", everyone=True),
    ),
    users={"ada@x.example": "u1"},
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (share("One", "A"), []),
        (share("One", "A", 'users = ["ada@x.example"]'), []),
        (share("One", "A", 'users = ["ada@x.example"]\nexclusive = true'), ["removeUser", "removeGroup"]),
        (share("Two", "B", "everyone = false"), ["changeEveryone"]),
        (share("One", "C"), ["swapPrinter"]),
        (share("One", "B") + share("Two", "C"), ["swapPrinter", "swapPrinter"]),
        (share("New", "A", 'id = "s1"'), ["updateShare"]),
        ('[[shares]]\nname = "One"\nstate = "absent"', ["deleteShare"]),
        ('[[shares]]\nname = "One"\nstate = "absent"\n' + share("Again", "A"), ["deleteShare", "createShare"]),
        ('[[shares]]\nname = "Gone"\nstate = "absent"', []),
        ('[[virtual_printers]]\nname = "Gone"\nstate = "absent"', []),
        ("[settings]\ndocument_conversion = true", ["changeSettings"]),
    ],
)
async def test_shares_change_as_the_file_says_and_no_more(text: str, wanted: list[str]) -> None:
    fleet = read(text)
    tenancy = ModelTenancy(SHARED)
    steps = plan(fleet, SHARED)
    assert kinds(steps) == [*wanted, "publishCatalog"]
    assert all(step.noticed for step in steps[:-1])
    await applied(fleet, tenancy)
    assert plan(fleet, tenancy.tenant) == ()


def test_a_printer_moves_before_the_share_that_gets_it() -> None:
    fleet = read(share("One", "B") + share("Two", "C"))
    assert [step.subject for step in plan(fleet, SHARED)][:2] == ["Two", "One"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (share("One", "B") + share("Two", "A"), "wait for the printers of each other"),
        (share("Other", "A"), "'A' is shared as 'One' already"),
        (share("One", "A", 'id = "nothing"'), "the tenant has no share with the id nothing"),
        ('[[printers]]\nname = "Aa"', "'Aa' is not registered in the tenant (did you mean 'A'?)"),
        ('[[virtual_printers]]\nname = "A"\ntrigger = false', "'A' has a device: it belongs under [[printers]]"),
        (share("One", "A", 'users = ["eve@x.example"]'), "the tenant has no user eve@x.example"),
        (share("One", "A", 'groups = ["Nobody"]'), "the tenant has no group 'Nobody'"),
        ('[[printers]]\nname = "A"\nid = "p-q"', "the tenant has no printer with the id p-q"),
    ],
)
def test_what_the_tenant_lacks_is_told_before_anything_is_done(text: str, problem: str) -> None:
    with pytest.raises(FleetUnreadable) as raised:
        plan(read(text), SHARED)
    assert len(raised.value.problems) == 1
    assert problem in raised.value.problems[0]


@pytest.mark.parametrize("already_shared", [True, False], ids=["swapped", "new"])
def test_a_printer_that_does_not_offer_what_the_profile_asks_is_not_put_behind_a_share(already_shared: bool) -> None:
    modest = {**HALL, "id": "p-c", "displayName": "C", "capabilities": {"duplexModes": ["oneSided"], "finishings": []}}
    tenant = replace(SHARED, printers=(*registered("A", "B"), modest), shares=SHARED.shares if already_shared else ())
    asks = '[profiles.stapled]\nduplexMode = "flipOnLongEdge"\nfinishings = ["staple"]\n'
    with pytest.raises(FleetUnreadable) as raised:
        plan(read(asks + share("One", "C", 'profile = "stapled"')), tenant)
    assert [problem.partition(": ")[0] for problem in raised.value.problems] == ["shares 'One' on the printer 'C'"] * 2
    assert "duplexMode" in raised.value.problems[0]
    assert "staple" in raised.value.problems[1]


async def test_a_printer_without_a_word_of_triggers_keeps_the_one_it_has() -> None:
    tenant = replace(SHARED, triggers={"p-a": "t1"})
    assert kinds(plan(read('[[printers]]\nname = "A"'), tenant)) == ["publishCatalog"]
    assert "deleteTrigger" in kinds(plan(read('[[printers]]\nname = "A"\ntrigger = false'), tenant))


async def test_triggers_are_renewed_when_the_definition_is_another_one() -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))
    await applied(fleet, tenancy)
    tenancy.tenant = replace(tenancy.tenant, definitions=())
    steps = plan(fleet, tenancy.tenant)
    assert kinds(steps) == ["createTaskDefinition", "deleteTrigger", "createTrigger", "publishCatalog"]
    await applied(fleet, tenancy)
    assert plan(fleet, tenancy.tenant) == ()


PRINTERS = ("A", "B", "C", "D")
USERS = ("ada@x.example", "ben@x.example")


@st.composite
def fleets(draw: st.DrawFn) -> str:
    """Files over four printers and the names of four shares, with ids nowhere."""
    virtual = draw(st.sets(st.sampled_from(["V", "W"])))
    printers = [*PRINTERS, *sorted(virtual)]
    text = '[task_definition]\nname = "T"\n'
    for name in sorted(virtual):
        defaults = draw(st.sampled_from(["", "defaults = { copiesPerJob = 1 }\n", "accepting_jobs = false\n"]))
        text += f'[[virtual_printers]]\nname = "{name}"\n{defaults}'
    for name in PRINTERS:
        trigger = draw(st.sampled_from(["", "trigger = true\n", "trigger = false\n"]))
        text += f'[[printers]]\nname = "{name}"\n{trigger}'
    behind = draw(st.permutations(printers))
    for name, printer in zip(draw(st.sets(st.sampled_from(["S", "T", "U", "X"]))), behind, strict=False):
        users = draw(st.sets(st.sampled_from(USERS)))
        access = draw(st.sampled_from(["", "everyone = true\n", "everyone = false\n", "exclusive = true\n"]))
        text += f'[[shares]]\nname = "{name}"\nprinter = "{printer}"\nusers = {sorted(users)}\n{access}'
    return text


@st.composite
def tenants(draw: st.DrawFn) -> Tenant:
    names = draw(st.sets(st.sampled_from(["S", "T", "U", "X"])))
    behind = draw(st.permutations(PRINTERS))
    shares = tuple(
        TenantShare(f"s-{name}", name, f"p-{printer.lower()}", draw(st.booleans()), frozenset(draw(st.sets(MEMBERS))))
        for name, printer in zip(sorted(names), behind, strict=False)
    )
    triggers = {f"p-{name.lower()}": f"t-{name}" for name in draw(st.sets(st.sampled_from(PRINTERS)))}
    users = {name: f"id of {name}" for name in USERS}
    return Tenant(registered(*PRINTERS), shares, triggers, users=users)


MEMBERS = st.sampled_from(["id of ada@x.example", "id of ben@x.example", "id of somebody"])


@settings(max_examples=150, deadline=None)
@given(fleets(), tenants(), st.integers(0, 12))
def test_whatever_the_tenant_was_and_wherever_a_run_ends_the_next_one_finishes(
    text: str, tenant: Tenant, stop: int
) -> None:
    fleet = read(text)
    tenancy = ModelTenancy(tenant)
    try:
        plan(fleet, tenant)
    except FleetUnreadable:
        # Graph would refuse it half way: it is told before anything is done.
        return
    tenancy.stop_after = stop
    try:
        asyncio.run(applied(fleet, tenancy))
    except Interrupted:
        tenancy.stop_after = None
        asyncio.run(applied(fleet, tenancy))
    assert plan(fleet, tenancy.tenant) == ()
    kept = {share.id for share in tenancy.tenant.shares}
    assert {share.id for share in tenant.shares} <= kept
