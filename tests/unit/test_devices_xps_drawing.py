"""OpenXPS becomes a PDF that says the same."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from emulator.universal_print.devices.documents import UnprintableDocumentError
from emulator.universal_print.devices.xps_drawing import _geometry, draw_xps
from emulator.universal_print.sample_documents import write_oxps, write_pwg_raster


def test_pages_size_and_text_of_an_xps_document_are_in_the_pdf(tmp_path: Path) -> None:
    source = write_oxps(tmp_path / "minutes.oxps", pages=3, title="Minutes of März & friends")
    assert draw_xps(source, tmp_path / "minutes.pdf") == 3
    pages = PdfReader(tmp_path / "minutes.pdf").pages
    assert len(pages) == 3
    assert [round(float(side)) for side in pages[0].mediabox[2:]] == [595, 842]
    text = pages[2].extract_text()
    assert "Minutes of März & friends" in text
    assert "Page 3 of 3" in text
    resources: Any = pages[0]["/Resources"]
    used = [str(font.get_object()["/BaseFont"]) for font in resources["/Font"].values()]
    assert any("BitstreamVera" in name for name in used)


def test_text_in_a_font_that_cannot_be_read_is_drawn_all_the_same(tmp_path: Path) -> None:
    whole = write_oxps(tmp_path / "whole.oxps", pages=1)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "odd.oxps", "w") as target:
        for name in source.namelist():
            target.writestr(name, b"obfuscated" if name.endswith(".ttf") else source.read(name))
    draw_xps(tmp_path / "odd.oxps", tmp_path / "odd.pdf")
    assert "The committee looked at tray 1" in PdfReader(tmp_path / "odd.pdf").pages[0].extract_text()


def test_what_is_no_xps_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnprintableDocumentError, match="damaged"):
        draw_xps(write_pwg_raster(tmp_path / "raster"), tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("M 1,2 L 3,4 5,6 Z", [("M", [1, 2]), ("L", [3, 4]), ("L", [5, 6]), ("Z", [])]),
        ("F1 M10-20h5v-5.5z", [("M", [10, -20]), ("L", [15, -20]), ("L", [15, -25.5]), ("Z", [])]),
        ("m 1,1 2,2 C 1,2,3,4,5,6", [("M", [1, 1]), ("L", [3, 3]), ("C", [1, 2, 3, 4, 5, 6])]),
        ("M 1e1,2.5E-1 l .5,.5", [("M", [10, 0.25]), ("L", [10.5, 0.75])]),
    ],
)
def test_shapes_are_read_as_absolute_steps(data: str, expected: list[tuple[str, list[float]]]) -> None:
    assert list(_geometry(data)) == expected
