"""Checks run side by side, and what is shown of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from shared.doctor.finding import Finding, Line, Status, exit_code, failed, skipped, warning, works
from shared.doctor.render import as_json, render
from shared.doctor.running import Check, examine
from shared.errors import AccountLapsed


def gives(finding: Finding) -> Callable[[], Awaitable[Finding]]:
    async def run() -> Finding:
        return finding

    return run


def raises(error: Exception) -> Callable[[], Awaitable[Finding]]:
    async def run() -> Finding:
        raise error

    return run


async def test_what_depends_on_a_failure_is_skipped_with_the_reason_and_the_rest_goes_on() -> None:
    lines = await examine(
        [
            Check("a.third", gives(works("fine")), needs=("a.second",)),
            Check("a.second", gives(works("fine")), needs=("a.first print1",)),
            Check("a.first", gives(failed("broken")), "print1"),
            Check("a.other", gives(works("fine")), needs=("a.warned",)),
            Check("a.warned", gives(warning("soon"))),
        ],
        5,
    )
    assert [(line.check, line.finding.status.value, line.finding.words) for line in lines] == [
        ("a.third", "skipped", "not tried, because a.second was not"),
        ("a.second", "skipped", "not tried, because a.first print1 failed"),
        ("a.first", "failed", "broken"),
        ("a.other", "ok", "fine"),
        ("a.warned", "warning", "soon"),
    ]


async def test_an_error_is_explained_a_surprise_is_told_and_neither_ends_the_others() -> None:
    lapsed = AccountLapsed("print1@contoso.com", "it was revoked", 300)
    checks = [
        Check("a.lapsed", raises(lapsed)),
        Check("a.surprise", raises(ZeroDivisionError("by nought"))),
        Check("a.fine", gives(works("fine"))),
    ]
    explained, surprise, fine = (line.finding for line in await examine(checks, 5))
    assert (explained.cause, explained.command) == ("accountLapsed", "python -m printops login print1@contoso.com")
    assert (surprise.told, "ZeroDivisionError" in surprise.words) == (False, True)
    assert fine.status is Status.OK


async def test_a_check_that_never_ends_is_given_up() -> None:
    async def forever() -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    (line,) = await examine([Check("a.slow", forever)], 0.01)
    assert (line.finding.status, line.finding.told) == (Status.FAILED, False)
    assert "DOCTOR_CHECK_SECONDS" in line.finding.words


async def test_independent_checks_run_at_the_same_time() -> None:
    met = asyncio.Barrier(3)

    async def meet() -> Finding:
        await met.wait()
        return works("met")

    lines = await examine([Check("a.meet", meet, str(number)) for number in range(3)], 5)
    assert {line.finding.words for line in lines} == {"met"}


def test_the_exit_code_tells_what_is_to_mend_from_what_could_not_be_told() -> None:
    fine, soon, off = Line("a.a", "", works("")), Line("a.b", "", warning("")), Line("a.c", "", skipped(""))
    wrong, unknown = Line("a.d", "", failed("")), Line("a.e", "", Finding(Status.FAILED, "", told=False))
    assert exit_code([fine, soon, off]) == 0
    assert exit_code([fine, unknown]) == 1
    assert exit_code([unknown, wrong]) == 2


def test_each_check_has_one_line_and_what_failed_the_steps_beneath() -> None:
    lines = [
        Line("storage.queue", "print-jobs", works("fine")),
        Line("account.printing", "print1", failed("may not", portal="Portal > Share", command="printops share allow")),
    ]
    assert [shown.text for shown in render(lines)] == [
        "",
        "Storage",
        "  ok      queue print-jobs: fine",
        "",
        "Account",
        "  FAILED  printing print1: may not",
        "          $ printops share allow",
        "          > Portal > Share",
        "",
        "2 checks: 1 work, 1 failed",
    ]


def test_programs_get_the_same_by_stable_names() -> None:
    lines = [Line("account.printing", "print1", failed("may not", portal="Portal", command="run this", cause="name"))]
    assert json.loads(as_json(lines)) == {
        "exitCode": 2,
        "summary": {"ok": 0, "warning": 0, "failed": 1, "skipped": 0},
        "checks": [
            {
                "id": "account.printing",
                "subject": "print1",
                "status": "failed",
                "words": "may not",
                "cause": "name",
                "remedy": "run `run this`, or in the portal: Portal",
                "portal": "Portal",
                "command": "run this",
            }
        ],
    }
