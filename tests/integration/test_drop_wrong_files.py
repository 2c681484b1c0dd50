"""A file that cannot be printed gets a receipt that says what to do, and no job is made for it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from emulator.azurite import StorageAccount
from shared.bounds import Bounds
from shared.names import ARCHIVE, FAILED, INBOX
from tests.support.documents import pdf
from tests.support.drop_world import DropWorld, drop_world

LIMIT = 100_000
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 500


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "content of " + name)
    return buffer.getvalue()


@pytest.fixture
async def world(storage_account: StorageAccount, tmp_path: Path) -> AsyncIterator[DropWorld]:
    bounds = replace(Bounds(), document_bytes=LIMIT)
    async with drop_world(storage_account, tmp_path, bounds=bounds) as built:
        yield built


@dataclass(frozen=True)
class Wrong:
    """A drop that must fail with `code`, in words that hold each of `says`."""

    name: str
    content: bytes
    code: str
    says: tuple[str, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    sidecar: bytes | None = None
    content_type: str | None = None


WRONG = [
    Wrong("office/empty.pdf", b"", "documentEmpty", ("empty",)),
    Wrong("office/archive.pdf", _zip("a.txt"), "contentMismatch", (".pdf", "ZIP archive")),
    Wrong("office/letter.pdf", _zip("[Content_Types].xml", "word/document.xml"), "contentMismatch", ("Office",)),
    Wrong("office/huge.pdf", pdf(padding=LIMIT), "documentTooLarge", (str(LIMIT), "Split")),
    Wrong("nowhere/a.pdf", pdf(), "shareUnknown", ("nowhere", "laser, office")),
    Wrong("offcie/a.pdf", pdf(), "shareUnknown", ("Did you mean office?",)),
    Wrong("a.pdf", pdf(), "shareMissing", ("folder", "office")),
    Wrong("office/noise.bin", bytes(range(256)), "contentUnknown", ("PDF",)),
    Wrong("laser/photo.jpg", JPEG, "contentNotSupported", ("JPEG", "application/pdf")),
    Wrong("office/lies.pdf", pdf(), "contentMismatch", ("image/jpeg",), content_type="image/jpeg"),
    Wrong("office/copies.pdf", pdf(), "settingInvalid", ("copies", "whole number", "two"), {"copies": "two"}),
    Wrong("laser/colour.pdf", pdf(), "settingNotOffered", ("colorMode color", "grayscale"), {"colormode": "color"}),
    Wrong("laser/many.pdf", pdf(), "settingNotOffered", ("copies 500", "1 to 99"), {"copies": "500"}),
    Wrong("laser/both.pdf", pdf(), "settingNotOffered", ("dpi", "A3"), {"dpi": "1", "mediasize": "A3"}),
    Wrong("office/broken.pdf", pdf(), "ticketUnreadable", ("broken.pdf.print.json",), sidecar=b"{copies: 2"),
    Wrong("office/list.pdf", pdf(), "ticketUnreadable", ("object",), sidecar=b"[1]"),
    Wrong("office/typo.pdf", pdf(), "settingInvalid", ("did you mean copies",), sidecar=b'{"copys": 2}'),
    Wrong("office/vast.pdf", pdf(), "ticketUnreadable", ("larger than",), sidecar=b" " * 70_000),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name.replace("/", "-"))
async def test_a_wrong_file_gets_a_receipt_that_says_what_to_do(world: DropWorld, wrong: Wrong) -> None:
    if wrong.sidecar is not None:
        await world.put(f"{wrong.name}.print.json", wrong.sidecar)
    options = {"content_settings": _settings(wrong.content_type)} if wrong.content_type else {}
    key = await world.drop(wrong.name, wrong.content, metadata=wrong.metadata, **options)
    await world.settle()

    receipt = await world.receipt(key)
    assert receipt["code"] == wrong.code, receipt["reason"]
    for words in wrong.says:
        assert words in receipt["reason"]
    assert receipt["outcome"] == "failed"
    assert f"printops submissions retry {key}" in receipt["next"]
    kept = await world.names(FAILED)
    assert any(name.endswith(wrong.name.rpartition("/")[2]) for name in kept)
    assert await world.names(INBOX) == [], "the file and its sidecar left the inbox"
    assert list(world.emulator.requests) == [], "nothing was asked of Graph"
    assert world.slips == []


HOSTILE = [
    "office/.hidden.pdf",
    "office/..\\..\\windows.pdf",
    "office/" + "d/" * 300 + "deep.pdf",
    "office/" + "n" * 900 + ".pdf",
    "office/Übersicht für Łódź 東京.pdf",
    "office/rtl-\u202efdp.exe.pdf",
    "office/quote'\"<>&;`$(rm).pdf",
    "office/percent%2f%00.pdf",
    "office/CON.pdf",
    "OFFICE/Upper.PDF",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_name_prints_once_and_is_kept(world: DropWorld, name: str) -> None:
    key = await world.drop(name, pdf())
    await world.settle()

    receipt = await world.receipt(key)
    assert receipt["code"] == "completed", receipt["reason"]
    assert len(world.slips) == 1
    assert await world.names(INBOX) == []
    assert len(await world.names(ARCHIVE)) == 2
    assert all(world.emulator.paper in path.resolve().parents for path in world.emulator.paper.rglob("*"))


def _settings(content_type: str) -> object:
    from azure.storage.blob import ContentSettings

    return ContentSettings(content_type=content_type)
