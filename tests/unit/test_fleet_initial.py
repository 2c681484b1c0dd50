"""A first file says what the tenant has: applying it changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fleet.applying import apply
from shared.fleet.initial import first_fleet
from shared.fleet.planning import plan
from shared.fleet.reading import parse_fleet
from shared.fleet.steps import Kind
from shared.fleet.tenant import Tenant, TenantShare
from shared.fleet.toml_text import toml_key, toml_value
from tests.support.model_tenancy import ModelTenancy
from tests.unit.test_fleet_planning import FLEET, HALL, new_tenant, read, registered

GROUP = "11111111-2222-3333-4444-555555555555"


def rewritten(tenant: Tenant) -> Tenant:
    """The tenant as it is read for the first file, with ids found for the names in it."""
    fleet = read(first_fleet(tenant))
    names = {name.lower(): user for user, name in tenant.names.items()}
    groups = {name: (name,) for name in fleet.group_names}
    return replace(tenant, users={**tenant.users, **names}, groups=groups)


def test_a_tenant_without_anything_gets_a_file_that_teaches() -> None:
    text = first_fleet(Tenant(printers=registered("Hall")))
    assert "# [[virtual_printers]]" in text
    assert "# [task_definition]" in text
    commented = [line.removeprefix("# ") for line in text.splitlines()]
    start = next(index for index, line in enumerate(commented) if line == "[task_definition]")
    taught = "\n".join(line for line in commented[start:] if "=" in line or line.startswith("["))
    fleet = parse_fleet(taught, lambda _: "")
    assert (fleet.shares[0].alias, fleet.virtual_printers[0].name) == ("follow-me", "Follow me")


def test_a_tenant_with_shares_needs_only_a_catalog() -> None:
    shares = (
        TenantShare("s1", "Hall", "p-a", users=frozenset({"u1"}), groups=frozenset({GROUP})),
        TenantShare("s2", 'A "name"/ with \\ all', "p-v", everyone=True),
    )
    virtual = {
        "id": "p-v",
        "displayName": "V",
        "hasPhysicalDevice": False,
        "isAcceptingJobs": True,
        "capabilities": {"contentTypes": ["application/pdf"], "dpis": [300], "@odata.type": "x", "scalings": None},
    }
    tenant = rewritten(
        Tenant(
            (*registered("A", "B"), virtual),
            shares,
            {"p-a": "t1"},
            ({"id": "d", "displayName": "T"},),
            {"documentConversionEnabled": True},
            names={"u1": "ada@contoso.example", GROUP: "Staff"},
        )
    )
    text = first_fleet(tenant)
    assert '# its groups are "Staff"' in text
    assert [step.kind for step in plan(read(text), tenant)] == [Kind.PUBLISH]


async def test_a_published_catalog_comes_back_as_the_file_that_made_it() -> None:
    text = FLEET.replace('"Staff"', f'"{GROUP}"')
    fleet = read(text)
    tenancy = ModelTenancy(new_tenant(fleet))
    other = {**HALL, "id": "p-other", "displayName": "Other"}
    tenancy.tenant = replace(tenancy.tenant, printers=(*tenancy.tenant.printers, other), groups={GROUP: (GROUP,)})
    before = tenancy.tenant
    await apply(fleet, tenancy, before, plan(fleet, before), confirmed=True, told=lambda *_: None)
    names = {user: name for name, user in before.users.items()}
    tenant = replace(tenancy.tenant, names=names)
    again = first_fleet(tenant)
    assert '# Other printers of the tenant, not in this file: "Other"' in again
    assert plan(read(again), tenant) == ()


def test_printers_that_share_a_name_are_left_to_people() -> None:
    twins = ({**HALL, "id": "p-1"}, {**HALL, "id": "p-2"})
    text = first_fleet(Tenant(printers=(*twins, *registered("B"))))
    assert '# Other printers of the tenant, not in this file: "Hall", "Hall"' in text
    assert [printer.name for printer in read(text).printers] == ["B"]


NAMES = st.sampled_from(
    ["Hall", "hall ", "Hall/1", "Hall-1", "Bu\u0308ro", "Büro", ".", "..", "a\nb", "'q' \"d\""]
) | st.text(min_size=1, max_size=12)
WORDS: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "contentTypes": st.lists(st.sampled_from(["application/pdf", "image/x"]), max_size=2),
        "finishings": st.lists(st.sampled_from(["none", "unknownFutureValue", "ofNextYear"]), max_size=2),
        "copiesPerJob": st.just({"start": 1, "end": 99, "@odata.type": "x"}),
        "colorMode": st.sampled_from(["color", "ofNextYear", None]),
        "wordOfNextYear": st.booleans(),
    },
)


@st.composite
def tenants(draw: st.DrawFn) -> Tenant:
    """Printers and shares with whatever names and values, that nobody published a catalog of."""
    printers, shares, triggers = [], [], {}
    for index, name in enumerate(draw(st.lists(NAMES, max_size=4))):
        known = {"hasPhysicalDevice": draw(st.booleans()), "isAcceptingJobs": draw(st.booleans())}
        offers = {"capabilities": draw(WORDS), "defaults": draw(WORDS), "location": None}
        printers.append({"id": f"p{index}", "displayName": name, **known, **offers})
        if draw(st.booleans()):
            people, groups = frozenset(draw(st.sets(st.just("u1")))), frozenset(draw(st.sets(st.just(GROUP))))
            shares.append(TenantShare(f"s{index}", draw(NAMES), f"p{index}", draw(st.booleans()), people, groups))
        if draw(st.booleans()):
            triggers[f"p{index}"] = "t"
    definitions = tuple({"id": name, "displayName": name} for name in draw(st.sets(st.sampled_from(["a", "b"]))))
    names = {"u1": "ada@contoso.example", GROUP: "Sta\nff"}
    return Tenant(tuple(printers), tuple(shares), triggers, definitions, {}, names=names)


@given(tenants())
def test_the_first_file_of_any_tenant_can_be_read_and_changes_nothing_in_it(found: Tenant) -> None:
    tenant = rewritten(found)
    assert [step.kind for step in plan(read(first_fleet(tenant)), tenant)] == [Kind.PUBLISH]


def test_what_this_release_cannot_say_of_a_virtual_printer_is_named_and_left_as_it_is() -> None:
    offers = {"contentTypes": ["application/pdf"], "finishings": ["ofNextYear"]}
    printer = {"id": "p", "displayName": "V", "hasPhysicalDevice": False, "capabilities": offers}
    text = first_fleet(Tenant(printers=(printer,)))
    assert "# capabilities.finishings are left as they are" in text
    assert read(text).virtual_printers[0].capabilities == {"contentTypes": ["application/pdf"]}


def test_a_range_without_an_end_is_taken() -> None:
    offers = {"copiesPerJob": {"@odata.type": "#microsoft.graph.integerRange", "start": 1, "end": None}}
    printer = {"id": "p", "displayName": "V", "hasPhysicalDevice": False, "capabilities": offers}
    text = first_fleet(Tenant(printers=(printer,)))
    assert "are left as they are" not in text
    assert read(text).virtual_printers[0].capabilities == {"copiesPerJob": {"start": 1}}


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.filterwarnings("error")
@given(st.text(max_size=8), VALUES)
def test_whatever_is_written_is_read_again(key: str, value: object) -> None:
    import tomllib

    assert tomllib.loads(f"{toml_key(key)} = {toml_value(value)}") == {key: value}
