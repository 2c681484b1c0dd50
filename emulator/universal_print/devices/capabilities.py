"""What printers of a few common kinds offer, as Graph's printerCapabilities and printerDefaults write it.

Media sizes are spelt as Graph documents them (Graph: printercapabilities); margins are in microns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_ORIENTATIONS = ["portrait", "landscape", "reverseLandscape", "reversePortrait"]
_LAYOUTS = [
    "clockwiseFromTopLeft",
    "counterclockwiseFromTopLeft",
    "counterclockwiseFromTopRight",
    "clockwiseFromTopRight",
    "counterclockwiseFromBottomLeft",
    "clockwiseFromBottomLeft",
    "counterclockwiseFromBottomRight",
    "clockwiseFromBottomRight",
]
_DUPLEX = ["oneSided", "flipOnLongEdge", "flipOnShortEdge"]
_NORTH_AMERICA = ["North America Letter", "North America Legal"]


@dataclass(frozen=True, slots=True)
class PrinterModel:
    """A make of printer: `capabilities` is a printerCapabilities and `defaults` a printerDefaults (CSDL v1.0)."""

    manufacturer: str
    model: str
    capabilities: dict[str, Any]
    defaults: dict[str, Any]


def _margins(microns: int, *, borderless: bool = False) -> dict[str, list[int]]:
    sides = ("top", "bottom", "left", "right")
    return {f"{side}Margins": [0, microns] if borderless else [microns] for side in sides}


OFFICE_COLOR = PrinterModel(
    manufacturer="Contoso",
    model="WorkCenter C7030",
    capabilities={
        **_margins(4230),
        "collation": True,
        "colorModes": ["blackAndWhite", "grayscale", "color", "auto"],
        "contentTypes": ["application/pdf", "image/jpeg", "image/pwg-raster", "image/urf", "application/oxps"],
        "copiesPerJob": {"start": 1, "end": 999},
        "dpis": [300, 600, 1200],
        "duplexModes": _DUPLEX,
        "feedOrientations": ["longEdgeFirst", "shortEdgeFirst"],
        "finishings": [
            *("none", "staple", "stapleTopLeft", "stapleTopRight", "stapleDualLeft", "stapleDualTop"),
            *("punch", "punchDualLeft", "punchQuadLeft", "saddleStitch", "foldHalf"),
        ],
        "inputBins": ["auto", "tray-1", "tray-2", "tray-3", "by-pass-tray"],
        "isColorPrintingSupported": True,
        "isPageRangeSupported": True,
        "mediaColors": ["white", "yellow", "blue"],
        "mediaSizes": ["A4", "A3", "A5", *_NORTH_AMERICA, "North America Ledger"],
        "mediaTypes": ["stationery", "stationery-heavyweight", "stationery-letterhead", "envelope", "labels"],
        "multipageLayouts": _LAYOUTS,
        "orientations": _ORIENTATIONS,
        "outputBins": ["face-down", "stacker-1", "booklet-maker"],
        "pagesPerSheet": [1, 2, 4, 6, 9, 16],
        "qualities": ["low", "medium", "high"],
        "scalings": ["auto", "shrinkToFit", "fill", "fit", "none"],
        "supportsFitPdfToPage": True,
    },
    defaults={
        "colorMode": "auto",
        "contentType": "application/pdf",
        "copiesPerJob": 1,
        "dpi": 600,
        "duplexMode": "flipOnLongEdge",
        "finishings": ["none"],
        "fitPdfToPage": False,
        "inputBin": "auto",
        "mediaColor": "white",
        "mediaSize": "A4",
        "mediaType": "stationery",
        "multipageLayout": "clockwiseFromTopLeft",
        "orientation": "portrait",
        "outputBin": "face-down",
        "pagesPerSheet": 1,
        "quality": "medium",
        "scaling": "auto",
    },
)

# Takes PDF and nothing else, so the service has to convert OpenXPS for it (Graph: printdocument-createuploadsession).
MONO_LASER = PrinterModel(
    manufacturer="Fabrikam",
    model="LaserPro M402",
    capabilities={
        **_margins(4230),
        "collation": True,
        "colorModes": ["blackAndWhite", "grayscale"],
        "contentTypes": ["application/pdf"],
        "copiesPerJob": {"start": 1, "end": 99},
        "dpis": [600, 1200],
        "duplexModes": _DUPLEX,
        "feedOrientations": ["shortEdgeFirst"],
        "finishings": ["none"],
        "inputBins": ["auto", "tray-1", "manual"],
        "isColorPrintingSupported": False,
        "isPageRangeSupported": True,
        "mediaColors": ["white"],
        "mediaSizes": ["A4", "A5", *_NORTH_AMERICA, "North America Executive"],
        "mediaTypes": ["stationery", "labels", "envelope"],
        "multipageLayouts": ["clockwiseFromTopLeft"],
        "orientations": _ORIENTATIONS,
        "outputBins": ["face-down"],
        "pagesPerSheet": [1, 2, 4],
        "qualities": ["low", "medium", "high"],
        "scalings": ["auto", "shrinkToFit", "fit", "none"],
        "supportsFitPdfToPage": True,
    },
    defaults={
        "colorMode": "blackAndWhite",
        "contentType": "application/pdf",
        "copiesPerJob": 1,
        "dpi": 600,
        "duplexMode": "oneSided",
        "finishings": ["none"],
        "fitPdfToPage": False,
        "inputBin": "auto",
        "mediaColor": "white",
        "mediaSize": "A4",
        "mediaType": "stationery",
        "multipageLayout": "clockwiseFromTopLeft",
        "orientation": "portrait",
        "outputBin": "face-down",
        "pagesPerSheet": 1,
        "quality": "medium",
        "scaling": "auto",
    },
)

# A driverless desk printer: rasters and pictures only, one side, whole documents.
DESK_RASTER = PrinterModel(
    manufacturer="Northwind",
    model="InkDesk 5200",
    capabilities={
        **_margins(3000, borderless=True),
        "collation": False,
        "colorModes": ["blackAndWhite", "color", "auto"],
        "contentTypes": ["image/pwg-raster", "image/urf", "image/jpeg"],
        "copiesPerJob": {"start": 1, "end": 20},
        "dpis": [300, 600],
        "duplexModes": ["oneSided"],
        "feedOrientations": ["shortEdgeFirst"],
        "finishings": ["none"],
        "inputBins": ["auto", "photo"],
        "isColorPrintingSupported": True,
        "isPageRangeSupported": False,
        "mediaColors": ["white"],
        "mediaSizes": ["A4", "A6", "North America Letter", "North America 5x7in", "Photo l 3.5x5in"],
        "mediaTypes": ["stationery", "photographic-glossy", "photographic-matte"],
        "multipageLayouts": [],
        "orientations": ["portrait", "landscape"],
        "outputBins": ["face-up"],
        "pagesPerSheet": [1],
        "qualities": ["low", "medium", "high"],
        "scalings": ["auto", "fill", "fit", "none"],
        "supportsFitPdfToPage": False,
    },
    defaults={
        "colorMode": "auto",
        "contentType": "image/pwg-raster",
        "copiesPerJob": 1,
        "dpi": 300,
        "duplexMode": "oneSided",
        "finishings": ["none"],
        "inputBin": "auto",
        "mediaColor": "white",
        "mediaSize": "A4",
        "mediaType": "stationery",
        "orientation": "portrait",
        "outputBin": "face-up",
        "pagesPerSheet": 1,
        "quality": "medium",
        "scaling": "auto",
    },
)

# A class-driver printer behind a connector: OpenXPS in, no PDF.
XPS_CLASS = PrinterModel(
    manufacturer="Tailspin",
    model="DocuStream X30",
    capabilities={
        **_margins(5080),
        "collation": True,
        "colorModes": ["blackAndWhite", "grayscale", "color"],
        "contentTypes": ["application/oxps"],
        "copiesPerJob": {"start": 1, "end": 250},
        "dpis": [600],
        "duplexModes": _DUPLEX,
        "feedOrientations": ["longEdgeFirst"],
        "finishings": ["none", "staple", "stapleTopLeft", "trimAfterJob"],
        "inputBins": ["auto", "tray-1", "tray-2"],
        "isColorPrintingSupported": True,
        "isPageRangeSupported": False,
        "mediaColors": ["white"],
        "mediaSizes": ["A4", "A3", *_NORTH_AMERICA],
        "mediaTypes": ["stationery", "transparency"],
        "multipageLayouts": ["clockwiseFromTopLeft"],
        "orientations": ["portrait", "landscape"],
        "outputBins": ["face-down"],
        "pagesPerSheet": [1, 2, 4],
        "qualities": ["medium", "high"],
        "scalings": ["none", "fit"],
        "supportsFitPdfToPage": False,
    },
    defaults={
        "colorMode": "color",
        "contentType": "application/oxps",
        "copiesPerJob": 1,
        "dpi": 600,
        "duplexMode": "oneSided",
        "finishings": ["none"],
        "inputBin": "auto",
        "mediaColor": "white",
        "mediaSize": "A4",
        "mediaType": "stationery",
        "multipageLayout": "clockwiseFromTopLeft",
        "orientation": "portrait",
        "outputBin": "face-down",
        "pagesPerSheet": 1,
        "quality": "medium",
        "scaling": "none",
    },
)

MODELS: dict[str, PrinterModel] = {
    "officeColor": OFFICE_COLOR,
    "monoLaser": MONO_LASER,
    "deskRaster": DESK_RASTER,
    "xpsClass": XPS_CLASS,
}
