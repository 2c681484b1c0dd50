"""`printops printer attributes` reads, checks and writes files, and sends what it read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from printops import administrator, attributes
from shared.bounds import Bounds
from shared.ipp.decoding import decode_group
from shared.ipp.document import read_document
from shared.ipp.making import keywords
from shared.ipp.virtual import completed, without_device
from shared.services import Services

RUNNER = CliRunner()
RECORDED = Path(__file__).resolve().parent.parent / "data" / "ipp-printer-mono.response.bin"


def asked(*arguments: str | Path) -> Result:
    return RUNNER.invoke(attributes.app, [str(argument) for argument in arguments])


def told(result: Result) -> str:
    """Standard error without its line breaks."""
    return " ".join(result.stderr.split())


def test_an_answer_becomes_a_file_and_the_file_becomes_the_body_for_graph(tmp_path: Path) -> None:
    file, body = tmp_path / "printer.json", tmp_path / "printer.ipp"
    assert asked("decode", RECORDED, "-o", file).exit_code == 0
    assert asked("encode", file, "--output", body).exit_code == 0
    assert RECORDED.read_bytes().endswith(body.read_bytes() + b"\x03")
    again = asked("decode", body)
    assert (again.exit_code, again.stdout) == (0, file.read_text("utf-8"))


def test_people_see_types_and_values() -> None:
    shown = asked("show", RECORDED)
    assert shown.exit_code == 0
    assert "copies-supported" in shown.stdout
    assert "rangeOfInteger" in shown.stdout
    assert '"1-999"' in shown.stdout


def test_a_check_ends_with_1_only_where_something_required_is_missing_or_wrong(tmp_path: Path) -> None:
    checked = asked("check", RECORDED, "--json")
    assert checked.exit_code == 0
    assert [json.loads(line)["attribute"] for line in checked.stdout.splitlines()] == ["mopria-certified"]
    poor = tmp_path / "poor.json"
    poor.write_text('{"attributes": {"sides-supported": {"keyword": "one-sided"}}}')
    found = asked("check", poor, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout.splitlines()[0]) == {
        "level": "required",
        "attribute": "charset-configured",
        "problem": "is missing",
        "whatFor": "the charset of the printer's own texts",
        "source": "RFC 8011 5.4",
    }


def test_capabilities_become_attributes_and_what_is_lost_is_told(tmp_path: Path) -> None:
    printer, file = tmp_path / "graph.json", tmp_path / "out.json"
    printer.write_text(json.dumps({"id": "1", "capabilities": {"mediaSizes": ["A4", "Photo"], "dpis": [600]}}))
    converted = asked("convert", printer, "-o", file, "--virtual", "Follow Me")
    assert converted.exit_code == 0
    assert "capabilities.mediaSizes: 'Photo' is left out" in told(converted)
    known = {one.name: one.values[0].content for one in read_document(file.read_text("utf-8"))}
    assert (known["media-supported"], known["printer-name"]) == ("iso_a4_210x297mm", "Follow Me")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "it is no JSON"),
        (b"\xff\xfe", "neither UTF-8 nor IPP"),
        (b"\x04\x21", "at byte 2: the bytes end within the length of a name"),
        (b"\x02\x00", "at byte 0: the bytes end within the header"),
        (b'{"attributes": {"copies-default": {"integer": "one"}}}', "copies-default: 'one' is not of the type"),
        (b'{"attributes": {"copies-default": {"integer": 9999999999}}}', "copies-default: 9999999999 does not fit"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "bad"
    file.write_bytes(content)
    refused = asked("encode", file)
    assert (refused.exit_code, refused.stdout_bytes) == (1, b"")
    assert words in told(refused)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    assert "cannot be read" in told(asked("show", tmp_path / "none"))
    assert "cannot be written" in told(asked("encode", RECORDED, "-o", tmp_path))


def test_an_address_of_another_kind_is_refused_before_anything_is_sent() -> None:
    assert asked("pull", "http://printer.example/").exit_code == 2
    assert asked("pull", "ipps://printer.example/", "--certificate", RECORDED).exit_code == 1


def test_attributes_are_sent_as_one_group_and_again_after_a_lost_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[httpx.Request] = []

    def graph(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) == 1:
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(204)

    class Tokens:
        def __init__(self, *_: object) -> None:
            pass

        async def access_token(self) -> str:
            return "the-apps-token"

        def invalidate(self) -> None:
            raise AssertionError("Graph refused the token")

    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    def run(work: Callable[[Any], Any], settings_file: Path | None) -> None:
        assert settings_file is None

        async def with_services() -> int:
            core: Any = SimpleNamespace(uploads=None, bounds=Bounds(), sleep=sleep, random=lambda: 0.5)
            async with httpx.AsyncClient(transport=httpx.MockTransport(graph)) as http:
                settings: Any = SimpleNamespace(graph_base_url="https://graph.example/v1.0", graph_tenant_id="tenant")
                unused: Any = None
                code: int = await work(Services(settings, unused, http, unused, unused, core))
                return code

        raise typer.Exit(asyncio.run(with_services()))

    monkeypatch.setattr(attributes, "run", run)
    monkeypatch.setattr(administrator, "ApplicationAccess", Tokens)
    pushed = asked("push", RECORDED, "8a4f2c1e-6b0d-4f57-9c3a-2e1d5b7a9f60")
    assert pushed.exit_code == 0, pushed.output
    assert len(waited) == 1
    assert [(one.method, str(one.url)) for one in requests] == [
        ("PATCH", "https://graph.example/v1.0/print/printers/8a4f2c1e-6b0d-4f57-9c3a-2e1d5b7a9f60")
    ] * 2
    assert requests[0].headers["content-type"] == "application/ipp"
    assert requests[0].headers["authorization"] == "Bearer the-apps-token"
    assert RECORDED.read_bytes().endswith(requests[1].content + b"\x03")


def test_what_belongs_to_a_device_stays_with_the_device() -> None:
    real = decode_group(RECORDED.read_bytes()[RECORDED.read_bytes().index(b"\x04\x22") : -1])
    kept = {one.name for one in without_device(real)}
    gone = {one.name for one in real} - kept
    assert {"printer-uuid", "printer-uri-supported", "printer-up-time", "printer-supply", "printer-name"} <= gone
    assert {"media-col-database", "sides-supported", "printer-make-and-model", "printer-device-id"} <= kept


def test_what_is_there_already_is_not_completed_over() -> None:
    whole = completed([keywords("compression-supported", "gzip", "none")], "Follow Me")
    assert [one for one in whole if one.name == "compression-supported"] == [whole[0]]
    assert len({one.name for one in whole}) == len(whole)
