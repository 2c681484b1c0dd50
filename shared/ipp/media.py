"""Graph's media sizes in the words of PWG 5101.1, with their dimensions."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Graph: printerCapabilities mediaSizes, the values that Microsoft's pages list; one is spelt as they spell it.
PWG_NAMES: Mapping[str, str] = {
    "A3": "iso_a3_297x420mm",
    "A4": "iso_a4_210x297mm",
    "A5": "iso_a5_148x210mm",
    "A6": "iso_a6_105x148mm",
    "JIS B4": "jis_b4_257x364mm",
    "JIS B5": "jis_b5_182x257mm",
    "JPN Hagaki": "jpn_hagaki_100x148mm",
    "North America 5x7in": "na_5x7_5x7in",
    "North America Executive": "na_executive_7.25x10.5in",
    "North America Goverment Letter": "na_govt-letter_8x10in",
    "North America Index 3x5in": "na_index-3x5_3x5in",
    "North America Index 4x8in": "custom_index-4x8_4x8in",
    "North America Index 5x8in": "na_index-5x8_5x8in",
    "North America Invoice": "na_invoice_5.5x8.5in",
    "North America Ledger": "na_ledger_11x17in",
    "North America Legal": "na_legal_8.5x14in",
    "North America Letter": "na_letter_8.5x11in",
    "Photo l 3.5x5in": "oe_photo-l_3.5x5in",
    "Business Card": "oe_business-card_2x3.5in",
}
_FOLDED = {name.casefold(): pwg for name, pwg in PWG_NAMES.items()}
# The unit of IPP's media dimensions is a hundredth of a millimetre.
_HUNDREDTHS = {"mm": 100, "in": 2540}
_SELF_DESCRIBING = re.compile(
    r"(?:custom|na|asme|roc|oe|roll|iso|jis|jpn|prc|om|disc)_[a-z0-9][-.a-z0-9]*_"
    r"(?P<width>\d+(?:\.\d+)?)x(?P<length>\d+(?:\.\d+)?)(?P<unit>mm|in)",
    re.ASCII,
)


def pwg_name(media_size: str) -> str | None:
    """The PWG 5101.1 self-describing name of a size as Graph writes it, or None.

    A size that is such a name already stays as it is: Graph takes those too.
    """
    return media_size if _SELF_DESCRIBING.fullmatch(media_size) else _FOLDED.get(media_size.casefold())


def dimensions(name: str) -> tuple[int, int] | None:
    """Width and length of a self-describing name, in hundredths of a millimetre."""
    found = _SELF_DESCRIBING.fullmatch(name)
    if found is None:
        return None
    factor = _HUNDREDTHS[found["unit"]]
    return round(float(found["width"]) * factor), round(float(found["length"]) * factor)
