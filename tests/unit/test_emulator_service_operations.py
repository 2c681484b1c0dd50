"""The table of operations is what Microsoft documents, and the page of differences tells of every row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph.api import HANDLERS
from emulator.universal_print.graph.directory_rows import DIRECTORY_ROWS
from emulator.universal_print.graph.operation import STRINGS, Operation
from emulator.universal_print.graph.operations import OPERATIONS, Router

ROOT = Path(__file__).resolve().parent.parent.parent
FACTS = ROOT / "tests" / "data" / "graph_print_operations.txt"
DIRECTORY_FACTS = ROOT / "tests" / "data" / "graph_directory_operations.txt"
PAGE = ROOT / "docs" / "emulator-differences.md"


@dataclass(frozen=True)
class Fact:
    delegated: frozenset[str]
    delegated_also: frozenset[str]
    application: frozenset[str]
    application_also: frozenset[str]
    administrator: bool


def read_facts() -> dict[tuple[str, str], Fact]:
    groups: dict[str, list[str]] = {}
    facts = {}
    for line in FACTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            name, _, members = line.partition(" = ")
            groups[name] = members.split()
        elif "|" in line and not line.startswith("#"):
            method, path, delegated, application, administrator = (cell.strip() for cell in line.split("|"))
            facts[method, path] = Fact(
                *_permissions(delegated, groups), *_permissions(application, groups), administrator == "D"
            )
    return facts


def _permissions(cell: str, groups: dict[str, list[str]]) -> tuple[frozenset[str], frozenset[str]]:
    def names(text: str) -> frozenset[str]:
        words = [word for word in text.split() if word != "-"]
        return frozenset(name for word in words for name in groups.get(word, [word]))

    first, _, more = cell.partition("+")
    return names(first), names(more)


def key(operation: Operation) -> tuple[str, str]:
    return operation.method, re.sub(r"\{\w+\}", "{}", operation.path)


def test_every_documented_operation_is_a_row_and_no_other_is() -> None:
    rows = [operation for operation in OPERATIONS if operation not in DIRECTORY_ROWS]
    assert {key(operation) for operation in rows} == read_facts().keys()
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize(
    "operation", [row for row in OPERATIONS if row not in DIRECTORY_ROWS], ids=lambda row: row.name
)
def test_an_operation_takes_the_documented_tokens(operation: Operation) -> None:
    fact = read_facts()[key(operation)]
    if fact.delegated == {"*"}:
        assert "PrintJob.ReadBasic" in operation.delegated
        assert not operation.application
        return
    said = Fact(
        frozenset(operation.delegated),
        frozenset(operation.delegated_also),
        frozenset(operation.application),
        frozenset(operation.application_also),
        operation.administrator,
    )
    assert said == fact


def test_an_operation_of_the_directory_takes_no_token_that_graph_refuses() -> None:
    facts = {}
    for line in DIRECTORY_FACTS.read_text(encoding="utf-8").splitlines():
        if "|" in line and not line.startswith("#"):
            method, path, delegated, application = (cell.strip() for cell in line.split("|"))
            facts[method, path] = (set(delegated.split()), set(application.split()))
    for operation in DIRECTORY_ROWS:
        # A cast asks for what its collection asks for.
        found = facts[operation.method, re.sub(r"/microsoft\.graph\.\w+$", "", key(operation)[1])]
        assert {*operation.delegated, *operation.delegated_also} <= found[0], operation.name
        assert {*operation.application, *operation.application_also} <= found[1], operation.name


def test_every_handler_belongs_to_a_row_and_answers_a_type_of_the_schema() -> None:
    rows = {operation.name: operation for operation in OPERATIONS}
    assert HANDLERS.keys() <= rows.keys()
    for operation in OPERATIONS:
        if operation.answers is not None and operation.answers != STRINGS:
            graph_schema().type_of(operation.answers.removeprefix("Collection(").rstrip(")"))


def test_the_page_of_differences_lists_every_operation_with_its_state() -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = dict(
        re.findall(r"^\| `(?:GET|POST|PATCH|DELETE) [^|]+` \| `(\w+)` \| (built|501) \|$", text, re.MULTILINE)
    )
    assert listed == {row.name: "built" if row.name in HANDLERS else "501" for row in OPERATIONS}
    for operation in OPERATIONS:
        assert f"| `{operation.method} {operation.path}` | `{operation.name}` |" in text


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/print/printers/create", "createPrinter"),
        ("GET", "/print/printers/1/shares/2", "getPrinterShare"),
        ("GET", "/print/printers/1/jobs/2/documents/3/$value", "getPrinterDocumentFile"),
        (
            "GET",
            "/reports/getUserArchivedPrintJobs(userId='u',startDateTime=null,endDateTime=null)",
            "getUserArchivedPrintJobs",
        ),
        ("GET", "/me", "getMe"),
    ],
)
def test_a_path_leads_to_its_operation(method: str, path: str, name: str) -> None:
    operation = Router().match(method, path).operation
    assert operation is not None
    assert operation.name == name


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert set(Router().match("PUT", "/print/shares/1").allowed) == {"GET", "PATCH", "DELETE"}
