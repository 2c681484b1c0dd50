"""Words, numbers and dates of a report in one language. Pure but for reading the language's file once.

Another language is another file beside `languages/en.json`, with the same keys; a test compares them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "languages"
# A narrow number and its unit stay on one line.
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its BCP 47 tag. Methods give text that is not yet escaped for any markup."""

    tag: str
    rules: Mapping[str, Any]
    phrases: Mapping[str, str]
    codes: Mapping[str, str]

    def phrase(self, key: str, **values: object) -> str:
        """The phrase with values filled in. Raises KeyError for one that the language lacks."""
        return self.phrases[key].format(**values)

    def plural(self, key: str, count: int) -> str:
        """A count with its noun, such as `3 pages`."""
        return self.phrase(f"{key}.{'one' if count == 1 else 'other'}", count=self.number(count))

    def number(self, value: float | Decimal, decimals: int = 0) -> str:
        """A number with its thousands grouped."""
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return f"{rounded:,f}".translate(str.maketrans({",": self.rules["group"], ".": self.rules["decimal"]}))

    def compact(self, value: float) -> str:
        """A number for an axis, such as `12.5k`."""
        for size, name in ((1_000_000, "millions"), (1_000, "thousands")):
            if abs(value) >= size:
                scaled = Decimal(str(value)) / size
                return str(self.rules[name]).format(number=self.number(scaled, 0 if scaled == int(scaled) else 1))
        return self.number(value, 0 if value == int(value) else 1)

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """A share from 0 to 1 in percent."""
        if share is None:
            return self.phrases["none"]
        return str(self.rules["percent"]).format(number=self.number(share * 100, decimals))

    def money(self, amount: Decimal | None, currency: str, decimals: int) -> str:
        """An amount with the code of its currency, which no two currencies share as they do signs."""
        if amount is None:
            return self.phrases["none"]
        text = str(self.rules["money"]).format(currency=currency, number=self.number(amount, decimals))
        return text.replace(" ", _NO_BREAK)

    def month(self, first: date, *, short: bool = False) -> str:
        """A month with its year."""
        names = self.rules["shortMonths" if short else "months"]
        return str(self.rules["shortMonth" if short else "month"]).format(month=names[first.month - 1], year=first.year)

    def month_name(self, first: date, *, short: bool = False) -> str:
        """A month without its year."""
        return str(self.rules["shortMonths" if short else "months"][first.month - 1])

    def day(self, day: date, *, year: bool = True) -> str:
        """A day, with its year unless that is clear."""
        form = str(self.rules["day" if year else "dayOfMonth"])
        text = form.format(day=day.day, month=self.rules["months"][day.month - 1], year=day.year)
        return text.replace(" ", _NO_BREAK)

    def duration(self, seconds: float | None) -> str:
        """A time span in its two largest units; units are the symbols of SI and read alike everywhere."""
        if seconds is None:
            return self.phrases["none"]
        whole = round(seconds)
        if whole < 10 and seconds != whole:
            return f"{self.number(seconds, 1)}{_NO_BREAK}s"
        parts = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
        for size, unit, less, smaller in parts:
            if whole >= size:
                rest = whole % size // less
                more = f"{_NO_BREAK}{rest}{_NO_BREAK}{smaller}" if rest else ""
                return f"{whole // size}{_NO_BREAK}{unit}{more}"
        return f"{whole}{_NO_BREAK}s"

    def reason(self, code: str) -> str:
        """What a stable word of an outcome means; one that is not known is shown as its words."""
        known = self.codes.get(code)
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", code).lower()
        return known or words[:1].upper() + words[1:]


@cache
def load_language(tag: str = "en") -> Language:
    """The language of a file in `languages/`. Raises FileNotFoundError where there is none."""
    document = json.loads((_FOLDER / f"{tag}.json").read_text("utf-8"))
    return Language(tag, document["language"], document["phrases"], document["codes"])
