"""What the printer models claim is what Graph's types allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import emulator.universal_print
from emulator.universal_print.devices.capabilities import MODELS, PrinterModel
from emulator.universal_print.devices.device import Device
from emulator.universal_print.devices.ipp_message import Tag, decode_message
from emulator.universal_print.devices.ipp_settings import printer_capabilities, printer_defaults
from emulator.universal_print.devices.virtual import VirtualPrinter

_CSDL = Path(emulator.universal_print.__file__).parent / "csdl" / "print-v1.0.csdl.xml"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_PRIMITIVES: dict[str, type] = {"Edm.Int32": int, "Edm.Int64": int, "Edm.String": str, "Edm.Boolean": bool}


class _Types:
    """Checks values against the complex types and enumerations of the CSDL."""

    def __init__(self) -> None:
        root = ElementTree.parse(_CSDL).getroot()  # noqa: S314 - the project's own file
        self._complex = {found.get("Name", ""): found for found in root.iter(f"{_EDM}ComplexType")}
        self._enumerations = {
            found.get("Name", ""): {member.get("Name") for member in found.iter(f"{_EDM}Member")}
            for found in root.iter(f"{_EDM}EnumType")
        }

    def problems(self, value: Any, type_name: str, path: str = "") -> list[str]:
        if type_name.startswith("Collection("):
            if not isinstance(value, list):
                return [f"{path} is no list"]
            return [problem for item in value for problem in self.problems(item, type_name[11:-1], path)]
        if type_name in _PRIMITIVES:
            return [] if type(value) is _PRIMITIVES[type_name] else [f"{path} {value!r} is no {type_name}"]
        short = type_name.rpartition(".")[2]
        if short in self._enumerations:
            known = value in self._enumerations[short] and value != "unknownFutureValue"
            return [] if known else [f"{path} {value!r} is no {short}"]
        properties = {found.get("Name", ""): found for found in self._complex[short].iter(f"{_EDM}Property")}
        problems = [f"{path}/{name} is unknown" for name in value.keys() - properties.keys()]
        for name, found in properties.items():
            if name in value:
                problems += self.problems(value[name], found.get("Type", ""), f"{path}/{name}")
            elif found.get("Nullable") == "false":
                problems.append(f"{path}/{name} is missing")
        return problems


@pytest.fixture(scope="module")
def types() -> _Types:
    return _Types()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_capabilities_and_defaults_are_of_their_graph_types(types: _Types, model: PrinterModel) -> None:
    assert types.problems(model.capabilities, "graph.printerCapabilities") == []
    assert types.problems(model.defaults, "graph.printerDefaults") == []


def test_what_a_real_printer_says_over_ipp_becomes_graph_types(types: _Types) -> None:
    recorded = Path(__file__).parent.parent / "data" / "ipp-printer-mono.response.bin"
    attributes = decode_message(recorded.read_bytes()).group(Tag.PRINTER)
    assert types.problems(printer_capabilities(attributes), "graph.printerCapabilities") == []
    assert types.problems(printer_defaults(attributes), "graph.printerDefaults") == []


def test_the_check_finds_what_graph_does_not_know(types: _Types) -> None:
    wrong = {"colorModes": ["rainbow"], "dpis": ["600"], "speed": 1, "collation": None}
    assert len(types.problems(wrong, "graph.printerCapabilities")) == 4


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_printer_offers_what_it_does_by_default(model: PrinterModel) -> None:
    listed = {
        "colorMode": "colorModes",
        "contentType": "contentTypes",
        "dpi": "dpis",
        "duplexMode": "duplexModes",
        "inputBin": "inputBins",
        "mediaColor": "mediaColors",
        "mediaSize": "mediaSizes",
        "mediaType": "mediaTypes",
        "orientation": "orientations",
        "outputBin": "outputBins",
        "pagesPerSheet": "pagesPerSheet",
        "quality": "qualities",
        "scaling": "scalings",
    }
    for default, capability in listed.items():
        assert model.defaults[default] in model.capabilities[capability]


def test_the_models_differ_in_what_they_take() -> None:
    taken = {name: set(model.capabilities["contentTypes"]) for name, model in MODELS.items()}
    assert taken["monoLaser"] == {"application/pdf"}
    assert taken["xpsClass"] == {"application/oxps"}
    assert "application/pdf" not in taken["deskRaster"]
    assert {"application/pdf", "application/oxps", "image/jpeg"} <= taken["officeColor"]


@pytest.mark.parametrize("condition", [None, "paused", "mediaJam", "offline", "notAcceptingJobs", "slow"])
async def test_the_status_of_a_printer_in_each_condition_is_of_its_graph_type(
    types: _Types, tmp_path: Path, condition: str | None
) -> None:
    printer: Device = VirtualPrinter("Finance", MODELS["officeColor"], tmp_path)
    if condition:
        await printer.set_condition(condition, on=True)
    assert types.problems(printer.status, "graph.printerStatus") == []
    assert printer.is_accepting_jobs is (condition != "notAcceptingJobs")
