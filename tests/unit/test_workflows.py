"""The workflows run what the README says, with actions that cannot change under us."""

from __future__ import annotations

import re

import pytest

from tests.support.tenant import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_with_its_version(path: object) -> None:
    uses = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))  # type: ignore[attr-defined]
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_unless_a_job_asks_for_more(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    assert re.search(r"^permissions:\n  contents: read$", text, flags=re.MULTILINE)
    assert "pull_request_target" not in text


def test_a_release_is_tested_before_it_is_built_and_says_where_it_comes_from() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    order = ["dev.py lint", ".ci/run", "dev.py package", "cyclonedx", "attest-build-provenance", "gh release create"]
    places = [text.index(step) for step in order]
    assert places == sorted(places)
