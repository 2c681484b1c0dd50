"""A printer's capabilities and defaults as IPP attributes (Graph: printerCapabilities, printerDefaults).

For a virtual printer whose real devices Graph knows: what they can do, in the form that its clients read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.ipp.making import (
    boolean,
    collections,
    enums,
    integer_range,
    integers,
    keywords,
    resolutions,
    strings,
    words,
)
from shared.ipp.media import dimensions, pwg_name
from shared.ipp.values import Attribute, Tag
from shared.ipp.words import (
    COLOR_MODES,
    FEEDS,
    GRAPH_ORIENTATIONS,
    GRAPH_QUALITIES,
    LAYOUTS,
    SCALINGS,
    SIDES,
    finishing,
)

_SIDES_OF_PAPER = ("bottom", "left", "right", "top")
# Margins in Graph are microns (Graph: printMargin), in IPP hundredths of a millimetre.
_MICRONS = 10


@dataclass(frozen=True, slots=True)
class NoEquivalent:
    """A value of Graph's that IPP has no word for; `path` as in `capabilities.mediaSizes`."""

    path: str
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The attributes, by name, and what was left out of them."""

    attributes: tuple[Attribute, ...]
    left_out: tuple[NoEquivalent, ...]


def from_capabilities(capabilities: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Converted:
    """Graph's objects as IPP attributes. What Graph does not say is not said; null and [] count as not said."""
    writing = _Writing(capabilities, defaults or {})
    writing.write()
    return Converted(tuple(sorted(writing.attributes, key=lambda one: one.name)), tuple(writing.left_out))


@dataclass(slots=True)
class _Writing:
    capabilities: Mapping[str, Any]
    defaults: Mapping[str, Any]
    attributes: list[Attribute] = field(default_factory=list)
    left_out: list[NoEquivalent] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def write(self) -> None:
        """Fill `attributes` and `left_out`."""
        self._words("print-color-mode", "colorModes", "colorMode", COLOR_MODES.get, keywords)
        self._words("sides", "duplexModes", "duplexMode", SIDES.get, keywords)
        self._words("print-scaling", "scalings", "scaling", SCALINGS.get, keywords)
        self._words("feed-orientation", "feedOrientations", "feedOrientation", FEEDS.get, keywords)
        layout = "presentation-direction-number-up"
        self._words(layout, "multipageLayouts", "multipageLayout", LAYOUTS.get, keywords)
        self._words("print-quality", "qualities", "quality", GRAPH_QUALITIES.get, enums)
        self._words("orientation-requested", "orientations", "orientation", GRAPH_ORIENTATIONS.get, enums)
        self._words("finishings", "finishings", "finishings", finishing, enums)
        self._words("output-bin", "outputBins", "outputBin", _own_word, words)
        self._words("printer-resolution", "dpis", "dpi", _positive, resolutions)
        self._words("number-up", "pagesPerSheet", "pagesPerSheet", _positive, integers)
        self._formats()
        self._copies()
        self._switches()
        self._media()
        for path, values in (("capabilities", self.capabilities), ("defaults", self.defaults)):
            for name, value in values.items():
                if f"{path}.{name}" not in self.read and not name.startswith("@") and value not in (None, []):
                    self._lose(f"{path}.{name}", value, "IPP has no attribute for it")

    def _words[T](
        self,
        attribute: str,
        capability: str,
        default: str,
        word: Callable[[Any], T | None],
        make: Callable[..., Attribute],
    ) -> None:
        for suffix, path, values in (
            ("supported", f"capabilities.{capability}", self._several("capabilities", capability)),
            ("default", f"defaults.{default}", self._several("defaults", default)),
        ):
            found = self._translated(path, values, word)
            if found:
                self.attributes.append(make(f"{attribute}-{suffix}", *found))

    def _translated[T](self, path: str, values: Iterable[Any], word: Callable[[Any], T | None]) -> list[T]:
        found: list[T] = []
        for value in values:
            translated = word(value)
            if translated is None:
                self._lose(path, value, "IPP has no word for it")
            elif translated not in found:
                found.append(translated)
        return found

    def _formats(self) -> None:
        formats = [str(kind) for kind in self._several("capabilities", "contentTypes")]
        if formats:
            self.attributes.append(strings("document-format-supported", Tag.MIME_MEDIA_TYPE, dict.fromkeys(formats)))
        for kind in self._several("defaults", "contentType"):
            self.attributes.append(strings("document-format-default", Tag.MIME_MEDIA_TYPE, [str(kind)]))

    def _copies(self) -> None:
        for span in self._several("capabilities", "copiesPerJob"):
            start, end = (_positive(span.get(name)) for name in ("start", "end"))
            if start is None or end is None or end < start:
                self._lose("capabilities.copiesPerJob", span, "it is no range of copies")
            else:
                self.attributes.append(integer_range("copies-supported", start, end))
        for copies in self._translated("defaults.copiesPerJob", self._several("defaults", "copiesPerJob"), _positive):
            self.attributes.append(integers("copies-default", copies))

    def _switches(self) -> None:
        for name, attribute in (
            ("isColorPrintingSupported", "color-supported"),
            ("isPageRangeSupported", "page-ranges-supported"),
        ):
            for truth in self._several("capabilities", name):
                self.attributes.append(boolean(attribute, bool(truth)))
        for collated in self._several("capabilities", "collation"):
            handling = "multiple-document-handling-supported"
            ways = ("uncollated", "collated") if collated else ("uncollated",)
            self.attributes.append(keywords(handling, *(f"separate-documents-{way}-copies" for way in ways)))
        scalings = self.capabilities.get("scalings") or []
        for key, path in (("supportsFitPdfToPage", "capabilities"), ("fitPdfToPage", "defaults")):
            for fits in self._several(path, key):
                # IPP says the same with `fit` among the scalings.
                if fits and "fit" not in scalings and self.defaults.get("scaling") != "fit":
                    self._lose(f"{path}.{key}", fits, "IPP says it with print-scaling, which has no `fit` here")

    def _media(self) -> None:
        names = self._translated("capabilities.mediaSizes", self._several("capabilities", "mediaSizes"), _media_name)
        margins = {side: self._margins(side) for side in _SIDES_OF_PAPER}
        sources = self._kept("media-source-supported", "inputBins")
        types = self._kept("media-type-supported", "mediaTypes")
        colors = self._kept("media-color-supported", "mediaColors")
        if names:
            self.attributes.append(keywords("media-supported", *names))
            sizes = [_size(name) for name in names]
            self.attributes.append(collections("media-size-supported", *(size for size in sizes if size)))
            smallest = {side: min(values) for side, values in margins.items() if values}
            database = [_column(name, smallest) for name in names]
            self.attributes.append(collections("media-col-database", *database))
        members = ["media-size", *(f"media-{side}-margin" for side, values in margins.items() if values)]
        given = (("media-source", sources), ("media-type", types), ("media-color", colors))
        members += [member for member, found in given if found]
        if names:
            self.attributes.append(keywords("media-col-supported", *members, "media-size-name"))
        self._media_defaults({side: min(values) for side, values in margins.items() if values})

    def _media_defaults(self, margins: Mapping[str, int]) -> None:
        given = self._several("defaults", "mediaSize")
        name = next(iter(self._translated("defaults.mediaSize", given, _media_name)), None)
        column = _column(name, margins) if name else ()
        for default, member in (("inputBin", "source"), ("mediaType", "type"), ("mediaColor", "color")):
            for word in self._translated(f"defaults.{default}", self._several("defaults", default), _own_word):
                column += (words(f"media-{member}", word),)
        if name:
            self.attributes.append(keywords("media-default", name))
        if column:
            self.attributes.append(collections("media-col-default", column))

    def _margins(self, side: str) -> list[int]:
        values = [int(microns) // _MICRONS for microns in self._several("capabilities", f"{side}Margins")]
        if values:
            self.attributes.append(integers(f"media-{side}-margin-supported", *dict.fromkeys(values)))
        return values

    def _kept(self, attribute: str, capability: str) -> list[str]:
        values = self._several("capabilities", capability)
        found = self._translated(f"capabilities.{capability}", values, _own_word)
        if found:
            self.attributes.append(words(attribute, *found))
        return found

    def _several(self, path: str, name: str) -> list[Any]:
        """The values of a property, none for null."""
        self.read.add(f"{path}.{name}")
        found = (self.capabilities if path == "capabilities" else self.defaults).get(name)
        return found if isinstance(found, list) else [] if found is None else [found]

    def _lose(self, path: str, value: Any, reason: str) -> None:
        self.left_out.append(NoEquivalent(path, value, reason))


def _media_name(size: Any) -> str | None:
    return pwg_name(str(size))


def _own_word(word: Any) -> str | None:
    """A word that the printer's maker chose: a keyword or a name, of at most 255 octets."""
    return str(word) if word and len(str(word).encode()) <= 255 else None


def _positive(number: Any) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**31 else None


def _size(name: str) -> tuple[Attribute, ...]:
    found = dimensions(name)
    return () if found is None else (integers("x-dimension", found[0]), integers("y-dimension", found[1]))


def _column(name: str, margins: Mapping[str, int]) -> tuple[Attribute, ...]:
    """A media-col value (PWG 5100.7 6.3)."""
    sides = tuple(integers(f"media-{side}-margin", width) for side, width in margins.items())
    return (collections("media-size", _size(name)), keywords("media-size-name", name), *sides)
