"""Wherever the code may put the name of a document into the log, it goes through the one switch that can hide it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.package.assembling import FOLDERS
from tests.support.tenant import ROOT

METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# What an expression is called that may hold the name of a document, or a text or a record with one in it.
SUSPECT = {
    *("name", "path", "document", "document_name", "file_name", "blob", "title", "text", "line", "body", "record"),
    *("source", "target"),
}
# Logged as they are: expression, and where, as the beginning of a path. Why no document's name is in them:
HARMLESS = {
    # of an alert: a fixed word, with an account, a queue or the id of a printer; its text hides the name by itself
    ("change.name", "shared/alerts.py"),
    ("change.text", "shared/alerts.py"),
    # of a print account
    ("name", "shared/accounts/"),
    # of its token cache
    ("path", "shared/accounts/token_cache.py"),
    # of a held job: the ids of a person, a printer and a job
    ("path", "shared/held/"),
    ("entry.path", "shared/held/"),
    ("view.path", "shared/held/"),
    ("view.path", "shared/kiosk/tapping.py"),
    # of the audit: ids, people, and the sentence that the kiosk was told
    ("json.dumps(line)", "shared/audit.py"),
    # of a module
    ("name", "shared/preloading.py"),
    # of a metric
    ("name", "shared/metrics.py"),
    # the status of an HTTP answer
    ("body['status']", "shared/problems.py"),
    # of exported usage: a series, a table, a month
    ("run.name", "shared/usage/"),
    ("series.name", "shared/usage/"),
    ("path", "shared/usage_report/"),
}
# Errors of these modules are about documents, and are logged where they are caught.
ABOUT_DOCUMENTS = (
    "shared/submission/",
    "shared/upload/",
    "shared/held/",
    "shared/storage/documents.py",
    "shared/tasks/",
)
# Their texts go to a receipt, to the kiosk or to the terminal of whoever typed the name, and into no log.
NOT_LOGGED = {"DocumentRejected", "OperationRefused", "NotChanged", "_Fault"}
HARMLESS_IN_ERRORS = {
    # as above
    ("entry.path", "shared/held/"),
    ("path", "shared/held/"),
    ("found.path", "shared/tasks/record.py"),
    # a time
    ("text", "shared/times.py"),
    # a container
    ("target[0]", "shared/storage/documents.py"),
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def is_logging(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"logger", "logging"}
    )


def suspects(node: ast.expr) -> list[str]:
    """What of an expression may name a document; nothing within `shown(…)`, and no type or length."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"shown", "type", "len"}:
        return []
    return [ast.unparse(node)] if set(ends(node)) & SUSPECT else []


def ends(node: ast.AST) -> Iterator[str]:
    """The last words of the names within: of `record.document.name` it is `name`."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    else:
        for child in ast.iter_child_nodes(node):
            yield from ends(child)


def logged(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if is_logging(node):
            assert isinstance(node, ast.Call)
            arguments = node.args[2:] if ast.unparse(node.func).endswith(".log") else node.args[1:]
            for argument in arguments:
                yield from suspects(argument)


def raised(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if ast.unparse(node.exc.func).rpartition(".")[2] in NOT_LOGGED:
                continue
            for part in ast.walk(node.exc):
                if isinstance(part, ast.FormattedValue):
                    yield from suspects(part.value)


def unexplained(found: Iterator[str], file: str, harmless: set[tuple[str, str]]) -> set[str]:
    return {text for text in found if not any(text == known and file.startswith(where) for known, where in harmless)}


def test_no_line_of_the_log_names_a_document_but_through_the_switch() -> None:
    open_names = {file: names for file, tree in sources() if (names := unexplained(logged(tree), file, HARMLESS))}
    assert open_names == {}


def test_no_error_that_is_logged_names_a_document_but_through_the_switch() -> None:
    open_names = {
        file: names
        for file, tree in sources()
        if file.startswith(ABOUT_DOCUMENTS) and (names := unexplained(raised(tree), file, HARMLESS_IN_ERRORS))
    }
    assert open_names == {}


def test_a_text_is_never_put_together_before_it_is_logged() -> None:
    wrong = [
        f"{file}: {ast.unparse(node)}"
        for file, tree in sources()
        for node in ast.walk(tree)
        if is_logging(node)
        and isinstance(node, ast.Call)
        and any(isinstance(part, ast.JoinedStr) for argument in node.args for part in ast.walk(argument))
        and not file.startswith("shared/tasks/timers.py")
    ]
    assert wrong == []


def test_every_explanation_is_still_of_use() -> None:
    for search, harmless in ((logged, HARMLESS), (raised, HARMLESS_IN_ERRORS)):
        found = {(text, file) for file, tree in sources() for text in search(tree)}
        idle = {
            (text, where)
            for text, where in harmless
            if not any(text == known and file.startswith(where) for known, file in found)
        }
        assert idle == set()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("logger.info('%s is gone', name)", ["name"]),
        ("logger.exception('%s/%s', facts.container, facts.name)", ["facts.name"]),
        ("logger.log(level, '%s', record.document.name)", ["record.document.name"]),
        ("logger.info('%s is gone', shown(name))", []),
        ("logger.warning('%s', type(document).__name__)", []),
        ("logger.warning('%s', key)", []),
    ],
)
def test_the_search_finds_what_it_is_to_find(line: str, found: list[str]) -> None:
    assert list(logged(ast.parse(line))) == found


def test_the_search_reads_this_checkout() -> None:
    assert Path(ROOT / "shared").is_dir()
    assert len([file for file, _ in sources()]) > 100
