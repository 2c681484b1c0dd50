"""The price list of the catalog, and what a count of pages and sheets costs. Pure, in decimal arithmetic.

A cost is exact until it is shown: prices have at most PRICE_DECIMALS decimals and counts are whole. A line that people
read (a printer's month, a person's, a cost centre's) is rounded half up to the currency's smallest unit, and sums add
such lines, so that a column of figures adds up to its total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from shared.catalog import CatalogUnreadable

PRICE_DECIMALS = 6
LARGEST_PRICE = Decimal(1_000_000)
# ISO 4217: currencies whose smallest unit is not a hundredth.
_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"), 0),
    **dict.fromkeys(("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_PLACE = "priceList"
_NAMES = {
    "perSheet": "sheet",
    "perDoubleSidedSheet": "double_sided_sheet",
    "perBlackPage": "black_page",
    "perColorPage": "color_page",
}


@dataclass(frozen=True, slots=True)
class PageCounts:
    """What a price applies to. A page is one printed side; `sheets` includes the double-sided ones."""

    black_pages: int = 0
    color_pages: int = 0
    sheets: int = 0
    double_sided_sheets: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in the currency of the list. `double_sided_sheet` is None where such a sheet costs what any does."""

    sheet: Decimal = Decimal(0)
    black_page: Decimal = Decimal(0)
    color_page: Decimal = Decimal(0)
    double_sided_sheet: Decimal | None = None

    def cost(self, counts: PageCounts) -> Decimal:
        """What these pages and sheets cost, exactly."""
        double_sided = self.sheet if self.double_sided_sheet is None else self.double_sided_sheet
        return (
            self.sheet * (counts.sheets - counts.double_sided_sheets)
            + double_sided * counts.double_sided_sheets
            + self.black_page * counts.black_pages
            + self.color_page * counts.color_pages
        )


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of the tenant, and of printers that differ (by printer id in lower case). `currency` is ISO 4217."""

    currency: str
    prices: Prices
    printers: Mapping[str, Prices] = field(default_factory=dict)

    @property
    def decimals(self) -> int:
        """How many decimals an amount of this currency is shown with."""
        return _DECIMALS.get(self.currency, 2)

    def cost(self, counts: PageCounts, printer_id: str | None = None) -> Decimal:
        """What these counts cost, exactly; None for pages of which no printer is known, at the general prices."""
        prices = self.printers.get(printer_id.lower(), self.prices) if printer_id else self.prices
        return prices.cost(counts)

    def rounded(self, amount: Decimal) -> Decimal:
        """The amount in whole smallest units of the currency, half a unit up."""
        return amount.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)


def page_counts(
    *,
    pages: int | None,
    black_pages: int | None,
    color_pages: int | None,
    sheets: int | None,
    double_sided_sheets: int | None,
) -> PageCounts:
    """Counts out of those that Graph reports, of which any may be missing (Graph: printUsage).

    Pages of which no colour is known count as black; where no sheets are known every page counts as one.
    """
    color = max(color_pages or 0, 0)
    black = black_pages if black_pages is not None else max((pages or 0) - color, 0)
    known_sheets = sheets if sheets is not None else black + color
    double_sided = min(max(double_sided_sheets or 0, 0), max(known_sheets, 0))
    return PageCounts(max(black, 0), color, max(known_sheets, 0), double_sided)


def parse_price_list(document: Mapping[str, Any]) -> PriceList | None:
    """The catalog's `priceList`, None where it has none. Raises CatalogUnreadable with every fault and its place."""
    values = document.get("priceList")
    if values is None:
        return None
    if not isinstance(values, dict):
        raise CatalogUnreadable(f"catalog.json: {_PLACE} is not an object")
    problems: list[str] = []
    currency = values.get("currency")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha()):
        problems.append(f"{_PLACE}.currency must be three letters such as EUR (ISO 4217), not {currency!r}")
    general = _prices(values, Prices(), _PLACE, problems)
    printers = _printers(values.get("printers") or [], general, problems)
    if problems:
        raise CatalogUnreadable("catalog.json: " + "; ".join(problems))
    return PriceList(str(currency).upper(), general, printers)


def _printers(entries: object, general: Prices, problems: list[str]) -> dict[str, Prices]:
    printers: dict[str, Prices] = {}
    if not isinstance(entries, list):
        problems.append(f"{_PLACE}.printers is not a list")
        return printers
    for index, entry in enumerate(entries):
        place = f"{_PLACE}.printers[{index}]"
        printer_id = entry.get("printerId") if isinstance(entry, dict) else None
        if not isinstance(printer_id, str) or not printer_id:
            problems.append(f"{place} has no printerId")
            continue
        if printer_id.lower() in printers:
            problems.append(f"{place} is there twice: a printer has one list of prices")
        printers[printer_id.lower()] = _prices(entry, general, place, problems)
    return printers


def _prices(values: Mapping[str, Any], base: Prices, place: str, problems: list[str]) -> Prices:
    given: dict[str, Decimal] = {}
    for name, attribute in _NAMES.items():
        if values.get(name) is None:
            continue
        price = _price(values[name])
        if isinstance(price, str):
            problems.append(f"{place}.{name} must be {price}, not {values[name]!r}")
        else:
            given[attribute] = price
    return replace(base, **given)


def _price(value: object) -> Decimal | str:
    """The price, or what it must be."""
    try:
        # The shortest text of a JSON number is what its author wrote; its binary value is not.
        price = Decimal(str(value).strip())
    except InvalidOperation:
        return 'a price such as "0.035"'
    if not price.is_finite() or not 0 <= price <= LARGEST_PRICE or price != round(price, PRICE_DECIMALS):
        return f"between 0 and {LARGEST_PRICE} with at most {PRICE_DECIMALS} decimals"
    return price
