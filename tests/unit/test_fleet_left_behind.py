"""What a change of the file leaves behind, or takes from the functions, is named before it is done."""

from __future__ import annotations

import pytest

from shared.fleet.applying import Outcome, TenantChanged, apply
from shared.fleet.planning import plan
from shared.fleet.steps import Kind
from shared.fleet.tenant import Tenant
from tests.support.model_tenancy import ModelTenancy
from tests.unit.test_fleet_planning import FLEET, applied, kinds, new_tenant, read, registered


async def test_a_catalog_that_somebody_else_published_meanwhile_is_not_written_over() -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))
    await applied(fleet, tenancy)
    mine, theirs = (read(FLEET.replace("500", jobs)) for jobs in ("600", "700"))
    before = tenancy.tenant
    await applied(theirs, tenancy)
    published = tenancy.tenant.catalog
    with pytest.raises(TenantChanged, match="Somebody else published another catalog"):
        await apply(mine, tenancy, before, plan(mine, before), confirmed=True, told=lambda *_: None)
    assert tenancy.tenant.catalog == published
    outcomes: list[Outcome] = []
    told = lambda _, outcome: outcomes.append(outcome)  # noqa: E731 - one line of a test
    await apply(theirs, tenancy, before, plan(theirs, before), confirmed=True, told=told)
    assert outcomes == [Outcome.ALREADY]


async def test_a_new_name_without_an_id_is_no_rename_and_the_plan_says_so_and_asks() -> None:
    fleet = read(FLEET)
    tenancy = ModelTenancy(new_tenant(fleet))
    await applied(fleet, tenancy)
    renamed = read(FLEET.replace('name = "Follow me"\ncapabilities', 'name = "Secure"\ncapabilities')
                   .replace('printer = "Follow me"', 'printer = "Secure"'))  # fmt: skip
    found = {step.kind: step for step in plan(renamed, tenancy.tenant)}
    created, published = found[Kind.CREATE_PRINTER], found[Kind.PUBLISH]
    virtual = next(one["id"] for one in tenancy.tenant.printers if one["displayName"] == "Follow me")
    assert f"the file no longer names 'Follow me' (to rename it instead: id = \"{virtual}\")" in created.sentence
    assert "it no longer names the printer 'Follow me'" in published.sentence
    assert "jobs that wait on 'Follow me' stay there" in found[Kind.SWAP_PRINTER].sentence
    assert created.noticed
    assert published.noticed

    by_id = FLEET.replace('name = "Follow me"\ncapabilities', f'name = "Secure"\nid = "{virtual}"\ncapabilities')
    kept = read(by_id.replace('printer = "Follow me"', 'printer = "Secure"'))
    assert kinds(plan(kept, tenancy.tenant)) == ["updatePrinter", "publishCatalog"]

    other = read(FLEET.replace('[task_definition]\nname = "Follow me"', '[task_definition]\nname = "Pull"'))
    definition = plan(other, tenancy.tenant)[0]
    assert "in place of 'Follow me'" in definition.sentence
    assert definition.noticed


async def test_a_printer_that_the_file_leaves_out_is_named_before_the_functions_forget_it() -> None:
    fleet = read('[[printers]]\nname = "A"\n[[printers]]\nname = "B"\n')
    tenancy = ModelTenancy(Tenant(printers=registered("A", "B")))
    await applied(fleet, tenancy)
    [step] = plan(read('[[printers]]\nname = "A"\n'), tenancy.tenant)
    assert (step.noticed, "it no longer names the printer 'B'" in step.sentence) == (True, True)

    many = [f"M{number:02}" for number in range(30)]
    fleet = read("".join(f'[[printers]]\nname = "{name}"\n' for name in many))
    tenancy = ModelTenancy(Tenant(printers=registered(*many)))
    await applied(fleet, tenancy)
    [step] = plan(read('[[printers]]\nname = "M00"\n'), tenancy.tenant)
    assert step.sentence.endswith("the printer 'M10' and 19 more")
