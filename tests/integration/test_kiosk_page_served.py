"""What the kiosk's page is made of: names, headers, languages, and what the functions answer."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared.kiosk_page
from functions.kiosk_page import kiosk_asset, kiosk_page
from shared.held.reasons import Reason
from shared.kiosk_page import LANGUAGES, NAMES, asset, language_for, page

FILES = Path(shared.kiosk_page.__file__).parent / "assets"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in FILES.glob("*.js")}
WORDS: dict[str, dict[str, Any]] = {
    tag: json.loads((FILES / f"{tag}.json").read_text(encoding="utf-8")) for tag in LANGUAGES
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def ask(function: Any, headers: dict[str, str] | None = None, **route: str) -> func.HttpResponse:
    request = func.HttpRequest("GET", "/", headers=headers or {}, params={}, route_params=route, body=b"")
    user_function = function.build(func.AuthLevel.ANONYMOUS).get_user_function()
    answer: func.HttpResponse = user_function(request)
    return answer


def test_the_page_is_never_kept_and_loads_only_its_own_parts() -> None:
    answer = ask(kiosk_page, {"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Accept-Language"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    text = answer.get_body().decode()
    assert '<html lang="de" dir="ltr">' in text
    assert "{{" not in text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert addresses
    assert {address.removeprefix("/api/kiosk/assets/") for address in addresses} <= NAMES
    assert not re.search(r"<script(?![^>]*src=)|\bon[a-z]+=|style=", text)


def test_every_part_is_served_with_its_type_and_kept_by_its_hash() -> None:
    assert {path.name for path in FILES.iterdir()} == NAMES
    for name in NAMES:
        first = ask(kiosk_asset, name=name)
        assert first.status_code == 200
        assert first.get_body() == (FILES / name).read_bytes()
        assert first.headers["Cache-Control"] == "no-cache"
        assert first.headers["Content-Security-Policy"] == POLICY
        again = ask(kiosk_asset, {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}, name=name)
        assert (again.status_code, again.get_body()) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    assert ask(kiosk_asset, name="start.js").headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "name",
    ["", "..", "../__init__.py", "..%2f__init__.py", "__init__.py", "index.html", "START.JS", "start.js/", "a\0b"],
)
def test_nothing_else_is_served(name: str) -> None:
    answer = ask(kiosk_asset, name=name)
    assert answer.status_code == 404
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@given(st.text())
def test_no_name_leads_out_of_the_table(name: str) -> None:
    assert asset(name, "").status == (200 if name in NAMES else 404)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("sv,de;q=0.4,ja;q=0.7", "ja"),
        ("ja;q=0, de;q=0.1", "de"),
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-Hans-SG", "zh-Hans"),
        ("pt-BR,en;q=0.5", "pt"),
        ("sv,*;q=0.5,de;q=0.1", "en"),
        ("xx; q=2, fr ; q=0.5", "fr"),
        ("\n;;;,,,q=1", "en"),
    ],
)
def test_the_language_is_the_one_the_browser_likes_best(header: str, tag: str) -> None:
    assert language_for(header) == tag


@given(st.one_of(st.text(), st.text("deja-*;q=01., ")))
def test_any_header_gives_a_language_that_exists(header: str) -> None:
    assert language_for(header) in LANGUAGES
    assert page(header).status == 200


def forms(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_language_has_every_text_with_the_same_placeholders(tag: str) -> None:
    english, words = WORDS["en"], WORDS[tag]
    assert list(words) == list(english)
    for key, entry in words.items():
        wanted = set[str]().union(*(placeholders(text) for text in forms(english[key])))
        assert isinstance(entry, dict) is isinstance(english[key], dict), key
        for text in forms(entry):
            assert placeholders(text) == wanted, key
            assert text.strip() == text != "", key
        if isinstance(entry, dict):
            assert "other" in entry, key
            assert set(entry) == {"other"} if tag in {"ja", "zh-Hans"} else {"one", "other"}, key
    untranslated = {key for key, entry in words.items() if entry == english[key] and len(forms(entry)[0]) > 16}
    assert tag == "en" or not untranslated


def test_no_line_of_french_begins_with_a_mark_or_ends_with_a_quote() -> None:
    for key, entry in WORDS["fr"].items():
        for text in forms(entry):
            assert not re.search("« | [»?!;:]", text), key


def test_every_text_that_the_scripts_say_exists_and_none_is_left_over() -> None:
    source = "".join(SCRIPTS.values())
    said = set(re.findall(r'\bsay(?:IfKnown)?\("(\w+)"', source)) | set(re.findall(r'"(sum[A-Z]\w+)"', source))
    stems = {"busy_", "outcome_", "reason_"}
    kinds = re.findall(r"^  (\w+): \[\"\w+\", \"\w+\"\],$", SCRIPTS["messages.js"], re.MULTILINE)
    said |= {f"{kind}{part}" for kind in kinds for part in ("Title", "Text")}
    named = set(re.findall(r'"(\w+)"', source)) | {"direction", "title"}
    known = set(WORDS["en"])
    assert said <= known
    assert {
        key for key in known if key not in said | named and not any(key.startswith(stem) for stem in stems)
    } == set()


def test_every_reason_of_the_service_has_a_sentence_in_every_language() -> None:
    assert {key.removeprefix("reason_") for key in WORDS["en"] if key.startswith("reason_")} == set(Reason)


def test_the_switch_offers_the_languages_that_are_served() -> None:
    offered = re.findall(r'^  \["([\w-]+)", "', SCRIPTS["words.js"], re.MULTILINE)
    assert sorted(offered) == sorted(LANGUAGES)


def test_no_script_takes_markup_or_asks_elsewhere() -> None:
    for name, source in SCRIPTS.items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", source), (
            name
        )
        assert re.findall(r"https?://[^\"\s]+", source) in ([], ["http://www.w3.org/2000/svg"]), name
        assert {found.removeprefix("./") for found in re.findall(r'from "([^"]+)"', source)} <= NAMES, name
    for path in FILES.glob("*.css"):
        assert not re.search(r"url\(|@import", path.read_text(encoding="utf-8")), path.name
