"""Graph's words for print settings and IPP's for the same (Graph: enumerations of printing; RFC 8011, PWG 5100.x)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.ipp.enumerations import FINISHINGS, ORIENTATIONS, QUALITIES

COLOR_MODES: Mapping[str, str] = {
    "blackAndWhite": "monochrome",
    "grayscale": "process-monochrome",
    "color": "color",
    "auto": "auto",
}
SIDES: Mapping[str, str] = {
    "oneSided": "one-sided",
    "flipOnLongEdge": "two-sided-long-edge",
    "flipOnShortEdge": "two-sided-short-edge",
}
SCALINGS: Mapping[str, str] = {
    "auto": "auto",
    "shrinkToFit": "auto-fit",
    "fill": "fill",
    "fit": "fit",
    "none": "none",
}
FEEDS: Mapping[str, str] = {"longEdgeFirst": "long-edge-first", "shortEdgeFirst": "short-edge-first"}
# PWG 5100.3: first the direction in a row or column, then that of the next.
LAYOUTS: Mapping[str, str] = {
    "clockwiseFromTopLeft": "toright-tobottom",
    "counterclockwiseFromTopLeft": "tobottom-toright",
    "counterclockwiseFromTopRight": "toleft-tobottom",
    "clockwiseFromTopRight": "tobottom-toleft",
    "counterclockwiseFromBottomLeft": "toright-totop",
    "clockwiseFromBottomLeft": "totop-toright",
    "counterclockwiseFromBottomRight": "totop-toleft",
    "clockwiseFromBottomRight": "toleft-totop",
}
GRAPH_QUALITIES: Mapping[str, int] = {
    "low": QUALITIES["draft"],
    "medium": QUALITIES["normal"],
    "high": QUALITIES["high"],
}
GRAPH_ORIENTATIONS: Mapping[str, int] = {
    "portrait": ORIENTATIONS["portrait"],
    "landscape": ORIENTATIONS["landscape"],
    "reverseLandscape": ORIENTATIONS["reverse-landscape"],
    "reversePortrait": ORIENTATIONS["reverse-portrait"],
}
_EDGE_STITCH = re.compile(r"stitch(Edge|(?:Left|Top|Right|Bottom)Edge)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def finishing(word: str) -> int | None:
    """The enum value of Graph's printFinishing `word`, or None."""
    stitched = _EDGE_STITCH.fullmatch(word)
    if stitched:
        edge = stitched[1].removesuffix("Edge").lower()
        return FINISHINGS["edge-stitch" + (f"-{edge}" if edge else "")]
    return FINISHINGS.get(_HUMP.sub("-", word).lower())
