"""Draws charts as SVG for a page that brings its own style sheet: no script, no style and no date within.

Colours, dark mode and print are rules of the page on the classes that pygal gives. Each chart is drawn twice, for wide
and for narrow screens, because the letters of an SVG shrink with it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree

WIDE, NARROW = 820, 360
LETTERS = 13
# On a narrow screen only so many labels have room.
_NARROW_LABELS = 5
_WIDE_LABELS = 16
_LONGEST_LABEL = {WIDE: 34, NARROW: 16}
_BAR_HEIGHT = 26
_ROOM_BESIDE = {WIDE: 1.15, NARROW: 1.5}
_DROPPED = {ElementTree.Comment, "defs", "desc", "script", "style", "title"}
_UNUSED_PARTS = {"tooltip-overlay"}


class Kind(StrEnum):
    """How values are drawn."""

    COLUMNS = "columns"
    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Series:
    """A name and a value for each label; None where there is none. `color` is a class of the page: `black`, `color`."""

    name: str
    color: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows. `key` is unique on its page; `description` says in words what a picture would show.

    Stacked columns and bars add up to a total; `most` is the end of the value axis where that is given.
    """

    key: str
    kind: Kind
    title: str
    description: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    format_axis: Callable[[float], str]
    format_value: Callable[[float], str]
    most: float | None = None


def draw(chart: Chart, width: int) -> str:
    """The chart as an `svg` element that a screen reader takes for one picture with a title and a description."""
    graph = _graph(chart, width)
    root: ElementTree.Element = graph.render_tree()
    _clean(root)
    _color(root, chart)
    name = f"{chart.key}-{'wide' if width == WIDE else 'narrow'}"
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-description")
    title, description = ElementTree.Element("title"), ElementTree.Element("desc")
    title.set("id", f"{name}-title")
    description.set("id", f"{name}-description")
    title.text, description.text = chart.title, chart.description
    root.insert(0, title)
    root.insert(1, description)
    # Written as HTML takes it; a browser parses inline SVG without a namespace prefix.
    return ElementTree.tostring(root, encoding="unicode")


def axis_end(largest: float, *, whole: bool = True) -> tuple[float, list[float]]:
    """A round end of an axis that begins at zero, and a few round marks up to it; `whole` ones, as counts are."""
    if largest <= 0:
        return 1.0, [0.0, 1.0]
    magnitude = 10.0 ** math.floor(math.log10(largest))
    step = next(size * magnitude for size in (0.2, 0.25, 0.5, 1, 2) if largest / (size * magnitude) <= 5)
    if whole and largest >= 1:
        step = max(1.0, float(round(step)) if step < 10 else step)
    count = math.ceil(largest / step - 1e-9)
    return count * step, [index * step for index in range(count + 1)]


def _graph(chart: Chart, width: int) -> Any:
    import pygal
    from pygal.style import Style

    style = Style(label_font_size=LETTERS, major_label_font_size=LETTERS, value_font_size=LETTERS)
    labels = [_shortened(label, _LONGEST_LABEL[width]) for label in chart.labels]
    stacked = chart.kind is not Kind.LINES
    stacks = zip(*(series.values for series in chart.series), strict=True)
    totals = [sum(value or 0 for value in stack) for stack in stacks]
    largest = max((value or 0 for series in chart.series for value in series.values), default=0)
    end, marks = axis_end(chart.most or (max(totals, default=0) if stacked else largest), whole=stacked)
    # The number beside a bar needs room after the longest one.
    beside = chart.kind is Kind.BARS and len(chart.series) == 1
    room = _ROOM_BESIDE[width] if beside else 1.0
    options: dict[str, Any] = {
        "style": style,
        "css": [],
        "js": [],
        "show_legend": False,
        "margin": 4,
        "spacing": 8,
        "width": width,
        "range": (0, max(end, largest * room)),
        "y_labels": [{"value": mark, "label": chart.format_axis(mark)} for mark in marks],
        "print_values": beside,
        "print_values_position": "top",
        "formatter": chart.format_value,
        "no_data_text": "",
        # Labels are shortened here, where their room is known.
        "truncate_label": -1,
    }
    if chart.kind is Kind.BARS:
        # Horizontal bars count from below; people read from above.
        graph = pygal.HorizontalStackedBar(height=_BAR_HEIGHT * len(labels) + 46, **options)
        graph.x_labels = list(reversed(labels))
    else:
        kind = pygal.StackedBar if stacked else pygal.Line
        more = {} if stacked else {"dots_size": 3, "allow_interruptions": True}
        graph = kind(height=280 if width == WIDE else 240, **options, **more)
        graph.x_labels = _sparse(labels, _WIDE_LABELS if width == WIDE else _NARROW_LABELS)
    # Would be random, and a report of the same figures has the same bytes.
    graph.uuid = chart.key
    for series in chart.series:
        values = [
            # Nothing is drawn for nothing; a bar without height would cover a piece of the axis.
            None
            if value is None or (stacked and not value)
            else {"value": value, "label": f"{label}, {series.name}: {chart.format_value(value)}"}
            for label, value in zip(chart.labels, series.values, strict=True)
        ]
        graph.add(series.name, values[::-1] if chart.kind is Kind.BARS else values)
    return graph


def _sparse(labels: Sequence[str], most: int) -> list[str]:
    """The labels with so many of them empty that the others have room; the last one always stands."""
    step = max(1, math.ceil(len(labels) / most))
    return [label if (len(labels) - 1 - index) % step == 0 else "" for index, label in enumerate(labels)]


def _shortened(label: str, most: int) -> str:
    """The label cut to the room of `most` common letters, by a guess at how wide its letters are."""
    room = float(most)
    for place, letter in enumerate(label):
        if unicodedata.east_asian_width(letter) in "WF":
            room -= 1.9
        else:
            room -= 1.3 if letter.isupper() or letter in "@%mwMW" else 1.0
        if room < 0:
            return label[: max(place - 1, 0)].rstrip() + "…"
    return label


def _clean(parent: ElementTree.Element) -> None:
    """Take out comments (one has today's date) and what only pygal's script uses; a value's label becomes its title."""
    for child in list(parent):
        classes = set(child.get("class", "").split())
        if child.tag == "desc" and "label" in classes:
            child.tag, child.attrib = "title", {}
        elif child.tag in _DROPPED or classes & _UNUSED_PARTS:
            parent.remove(child)
        else:
            _clean(child)


def _color(root: ElementTree.Element, chart: Chart) -> None:
    """Name the colour of each series on its group, so that the page's style decides what it looks like."""
    for group in root.iter():
        classes = group.get("class", "").split()
        if "series" in classes:
            number = next(int(name.removeprefix("serie-")) for name in classes if name.startswith("serie-"))
            group.set("class", f"series {chart.series[number].color}")
