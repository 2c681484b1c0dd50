"""What a printer without a device says of itself: a real printer's attributes less the device's own, made whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.ipp.making import boolean, enums, integers, keywords, strings
from shared.ipp.values import Attribute, Tag

# An address, a clock, a state or a store of the device that was asked; false as soon as another one stands in for it.
_OF_A_DEVICE = re.compile(
    r"printer-(?:uri-supported|uuid|icons|more-info.*|supply.*|up-time|current-time|alert.*|input-tray|output-tray"
    r"|.*-change-(?:time|date-time)|firmware-.*|dns-sd-name|serial-number|strings-uri|geo-location|location|name|info"
    r"|organization|organizational-unit|impressions-completed.*|pages-completed.*|media-sheets-completed.*|config-.*"
    r"|state|state-message|state-reasons|is-accepting-jobs|static-resource-.*|xri-supported|contact-col|asset-tag)"
    r"|uri-(?:security|authentication)-supported|queued-job-count|marker-.*|device-.*"
)
# Print-Job, Validate-Job, Create-Job, Send-Document, Cancel-Job to Get-Printer-Attributes (RFC 8011 5.4.15).
_OPERATIONS = (0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0B)
_IDLE = 3


def without_device(attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """The attributes that hold for a virtual printer as they did for the device."""
    return tuple(attribute for attribute in attributes if not _OF_A_DEVICE.fullmatch(attribute.name))


def completed(attributes: Sequence[Attribute], printer_name: str) -> tuple[Attribute, ...]:
    """The attributes, and behind them those that RFC 8011 requires and that no device has to be asked for.

    The printer's own addresses are not among them: only the service knows those.
    """
    known = {attribute.name for attribute in attributes}
    formats = next((one for one in attributes if one.name == "document-format-supported"), None)
    texts = [str(value.content) for value in formats.values] if formats else []
    first_format = "application/pdf" if not texts or "application/pdf" in texts else texts[0]
    standing = (
        strings("charset-configured", Tag.CHARSET, ["utf-8"]),
        strings("charset-supported", Tag.CHARSET, ["us-ascii", "utf-8"]),
        keywords("compression-supported", "none"),
        strings("document-format-default", Tag.MIME_MEDIA_TYPE, [first_format]),
        strings("document-format-supported", Tag.MIME_MEDIA_TYPE, [first_format]),
        strings("generated-natural-language-supported", Tag.NATURAL_LANGUAGE, ["en"]),
        keywords("ipp-versions-supported", "1.1", "2.0"),
        strings("natural-language-configured", Tag.NATURAL_LANGUAGE, ["en"]),
        enums("operations-supported", *_OPERATIONS),
        keywords("pdl-override-supported", "attempted"),
        boolean("printer-is-accepting-jobs", True),
        strings("printer-info", Tag.TEXT, [printer_name]),
        strings("printer-name", Tag.NAME, [printer_name]),
        enums("printer-state", _IDLE),
        keywords("printer-state-reasons", "none"),
        integers("printer-up-time", 1),
        integers("queued-job-count", 0),
    )
    return (*attributes, *(attribute for attribute in standing if attribute.name not in known))
