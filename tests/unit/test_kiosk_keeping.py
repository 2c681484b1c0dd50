"""Operators add kiosks and badges: all of a file or nothing, as often as they like, and no secret is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import Catalog, Printer
from shared.graph.task_client import User
from shared.kiosk.badge_file import BadgeRow, BadgesRefused, read_badges
from shared.kiosk.keeping import KioskRejected, Kiosks, find_device, kiosk_id
from shared.kiosk.registering import PersonUnknown, Registrar
from tests.support.kiosk_world import ANNA_BADGE, ANNA_PERSON, KioskWorld, kiosk_world
from tests.support.memory_state import MemoryStateStore
from tests.support.task_graph import ANNA, BEN
from tests.support.task_world import OFFICE

ANNA_NAME, BEN_NAME = ANNA.user_principal_name, BEN.user_principal_name
CARD = "04A2B3C4D5E680"


@pytest.fixture
async def world() -> KioskWorld:
    world = await kiosk_world()
    for path in [path async for path in world.services.state.list_paths("badges/")]:
        await world.services.state.delete(path)
    return world


def registrar(world: KioskWorld) -> Registrar:
    return Registrar(world.services.state, world.services.keys, world.tasks.graph.get_user, bytes)


def kiosks(world: KioskWorld) -> Kiosks:
    services = world.services
    return Kiosks(services.state, services.keys, services.now, services.bounds.kiosk_overlap_seconds)


def contents(state: MemoryStateStore) -> str:
    return " ".join(f"{path} {stored.content!r}" for path, stored in state.documents.items())


async def test_imported_badges_and_pins_open_sessions_and_are_kept_only_as_hashes(world: KioskWorld) -> None:
    rows = read_badges(f"upn,badge,pin\n{ANNA_NAME},{CARD},480215\n{BEN_NAME},0012345678\n")
    assert await registrar(world).register(rows) == {"badges added": 2, "PINs set": 1}

    assert (await world.tap(CARD.lower())).body["person"]["userPrincipalName"] == ANNA_NAME
    assert (await world.tap("12345678")).body["person"]["userPrincipalName"] == BEN_NAME
    typed = await world.ask("POST", "session", {"userName": ANNA_NAME, "pin": "480215"})
    assert typed.body["person"]["displayName"] == ANNA.display_name
    kept = contents(world.tasks.state)
    assert not [secret for secret in (CARD, CARD.lower(), "12345678", "480215") if secret in kept]


async def test_an_import_can_be_run_again_and_changes_nothing(world: KioskWorld) -> None:
    rows = read_badges(f"{ANNA_NAME},{CARD},480215")
    await registrar(world).register(rows)
    before = dict(world.tasks.state.documents)
    reversed_bytes = read_badges(f"{ANNA_NAME},{bytes.fromhex(CARD)[::-1].hex()},480215")

    assert await registrar(world).register(rows) == {"badges known": 1, "PINs known": 1}
    assert await registrar(world).register(reversed_bytes) == {"badges known": 1, "PINs known": 1}
    assert world.tasks.state.documents == before


async def test_a_file_with_a_wrong_line_writes_nothing_and_names_every_line(world: KioskWorld) -> None:
    with pytest.raises(BadgesRefused) as refused:
        read_badges(
            "\n".join(
                [
                    "upn;badge;pin",
                    f"{ANNA_NAME};{CARD};1234",
                    "anna;04A2B3C4",
                    "",
                    f"{BEN_NAME};00000000;4802",
                    ";04A2B3C4",
                    BEN_NAME,
                    f"{BEN_NAME};DEADBEEF",
                ]
            )
        )
    assert [line for line, _ in refused.value.problems] == [2, 3, 5, 6, 7]
    assert CARD not in str(refused.value)
    unknown = read_badges(f"{ANNA_NAME},{CARD}\nnobody@contoso.example,DEADBEEF")
    with pytest.raises(BadgesRefused, match="line 2: the directory knows nobody named nobody@"):
        await registrar(world).register(unknown)
    assert "badges/" not in contents(world.tasks.state)


@pytest.mark.parametrize("other", [CARD, CARD.lower(), "80:E6:D5:C4:B3:A2:04", str(int(CARD, 16))])
async def test_a_badge_of_two_people_is_refused_in_one_file_and_against_what_is_kept(
    world: KioskWorld, other: str
) -> None:
    with pytest.raises(BadgesRefused, match="reads like"):
        read_badges(f"{ANNA_NAME},{CARD}\n{BEN_NAME},{other}")
    await registrar(world).register(read_badges(f"{ANNA_NAME},{CARD}"))
    with pytest.raises(BadgesRefused, match=f"line 1: its badge is, or reads like, that of {ANNA_NAME}"):
        await registrar(world).register(read_badges(f"{BEN_NAME},{other}"))


async def test_user_ids_in_the_file_are_taken_and_graph_is_not_asked(world: KioskWorld) -> None:
    rows = read_badges(f"Upn,Badge,objectId\n{ANNA_NAME},{CARD},{ANNA.id}", "objectid")
    await registrar(world).register(rows)
    assert world.tasks.graph.calls == []
    await world.hold()
    assert len((await world.tap(CARD)).body["jobs"]) == 1


@pytest.mark.parametrize(
    ("text", "column"),
    [("", None), ("upn,badge", None), (f"{ANNA_NAME},{CARD}", "id"), (f"upn,badge,id\n{ANNA_NAME},{CARD},", "id")],
)
def test_a_file_without_what_it_needs_is_refused(text: str, column: str | None) -> None:
    with pytest.raises(BadgesRefused):
        read_badges(text, column)


@given(st.text(max_size=200) | st.text('@,;"\n\rab12.', max_size=80), st.none() | st.just("id"))
def test_any_file_is_read_or_refused_with_lines(text: str, column: str | None) -> None:
    try:
        rows = read_badges(text, column)
    except BadgesRefused as refused:
        lines = [line for line, _ in refused.problems]
    else:
        lines = [row.line for row in rows]
    assert lines
    assert min(lines) >= 1


async def test_a_removed_badge_or_person_is_known_no_more(world: KioskWorld) -> None:
    await registrar(world).register(
        read_badges(f"{ANNA_NAME},{CARD},480215\n{ANNA_NAME},DEADBEEF\n{BEN_NAME},CAFEBABE")
    )
    assert await registrar(world).remove_badge("EF:BE:AD:DE") == 1
    assert (await world.tap("DEADBEEF")).code == "unknownBadge"
    assert await registrar(world).remove_person(ANNA_NAME) == 1

    assert (await world.tap(CARD)).code == "unknownBadge"
    assert (await world.ask("POST", "session", {"userName": ANNA_NAME, "pin": "480215"})).code == "wrongPin"
    assert (await world.tap("CAFEBABE")).status == 200
    with pytest.raises(PersonUnknown):
        await registrar(world).remove_person(ANNA_NAME)


async def test_a_pin_can_be_replaced_and_taken_away_while_the_badge_stays(world: KioskWorld) -> None:
    await registrar(world).register(read_badges(f"{ANNA_NAME},{CARD},480215"))
    await registrar(world).register([BadgeRow(1, ANNA_NAME, pin="715342")])
    for pin, status in (("480215", 403), ("715342", 200)):
        answer = await world.ask("POST", "session", {"userName": ANNA_NAME, "pin": pin})
        assert answer.status == status
    await registrar(world).remove_pin(ANNA_NAME)
    assert (await world.ask("POST", "session", {"userName": ANNA_NAME, "pin": "715342"})).code == "wrongPin"
    assert (await world.tap(CARD)).status == 200


async def test_thousands_of_lines_are_looked_up_a_few_at_a_time(world: KioskWorld) -> None:
    running, most = 0, 0

    async def get_user(name: str) -> User:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await world.tasks.clock.sleep(0)
        running -= 1
        return User(f"id of {name}", name, name)

    text = "\n".join(f"p{number}@contoso.example,{0x04000000 + number * 7:08X}" for number in range(3000))
    many = Registrar(world.services.state, world.services.keys, get_user, bytes)
    assert await many.register(read_badges(text)) == {"badges added": 3000}
    assert most <= 16


async def test_a_kiosk_is_known_by_its_secret_and_by_the_one_before_for_a_while(world: KioskWorld) -> None:
    await world.add_badge(ANNA_BADGE, ANNA_PERSON)
    await kiosks(world).add("lab", "Lab", OFFICE, "first")
    world.secrets["lab"] = "first"
    assert (await world.tap(kiosk="lab")).status == 200
    await kiosks(world).rotate("lab", "second")
    for secret in ("first", "second"):
        world.secrets["lab"] = secret
        assert (await world.tap(kiosk="lab")).status == 200

    world.tasks.clock.advance(world.services.bounds.kiosk_overlap_seconds)
    answers = []
    for secret in ("first", "second"):
        world.secrets["lab"] = secret
        answers.append((await world.tap(kiosk="lab")).status)
    assert answers == [401, 200]
    assert "first" not in contents(world.tasks.state)


async def test_two_rotations_leave_no_third_secret(world: KioskWorld) -> None:
    await world.add_badge(ANNA_BADGE, ANNA_PERSON)
    await kiosks(world).add("lab", "Lab", OFFICE, "first")
    for secret in ("second", "third"):
        await kiosks(world).rotate("lab", secret)
    found = {}
    for secret in ("first", "second", "third"):
        world.secrets["lab"] = secret
        found[secret] = (await world.tap(kiosk="lab")).status
    assert found == {"first": 401, "second": 200, "third": 200}


async def test_a_kiosk_that_cannot_be_is_refused(world: KioskWorld) -> None:
    with pytest.raises(KioskRejected, match="already"):
        await kiosks(world).add("lobby", "Lobby", OFFICE, "x")
    for wrong in ("", "../x", "A", "x" * 64, "-x"):
        with pytest.raises(KioskRejected):
            await kiosks(world).add(wrong, "Lobby", OFFICE, "x")
        with pytest.raises(KioskRejected):
            await kiosks(world).remove(wrong)
    with pytest.raises(KioskRejected):
        await kiosks(world).rotate("nowhere", "x")


@pytest.mark.parametrize(("name", "made"), [("Floor 2, east", "floor-2-east"), ("Büro 3.OG", "buro-3-og")])
def test_an_id_is_made_of_a_name(name: str, made: str) -> None:
    assert kiosk_id(name) == made


def test_a_kiosk_stands_at_a_printer_with_paper() -> None:
    catalog = Catalog((), printers=(Printer("1", "Office"), Printer("2", "Follow me", virtual=True)))
    assert find_device(catalog, "OFFICE") == "1"
    for wrong, reason in (("Follow me", "virtual"), ("Nowhere", "It has: Office")):
        with pytest.raises(KioskRejected, match=reason):
            find_device(catalog, wrong)
    with pytest.raises(KioskRejected):
        kiosk_id("階")
