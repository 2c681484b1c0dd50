"""Which requests a printer gets when somebody asks for its attributes, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from shared.ipp.decoding import decode_response
from shared.ipp.encoding import encode_group, encode_message
from shared.ipp.making import integers, keywords, strings
from shared.ipp.pulling import IppRefused, IppUnreachable, http_address, pull
from shared.ipp.values import Attribute, Group, GroupTag, IppDecodeError, Message, Tag
from tests.support.raw_http import Answer, answering

Printer = Callable[[Message], Answer]
NAME = strings("printer-name", Tag.NAME, ["Warehouse"])
MEDIA = keywords("media-col-database", "stands-for-collections")


def answer(*attributes: Attribute, status: int = 0, message: str = "") -> Answer:
    said = (strings("status-message", Tag.TEXT, [message]),) if message else ()
    groups = (Group(GroupTag.OPERATION, said), Group(GroupTag.PRINTER, attributes))
    return Answer(200, "application/ipp", encode_message(Message((2, 0), status, 1, groups)))


@asynccontextmanager
async def printer(behave: Printer) -> AsyncIterator[tuple[str, list[tuple[tuple[int, int], list[str]]]]]:
    """A printer that answers as told: its address, and the version and wanted attributes of each request."""
    asked: list[tuple[tuple[int, int], list[str]]] = []

    def answered(body: bytes) -> Answer:
        message = decode_response(body)
        wanted = {one.name: [str(value.content) for value in one.values] for one in message.group(GroupTag.OPERATION)}
        assert list(wanted)[:2] == ["attributes-charset", "attributes-natural-language"]
        assert message.code == 0x000B
        asked.append((message.version, wanted["requested-attributes"]))
        return behave(message)

    async with answering(answered) as port:
        yield f"ipp://127.0.0.1:{port}/ipp/print", asked


async def test_everything_and_the_media_are_asked_for_at_once() -> None:
    async with printer(lambda _: answer(NAME, MEDIA)) as (uri, asked):
        pulled = await pull(uri)
    assert (pulled.attributes, pulled.version) == ((NAME, MEDIA), (2, 0))
    assert asked == [((2, 0), ["all", "media-col-database"])]


@pytest.mark.parametrize(("status", "requests"), [(0x0503, 2), (0x0400, 3)])
async def test_a_printer_that_knows_the_old_version_alone_is_asked_in_it(status: int, requests: int) -> None:
    def old(message: Message) -> Answer:
        return answer(NAME, MEDIA) if message.version == (1, 1) else answer(status=status)

    async with printer(old) as (uri, asked):
        assert (await pull(uri)).version == (1, 1)
    assert [version for version, _ in asked][-2:] == [(2, 0), (1, 1)]
    assert len(asked) == requests


async def test_media_that_come_only_when_asked_for_alone_are_asked_for_alone() -> None:
    def particular(message: Message) -> Answer:
        [wanted] = [one for one in message.group(GroupTag.OPERATION) if one.name == "requested-attributes"]
        names = [value.content for value in wanted.values]
        return {2: answer(status=0x0500), 1: answer(NAME if names == ["all"] else MEDIA)}[len(names)]

    async with printer(particular) as (uri, asked):
        assert (await pull(uri)).attributes == (NAME, MEDIA)
    assert [wanted for _, wanted in asked] == [["all", "media-col-database"], ["all"], ["media-col-database"]]


async def test_an_attribute_that_a_printer_repeats_counts_once_and_is_named() -> None:
    said = encode_message(Message((2, 0), 0, 1, (Group(GroupTag.PRINTER, (NAME, MEDIA)),)))
    again = encode_group([strings("printer-name", Tag.NAME, ["Other", "More"])])[1:]
    given = Answer(200, "application/ipp", said[:-1] + again + b"\x03")
    async with printer(lambda _: given) as (uri, _):
        pulled = await pull(uri)
    assert (pulled.attributes, pulled.repeated) == ((NAME, MEDIA), ("printer-name",))


async def test_a_refusal_is_told_in_the_printers_words() -> None:
    async with printer(lambda _: answer(status=0x0403, message="Ask the janitor.")) as (uri, _):
        with pytest.raises(IppRefused, match=r"0x0403 Ask the janitor\.") as caught:
            await pull(uri)
    assert caught.value.status == 0x0403


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (Answer(404, "text/html", b"no"), IppUnreachable, "HTTP status 404"),
        (Answer(200, "text/html", b"<html>"), IppDecodeError, "at byte"),
        (Answer(200, "application/ipp", b""), IppDecodeError, "bytes end within the header"),
        (Answer(200, "application/ipp", bytes(9 * 1024 * 1024)), IppUnreachable, "longer than 8388608 bytes"),
        (Answer(302, "text/html", b"", "http://localhost:1/"), IppUnreachable, "HTTP status 302"),
    ],
)
async def test_what_is_no_printer_is_named(given: Answer, error: type[Exception], words: str) -> None:
    async with printer(lambda _: given) as (uri, _):
        with pytest.raises(error, match=words):
            await pull(uri)


async def test_nobody_there_is_said_with_the_address() -> None:
    async with printer(lambda _: answer(integers("x", 1))) as (uri, _):
        pass
    with pytest.raises(IppUnreachable, match=uri):
        await pull(uri)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("ipp://printer.example/ipp/print", "http://printer.example:631/ipp/print"),
        ("ipps://printer.example", "https://printer.example:631/"),
        ("ipps://printer.example:443/p?a=b", "https://printer.example:443/p?a=b"),
        ("ipp://[::1]:8631/ipp", "http://[::1]:8631/ipp"),
    ],
)
def test_ipp_addresses_are_http_addresses_of_port_631(uri: str, address: str) -> None:
    assert http_address(uri) == address


@pytest.mark.parametrize("uri", ["http://printer.example/", "printer.example", "ipp:///ipp/print"])
def test_other_addresses_are_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="no printer's address"):
        http_address(uri)
