"""The steps for shares: removed, moved to another printer, made, and who may use them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.fleet import steps
from shared.fleet.model import Fleet, Share
from shared.fleet.steps import Kind, Step
from shared.fleet.tenant import Tenant, TenantShare, printer_id_of


def plan_shares(fleet: Fleet, tenant: Tenant) -> Iterator[Step]:
    """Steps in an order in which no printer has two shares and no name is there twice."""
    for entry in fleet.shares:
        for share in tenant.shares_of(entry.name, entry.id) if entry.absent else ():
            sentence = f"Delete the share {entry.name!r}; who has installed it must install another"
            yield Step(Kind.DELETE_SHARE, entry.name, sentence, steps.SHARE, True, share_id=share.id)
    found = {entry.name: share_of(entry, tenant) for entry in fleet.present_shares}
    known = {name: one for name, one in found.items() if one is not None}
    for entry in fleet.present_shares:
        if entry.name in known and known[entry.name].name != entry.name:
            sentence = f"Rename the share {known[entry.name].name!r} to {entry.name!r}"
            yield Step(
                *(Kind.UPDATE_SHARE, entry.name, sentence, steps.SHARE, True),
                share_id=known[entry.name].id,
                body={"displayName": entry.name},
            )
    yield from _moves(fleet, tenant)
    for entry in fleet.present_shares:
        if entry.name not in known:
            yield _created(entry, fleet, tenant)
    for entry in fleet.present_shares:
        yield from _access(entry, known.get(entry.name), tenant)


def share_of(entry: Share, tenant: Tenant) -> TenantShare | None:
    """The one share that an entry means."""
    found = tenant.shares_of(entry.name, entry.id)
    return found[0] if found else None


def moving(fleet: Fleet, tenant: Tenant) -> tuple[list[tuple[Share, TenantShare]], list[tuple[Share, TenantShare]]]:
    """Shares that get another printer, in an order that works, and those that wait for each other in a ring."""
    waiting = []
    for entry in fleet.present_shares:
        share = share_of(entry, tenant)
        wanted = printer_id_of(fleet, tenant, entry.printer or "")
        if share is not None and (wanted is None or wanted != share.printer_id):
            waiting.append((entry, share))
    removed = {share.id for entry in fleet.shares if entry.absent for share in tenant.shares_of(entry.name, entry.id)}
    taken = {share.printer_id: share.id for share in tenant.shares if share.id not in removed}
    ordered: list[tuple[Share, TenantShare]] = []
    while waiting:
        free = [
            pair for pair in waiting if printer_id_of(fleet, tenant, pair[0].printer or "") not in taken.keys() - {None}
        ]
        if not free:
            return ordered, waiting
        for pair in free:
            ordered.append(pair)
            waiting.remove(pair)
            taken.pop(pair[1].printer_id, None)
    return ordered, []


def _moves(fleet: Fleet, tenant: Tenant) -> Iterator[Step]:
    for entry, share in moving(fleet, tenant)[0]:
        before = tenant.printers_of("", share.printer_id) if share.printer_id else []
        sentence = f"Put the printer {entry.printer!r} behind the share {entry.name!r}"
        sentence += "".join(f"; jobs that wait on {str(one['displayName'])!r} stay there" for one in before)
        yield Step(
            *(Kind.SWAP_PRINTER, entry.name, sentence, steps.SHARE, True),
            share_id=share.id,
            printer_id=printer_id_of(fleet, tenant, entry.printer or ""),
        )


def _created(entry: Share, fleet: Fleet, tenant: Tenant) -> Step:
    who = " with everyone" if entry.everyone else ""
    return Step(
        *(Kind.CREATE_SHARE, entry.name, f"Share the printer {entry.printer!r} as {entry.name!r}{who}", steps.SHARE),
        noticed=True,
        printer_id=printer_id_of(fleet, tenant, entry.printer or ""),
        body={"displayName": entry.name, "allowAllUsers": entry.everyone is True},
    )


def _access(entry: Share, share: TenantShare | None, tenant: Tenant) -> Iterator[Step]:
    share_id = share.id if share else None
    if share is not None and entry.everyone is not None and share.everyone is not entry.everyone:
        words = "Let everyone" if entry.everyone else "No longer let everyone"
        yield Step(
            *(Kind.CHANGE_EVERYONE, entry.name, f"{words} print on {entry.name!r}", steps.SHARE, True),
            share_id=share_id,
            body={"allowAllUsers": entry.everyone},
        )
    users = {tenant.users[name.lower()]: name for name in entry.users}
    groups = {tenant.groups[name][0]: name for name in entry.groups}
    for kind, words, wanted, has in (
        (Kind.ADD_USER, "", users, share.users if share else frozenset()),
        (Kind.ADD_GROUP, "the group ", groups, share.groups if share else frozenset()),
    ):
        for member, name in wanted.items():
            if member not in has:
                sentence = f"Let {words}{name} print on {entry.name!r}"
                yield Step(kind, entry.name, sentence, steps.SHARE, True, member, share_id=share_id, other_id=member)
    if share is None or not entry.exclusive:
        return
    for kind, words, gone in (
        (Kind.REMOVE_USER, "the user", share.users - users.keys()),
        (Kind.REMOVE_GROUP, "the group", share.groups - groups.keys()),
    ):
        for member in sorted(gone):
            known = tenant.names.get(member, member)
            sentence = f"No longer let {words} {known}, whom the file does not name, print on {entry.name!r}"
            yield Step(kind, entry.name, sentence, steps.SHARE, True, member, share_id=share_id, other_id=member)
