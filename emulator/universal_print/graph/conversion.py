"""Which documents a printer takes, and which the service converts for it (Graph: printdocument-createuploadsession)."""

from __future__ import annotations

from pathlib import Path

from emulator.universal_print.devices.documents import inspect_document
from emulator.universal_print.world import Printer

A4_POINTS = (595.276, 841.89)
OXPS = "application/oxps"
PDF = "application/pdf"


def is_converted(content_type: str, printer: Printer, conversion_enabled: bool) -> bool:
    """Whether the service makes PDF of it: OXPS, for a printer that takes PDF and does not take OXPS."""
    taken = printer.device.capabilities.get("contentTypes") or []
    return conversion_enabled and content_type == OXPS and OXPS not in taken and PDF in taken


def is_taken(content_type: str, printer: Printer, conversion_enabled: bool) -> bool:
    """Whether a document of that type may be sent to the printer. Case and parameters count: the strict reading."""
    taken = printer.device.capabilities.get("contentTypes") or []
    return content_type in taken or is_converted(content_type, printer, conversion_enabled)


def convert(document: Path) -> Path:
    """Make the PDF that the printer gets: as many pages, and blank, for nothing here draws XPS.

    Raises UnprintableDocumentError for a document that is not OXPS.
    """
    from pypdf import PdfWriter

    writer = PdfWriter()
    for _ in range(inspect_document(document, OXPS).pages):
        writer.add_blank_page(*A4_POINTS)
    converted = document.with_suffix(".pdf")
    writer.write(converted)
    return converted
