"""Graph's words for what a printer offers and does by default, checked before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.fleet.model import hint
from shared.ticket import ENUMERATIONS, FINISHINGS


@dataclass(frozen=True, slots=True)
class Form:
    """What a value of one property must look like: `fits` tells, `words` says it, `offered` are its words if any."""

    fits: Callable[[Any], bool]
    words: str
    offered: tuple[str, ...] = ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_range(value: Any) -> bool:
    """Graph: integerRange."""
    return isinstance(value, Mapping) and set(value) <= {"start", "end"} and all(map(_is_number, value.values()))


def _listed(form: Form, words: str) -> Form:
    return Form(lambda value: isinstance(value, list) and all(map(form.fits, value)), words, form.offered)


def _one_of(offered: tuple[str, ...]) -> Form:
    return Form(lambda value: value in offered, f"one of {', '.join(offered)}", offered)


_FLAG = Form(lambda value: isinstance(value, bool), "true or false")
_NUMBER = Form(_is_number, "a number")
_TEXT = Form(lambda value: isinstance(value, str) and bool(value.strip()), "a text")
_NUMBERS = _listed(_NUMBER, "a list of numbers")
_TEXTS = _listed(_TEXT, "a list of texts")
_RANGE = Form(_is_range, "a table with start and end, both numbers")


def _words(offered: tuple[str, ...]) -> Form:
    return _listed(_one_of(offered), f"a list of {', '.join(offered)}")


# Graph: printerCapabilities, printerDefaults (CSDL v1.0).
_PLURALS = {
    "colorMode": "colorModes",
    "duplexMode": "duplexModes",
    "feedOrientation": "feedOrientations",
    "multipageLayout": "multipageLayouts",
    "orientation": "orientations",
    "quality": "qualities",
    "scaling": "scalings",
}
CAPABILITIES: Mapping[str, Form] = {
    **{_PLURALS[name]: _words(offered) for name, offered in ENUMERATIONS.items()},
    "finishings": _words(FINISHINGS),
    **dict.fromkeys(("bottomMargins", "leftMargins", "rightMargins", "topMargins", "dpis", "pagesPerSheet"), _NUMBERS),
    **dict.fromkeys(("contentTypes", "inputBins", "outputBins", "mediaColors", "mediaSizes", "mediaTypes"), _TEXTS),
    **dict.fromkeys(("collation", "isColorPrintingSupported", "isPageRangeSupported", "supportsFitPdfToPage"), _FLAG),
    "copiesPerJob": _RANGE,
}
DEFAULTS: Mapping[str, Form] = {
    **{name: _one_of(offered) for name, offered in ENUMERATIONS.items() if name != "feedOrientation"},
    "finishings": _words(FINISHINGS),
    **dict.fromkeys(("copiesPerJob", "dpi", "pagesPerSheet"), _NUMBER),
    **dict.fromkeys(("contentType", "inputBin", "outputBin", "mediaColor", "mediaSize", "mediaType"), _TEXT),
    "fitPdfToPage": _FLAG,
}


def problems_of(place: str, given: Mapping[str, Any], forms: Mapping[str, Form]) -> Iterator[str]:
    """One sentence for each word that Graph does not have, or whose value it would refuse."""
    for name, value in given.items():
        form = forms.get(name)
        if form is None:
            yield f"{place}.{name}: Graph has no such word{hint(name, forms)}"
        elif not form.fits(value):
            yield f"{place}.{name}: {_wrong(value, form.offered) or repr(value)}; it must be {form.words}"


def _wrong(value: Any, offered: tuple[str, ...]) -> str:
    """The words of the value that are not offered, where it consists of words."""
    words = value if isinstance(value, list) else [value]
    if not offered or not all(isinstance(word, str) for word in words):
        return ""
    return ", ".join(f"{word!r}{hint(word, offered)}" for word in words if word not in offered)
