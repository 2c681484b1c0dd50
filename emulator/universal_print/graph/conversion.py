"""Which documents a printer takes, and which the service converts for it (Graph: printdocument-createuploadsession)."""

from __future__ import annotations

from pathlib import Path

from emulator.universal_print.world import Printer

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
    """Make the PDF that the printer gets; gives its path. Raises UnprintableDocumentError."""
    from emulator.universal_print.devices.xps_drawing import draw_xps

    converted = document.with_suffix(".pdf")
    draw_xps(document, converted)
    return converted
