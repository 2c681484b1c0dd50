"""Decides what a job becomes on paper: which settings the printer follows, how many sides and sheets come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Setting, the capability that lists its values, and the printer default that takes its place.
_LISTED = {
    "duplexMode": ("duplexModes", "oneSided"),
    "colorMode": ("colorModes", "auto"),
    "mediaSize": ("mediaSizes", None),
    "mediaType": ("mediaTypes", None),
    "quality": ("qualities", None),
    "orientation": ("orientations", None),
    "inputBin": ("inputBins", None),
    "outputBin": ("outputBins", None),
    "pagesPerSheet": ("pagesPerSheet", 1),
    "dpi": ("dpis", None),
    "scaling": ("scalings", None),
    "multipageLayout": ("multipageLayouts", None),
}


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A job on paper. `impressions` are printed sides and `sheets` pieces of paper, all copies together.

    `settings` are those in force, by their printJobConfiguration names; `warnings` name what the printer replaced.
    """

    copies: int
    impressions: int
    sheets: int
    color: bool
    settings: Mapping[str, Any]
    warnings: tuple[str, ...]


def plan_job(
    configuration: Mapping[str, Any],
    capabilities: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *,
    pages: int,
    color: bool,
) -> JobPlan:
    """Plan a document of `pages` pages.

    A setting that the printer lacks is replaced and noted, as printers do with jobs that do not ask for fidelity
    (RFC 8011 4.1.7).
    """
    settings: dict[str, Any] = {}
    warnings: list[str] = []
    for name, (listed, fallback) in _LISTED.items():
        wanted, usual = configuration.get(name), defaults.get(name) or fallback
        offered = capabilities.get(listed) or []
        if wanted is None or (offered and wanted not in offered and wanted != fallback):
            if wanted is not None:
                warnings.append(f"{name} {wanted} is not offered, {usual} was used")
            wanted = usual
        if wanted is not None:
            settings[name] = wanted
    copies = _copies(configuration, capabilities, defaults, warnings)
    settings["copies"] = copies
    finishings = [value for value in configuration.get("finishings") or [] if value != "none"]
    offered_finishings = capabilities.get("finishings") or []
    warnings.extend(f"finishing {value} is not offered" for value in finishings if value not in offered_finishings)
    settings["finishings"] = [value for value in finishings if value in offered_finishings]

    chosen = _chosen_pages(configuration, capabilities, pages, warnings)
    sides = -(-chosen // max(1, int(settings["pagesPerSheet"])))
    sheets = sides if settings["duplexMode"] == "oneSided" else -(-sides // 2)
    can_color = capabilities.get("isColorPrintingSupported") is not False
    return JobPlan(
        copies=copies,
        impressions=sides * copies,
        sheets=sheets * copies,
        color=color and can_color and settings["colorMode"] in {"color", "auto"},
        settings=settings,
        warnings=tuple(warnings),
    )


def _copies(
    configuration: Mapping[str, Any], capabilities: Mapping[str, Any], defaults: Mapping[str, Any], warnings: list[str]
) -> int:
    wanted = int(configuration.get("copies") or defaults.get("copiesPerJob") or 1)
    limits = capabilities.get("copiesPerJob") or {"start": 1, "end": 1}
    copies = min(max(wanted, int(limits["start"])), int(limits["end"]))
    if copies != wanted:
        warnings.append(f"{wanted} copies are not offered, {copies} came out")
    return copies


def _chosen_pages(
    configuration: Mapping[str, Any], capabilities: Mapping[str, Any], pages: int, warnings: list[str]
) -> int:
    ranges = configuration.get("pageRanges") or []
    if not ranges:
        return pages
    if capabilities.get("isPageRangeSupported") is False:
        warnings.append("page ranges are not offered, the whole document came out")
        return pages
    # Overlapping ranges print a page once (RFC 8011 5.2.7 asks for ascending ranges that do not overlap).
    spans = sorted((max(1, int(span["start"])), min(pages, int(span["end"]))) for span in ranges)
    chosen, reached = 0, 0
    for start, end in spans:
        chosen += max(0, end - max(start, reached + 1) + 1)
        reached = max(reached, end)
    return chosen
