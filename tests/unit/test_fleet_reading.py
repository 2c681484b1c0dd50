"""What `fleet.toml` may say, and that every fault is told at once with its place."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.universal_print.csdl.schema import graph_schema
from shared.fleet.model import Fleet, FleetUnreadable
from shared.fleet.printer_words import CAPABILITIES, DEFAULTS, Form
from shared.fleet.reading import parse_fleet
from shared.fleet.schema import json_schema
from shared.fleet.sections import SECTIONS

DOCS = Path(__file__).parents[2] / "docs"


def read(text: str) -> Fleet:
    return parse_fleet(text, lambda _: "")


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(FleetUnreadable) as raised:
        read(text)
    return raised.value.problems


def test_an_empty_file_asks_for_nothing() -> None:
    assert read("") == Fleet()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = ", "it is not TOML: "),
        ("[[share]]\nname = 'A'", "there is no section 'share' (did you mean 'shares'?)"),
        ("[shares]\nname = 'A'", "shares must be written as [[shares]], once for each entry"),
        ("[[settings]]", "settings must be written as [settings]"),
        ("[profiles]\neconomy = 1", "profiles: economy must be written as [profiles.economy]"),
        (
            "[[printers]]\nname = 'A'\ntriger = true",
            "printers 'A': there is no word 'triger' (did you mean 'trigger'?)",
        ),
        ("[[printers]]\ntrigger = true", "printers, entry 1 has no name"),
        ("[[printers]]\nname = 'A'\ntrigger = 1", "printers 'A': trigger must be true or false, not 1"),
        ("[[shares]]\nname = 'A'\nstate = 'gone'", "shares 'A': state must be present or absent, not 'gone'"),
        ("[[shares]]\nname = 'A'", "shares 'A' has no printer"),
        ("[[printers]]\nname = 'A'\n[[printers]]\nname = 'a'", "printers: 'a' is there twice"),
        (
            "[[printers]]\nname = 'Hall'\n[[shares]]\nname = 'A'\nprinter = 'Hal'",
            "shares 'A': there is no printer 'Hal' in this file (did you mean 'Hall'?)",
        ),
        ("[[printers]]\nname = 'A'\ntrigger = true", "'A' has a trigger, so [task_definition] is needed"),
        ("[profiles.p]\nduplex = true", "'duplex' in profiles.p is not a print setting (did you mean duplexMode?)"),
        ("[profiles.p]\nowner = 'a@b.c'", "profiles.p: owner is not a print setting"),
        ("[[printers]]\nname = 'P'\n[[shares]]\nname = '..'\nprinter = 'P'", "shares '..' needs an alias that can be"),
        ("[licence_pool]\njobs_per_month = 0", "licence_pool.jobsPerMonth must be a whole number from 1, not 0"),
        ("[price_list]\ncurrency = 'Euro'", "price_list.currency must be three letters such as EUR (ISO 4217)"),
        (
            "[[printers]]\nname = 'A'\nid = 'x'\n[[printers]]\nname = 'B'\nid = 'X'",
            "printers, by id: 'X' is there twice",
        ),
        (
            "[[shares]]\nname = 'A'\nid = 'x'\nstate = 'absent'\n[[shares]]\nname = 'B'\nid = 'X'\nstate = 'absent'",
            "shares, by id: 'X' is there twice",
        ),
        ("[[cost_centers]]\nname = 'A'\n[[cost_centers]]\nname = 'A'", "cost_centers names 'A' twice"),
        (
            "[[policies]]\nname = 'Night'\naction = { do = 'redirekt' }",
            "policies 'Night'.action.do must be one of hold, release,",
        ),
        (
            "[[policies]]\nname = 'Night'\naction = { do = 'redirect', group = 'near' }",
            "policies 'Night'.action: there is no printer group 'near' with printers (printer_groups: ",
        ),
        (
            "[[delegates]]\nowner = 'a@b.c'\ndelegate = 'd@b.c'\nfrom = 2026-12-01\nto = 2026-11-01",
            "delegates 'a@b.c' ends before it begins",
        ),
        (
            "[[delegates]]\nowner = 'a@b.c'\ndelegate = 'd@b.c'\nfrom = 'x'\nto = 2026-11-01",
            "from must be a day such as",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, told: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert told in found[0]


def test_every_fault_of_a_price_list_is_told_with_the_name_of_its_printer() -> None:
    text = """
        [[printers]]
        name = "Hall"
        [[printers]]
        name = "Attic; with shares"
        [price_list]
        currency = "Euro"
        perSheet = "a; b"
        printers = [
            { printer = "Attic; with shares", perSheet = "free" },
            { printer = "Hall", perBlackPage = -1 },
            { printer = "Hall" },
        ]
        [[cost_centers]]
        name = "A"
        default = true
        [[cost_centers]]
        name = "B"
        default = true
        """
    assert problems(text) == (
        "price_list.currency must be three letters such as EUR (ISO 4217), not 'Euro'",
        "price_list.perSheet must be a price such as \"0.035\", not 'a; b'",
        "price_list.printers 'Attic; with shares'.perSheet must be a price such as \"0.035\", not 'free'",
        "price_list.printers 'Hall'.perBlackPage must be between 0 and 1000000 with at most 6 decimals, not '-1'",
        "price_list.printers 'Hall' is there twice: a printer has one list of prices",
        "cost_centers: both 'A' and 'B' are the default",
    )


def test_every_fault_is_told_at_once() -> None:
    text = "[[printers]]\nnam = 'A'\n[nothing]\n[[shares]]\nname = 'B'\nusers = 'all'\n"
    assert len(problems(text)) == 4


def test_faults_of_policies_prices_and_centres_are_told_together() -> None:
    rule, prices = "[[policies]]\nname = 'A'\naction = { do = 'x' }\n", "[price_list]\ncurrency = '1'\n"
    assert len(problems(f"{rule}{prices}[licence_pool]\njobs_per_month = -1")) == 3


def test_attributes_are_read_from_the_file_that_is_named() -> None:
    text = "[[virtual_printers]]\nname = 'V'\ntrigger = false\nattributes = 'v.json'"
    from shared.ipp.document import write_document
    from shared.ipp.values import Attribute, Value

    written = write_document([Attribute("printer-name", (Value(0x42, "Follow me"),))])
    attributes = parse_fleet(text, {"v.json": written}.__getitem__).virtual_printers[0].attributes
    assert attributes is not None
    assert attributes.body[0] == 0x04
    assert b"Follow me" in attributes.body

    def missing(name: str) -> str:
        raise FileNotFoundError(f"no {name}")

    with pytest.raises(FleetUnreadable, match=re.escape("virtual_printers 'V': v.json cannot be used: no v.json")):
        parse_fleet(text, missing)


@given(st.text(max_size=60))
def test_any_text_is_read_or_told_what_is_wrong(text: str) -> None:
    with contextlib.suppress(FleetUnreadable):
        assert isinstance(read(text), Fleet)


def test_the_published_schema_is_that_of_the_parser() -> None:
    assert json.loads((DOCS / "fleet.schema.json").read_text("utf-8")) == json_schema()


def complaints(value: object, schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Where a value is not as the schema says, as far as the schema of the file goes (JSON Schema, draft 07)."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    allowed = schema.get("type", [])
    for kind in [allowed] if isinstance(allowed, str) else []:
        if not isinstance(value, kinds[kind]):
            yield f"{place}: {value!r} is not of type {kind}"
    if isinstance(value, dict):
        yield from (f"{place}: no {name}" for name in schema.get("required", []) if name not in value)
        for name, each in value.items():
            member = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if member is False:
                yield f"{place}.{name} is not known"
            elif isinstance(member, dict):
                yield from complaints(each, member, f"{place}.{name}")
    if isinstance(value, list):
        for each in value:
            yield from complaints(each, schema.get("items", {}), place)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield f"{place} is too short"


def as_editors_see(value: object) -> object:
    """TOML as an editor holds it against a schema: a day is a text."""
    if isinstance(value, dict):
        return {name: as_editors_see(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_editors_see(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def test_every_example_of_the_pages_is_as_the_schema_and_the_parser_want_it() -> None:
    pages = {path.name: path.read_text("utf-8") for path in DOCS.glob("*.md")}
    examples = [(name, text) for name in pages for text in re.findall(r"```toml\n(.*?)```", pages[name], re.DOTALL)]
    assert {name for name, _ in examples} >= {"fleet.md", "setup.md"}
    for name, text in examples:
        found = as_editors_see(tomllib.loads(text))
        assert list(complaints(found, json_schema())) == [], name
        # Of the page of set-up the printers stand in the file already.
        read(text if "[[printers]]" in text else text + '\n[[printers]]\nname = "Hall MFP"\n')
    for wrong in (
        "[share]",
        "[[shares]]\nnane = 'A'",
        "[[shares]]\nname = 1",
        "[[shares]]\nname = 'A'\nstate = 'x'",
        "x = 1",
    ):
        assert list(complaints(tomllib.loads(wrong), json_schema())) != [], wrong


def test_the_page_explains_every_section_and_word() -> None:
    page = (DOCS / "fleet.md").read_text("utf-8")
    for name, section in SECTIONS.items():
        _, _, rest = page.partition(f"\n### `{name}`\n")
        told = rest.partition("\n### ")[0]
        assert section.help in told, name
        assert [word for word in section.words if f"| `{word}` |" not in told] == [], name


def test_the_example_of_the_page_is_a_fleet() -> None:
    page = (DOCS / "fleet.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    fleet = read(example)
    assert fleet.virtual_printers
    assert fleet.policies
    assert {name for name in SECTIONS if f"[{name}]" in example or f"[{name}." in example} == set(SECTIONS)


def test_the_file_of_the_set_up_page_is_a_fleet() -> None:
    page = (DOCS / "setup.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    printer = '\n[[printers]]\nname = "Hall MFP"\n'
    assert [share.alias or share.name for share in read(example + printer).shares] == ["Follow me", "hall"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            'capabilities = { colourModes = ["color"] }',
            "capabilities.colourModes: Graph has no such word (did you mean",
        ),
        (
            'capabilities = { colorModes = ["greyscale"] }',
            "'greyscale' (did you mean 'grayscale'?); it must be a list of",
        ),
        ('capabilities = { colorModes = "color" }', "capabilities.colorModes"),
        ("capabilities = { dpis = [600, true] }", "it must be a list of numbers"),
        ("capabilities = { copiesPerJob = { from = 1 } }", "it must be a table with start and end"),
        ("capabilities = { collation = 1 }", "it must be true or false"),
        ('defaults = { colorMode = "Color" }', "'Color' (did you mean 'color'?); it must be one of"),
        ('defaults = { feedOrientation = "longEdgeFirst" }', "Graph has no such word"),
        ('defaults = { mediaSize = "" }', "it must be a text"),
    ],
)
def test_a_word_that_graph_would_refuse_is_told_before_anybody_signs_in(written: str, problem: str) -> None:
    (told,) = problems(f'[[virtual_printers]]\nname = "V"\ntrigger = false\n{written}\n')
    assert told.startswith("virtual_printers 'V': ")
    assert problem in told


@pytest.mark.parametrize(("type_name", "forms"), [("printerCapabilities", CAPABILITIES), ("printerDefaults", DEFAULTS)])
def test_the_words_of_printers_are_those_of_graphs_schema(type_name: str, forms: Mapping[str, Form]) -> None:
    assert set(forms) == graph_schema().members_of(type_name)
    for name, form in forms.items():
        samples = [True, 1, "text", [1], ["text"], {"start": 1, "end": 2}, list(form.offered), *form.offered]
        for sample in samples:
            complaints = graph_schema().check({name: sample}, type_name, complete=False)
            assert form.fits(sample) is not bool(complaints), (name, sample)
