"""The page on settings and the example file say what the code does, both ways."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shared.bounds import describe
from shared.errors import SettingsError
from shared.settings import BOUNDS, CLOUDS, SETTINGS, load_settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
EXAMPLE = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]
HOST_SETTINGS = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}
ROW = re.compile(r"^\| `([A-Za-z_]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str, str]]:
    """The cells beside each setting's name."""
    return {name: (one.strip().strip("`"), two.strip(), three.strip()) for name, one, two, three in ROW.findall(PAGE)}


def test_the_page_has_every_setting_and_bound_and_no_other() -> None:
    assert set(rows()) == {*SETTINGS, *BOUNDS}


@pytest.mark.parametrize(("name", "default"), SETTINGS.items())
def test_the_page_tells_the_default_a_meaning_and_an_example(name: str, default: str | None) -> None:
    told, meaning, example = rows()[name]
    assert told == (default or "")
    assert len(meaning) > 10
    assert example


@pytest.mark.parametrize(("name", "default", "unit", "meaning"), describe())
def test_the_page_tells_default_unit_and_meaning_of_each_bound(
    name: str, default: float, unit: str, meaning: str
) -> None:
    told, told_unit, told_meaning = rows()[name]
    assert (float(told), told_unit, told_meaning) == (default, unit, meaning)


def test_the_page_tells_which_addresses_belong_together() -> None:
    for graph, authority in CLOUDS.items():
        assert re.search(rf"\| `https://{re.escape(graph)}/v1.0` \| `https://{re.escape(authority)}` \|", PAGE)


def test_the_example_has_what_must_be_set_and_says_what_to_fill_in() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(EXAMPLE)
    to_fill_in = {name for name, value in EXAMPLE.items() if value.startswith("<")}
    assert {problem.split()[0] for problem in refused.value.problems} == to_fill_in
    assert set(EXAMPLE) <= {*SETTINGS, *BOUNDS, *HOST_SETTINGS}


def test_the_example_works_once_it_is_filled_in() -> None:
    filled = EXAMPLE | {
        "GRAPH_TENANT_ID": "contoso.com",
        "GRAPH_CLIENT_ID": "01234567-89ab-cdef-0123-456789abcdef",
        "PRINT_ACCOUNTS": "print1@contoso.com",
        "TOKEN_CACHE_KEY": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    }
    assert load_settings(filled).storage.connection_string == "UseDevelopmentStorage=true"
