"""The documents that the demo prints: of every kind that printers take, small and large, and one that is wrong."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emulator.demo.outcomes import Expected
from emulator.universal_print.sample_documents import (
    write_invoice,
    write_jpeg,
    write_large_pdf,
    write_oxps,
    write_pwg_raster,
)

LARGE_BYTES = 120_000_000
SIDECAR_SUFFIX = ".print.json"


@dataclass(frozen=True, slots=True)
class DemoDocument:
    """A document of the demo. `name` is its place in the inbox; `metadata` and `sidecar` are its print settings."""

    name: str
    write: Callable[[Path], object]
    metadata: Mapping[str, str] = field(default_factory=dict)
    sidecar: Mapping[str, object] = field(default_factory=dict)
    expected: Expected = "completed"


def _large(path: Path) -> None:
    write_large_pdf(path, LARGE_BYTES)


def _long_invoice(path: Path) -> None:
    write_invoice(path, pages=12, seed=4712)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoice.txt", "An invoice that somebody packed and renamed.\n")


DOCUMENTS = (
    DemoDocument("office/scans/plan-of-the-site.pdf", _large),
    DemoDocument("finance/2026/invoice-4711.pdf", write_invoice, sidecar={"copies": 2, "duplexMode": "flipOnLongEdge"}),
    DemoDocument("finance/2026/invoice-4712.pdf", _long_invoice, metadata={"duplexmode": "flipOnLongEdge"}),
    DemoDocument("office/evening.jpg", write_jpeg, metadata={"colormode": "color", "mediasize": "A4"}),
    DemoDocument("photo/poster.pwg", write_pwg_raster),
    DemoDocument("archive/minutes.oxps", write_oxps, metadata={"copies": "3"}),
    DemoDocument("finance/2026/packed.pdf", _zip, expected="failed"),
)


def write_documents(folder: Path) -> dict[str, Path]:
    """Write every document; give its file by the document's name. The large one takes most of a second."""
    files = {}
    for document in DOCUMENTS:
        files[document.name] = folder / document.name
        files[document.name].parent.mkdir(parents=True, exist_ok=True)
        document.write(files[document.name])
        if document.sidecar:
            sidecar = files[document.name].with_name(files[document.name].name + SIDECAR_SUFFIX)
            sidecar.write_text(json.dumps(document.sidecar), encoding="utf-8")
    return files
