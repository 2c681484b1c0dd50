"""Attributes reach a virtual printer of the service, and the service shows what they say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bounds import Bounds
from shared.errors import GraphDenied
from shared.graph.app_client import AppClient
from shared.graph.application_calls import ApplicationCalls
from shared.ipp.capabilities import from_capabilities
from shared.ipp.checking import check
from shared.ipp.decoding import decode_response
from shared.ipp.document import from_document, to_document
from shared.ipp.encoding import encode_group
from shared.ipp.values import Attribute, GroupTag, IppEncodeError, Tag, Value
from shared.ipp.virtual import completed, without_device
from tests.support.managed_tenant import SetUp, setting_up
from tests.support.tap_world import EmulatedApplication

RECORDED = Path(__file__).resolve().parent.parent / "data" / "ipp-printer-mono.response.bin"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


async def sent(set_up: SetUp, path: str, attributes: tuple[Attribute, ...]) -> None:
    async def sleep(_: float) -> None:
        raise AssertionError("nothing was to be repeated")

    app = AppClient(
        ApplicationCalls(
            f"{set_up.service.url}/v1.0",
            set_up.service.http,
            EmulatedApplication(set_up.service),
            bounds=Bounds(),
            sleep=sleep,
            random=lambda: 0.5,
        )
    )
    await app.send_attributes(path.rpartition("/")[2], encode_group(attributes))


async def shown(set_up: SetUp, path: str) -> dict[str, object]:
    answer = await set_up.administer("GET", f"{path}?$select=capabilities,defaults,isAcceptingJobs")
    return dict(answer.json())


async def test_a_real_printers_attributes_edited_by_hand_are_what_people_see(set_up: SetUp) -> None:
    path = await set_up.virtual_printer()
    pulled = without_device(decode_response(RECORDED.read_bytes()).group(GroupTag.PRINTER))
    document = json.loads(json.dumps(to_document(completed(pulled, "Follow Me"))))
    document["attributes"]["copies-supported"] = {"rangeOfInteger": "1-25"}
    document["attributes"]["sides-supported"] = {"keyword": ["one-sided", "two-sided-long-edge"]}
    attributes = from_document(document)
    assert [one.attribute for one in check(attributes) if one.required] == [
        *("printer-uri-supported", "uri-authentication-supported", "uri-security-supported")
    ]
    assert [one.attribute for one in check(attributes, virtual=True)] == ["mopria-certified"]
    await sent(set_up, path, attributes)
    printer = await shown(set_up, path)
    assert printer["isAcceptingJobs"] is True
    capabilities = printer["capabilities"]
    assert isinstance(capabilities, dict)
    assert capabilities["copiesPerJob"] == {"start": 1, "end": 25}
    assert capabilities["duplexModes"] == ["oneSided", "flipOnLongEdge"]
    assert "A4" in capabilities["mediaSizes"]


async def test_attributes_made_of_capabilities_give_those_capabilities(set_up: SetUp) -> None:
    path = await set_up.virtual_printer()
    capabilities = {"mediaSizes": ["A4", "A3"], "colorModes": ["color"], "dpis": [600], "finishings": ["stapleTopLeft"]}
    defaults = {"mediaSize": "A3", "dpi": 600}
    await sent(set_up, path, from_capabilities(capabilities, defaults).attributes)
    printer = await shown(set_up, path)
    assert isinstance(printer["capabilities"], dict)
    assert {name: printer["capabilities"][name] for name in capabilities} == capabilities
    assert isinstance(printer["defaults"], dict)
    assert {name: printer["defaults"][name] for name in defaults} == defaults


async def test_a_printer_with_a_device_takes_none_and_bad_values_never_leave(set_up: SetUp) -> None:
    path = f"/print/printers/{set_up.tenant.printer.id}"
    with pytest.raises(GraphDenied, match="without a physical device"):
        await sent(set_up, path, (Attribute("copies-default", (Value(Tag.INTEGER, 1),)),))
    with pytest.raises(IppEncodeError, match="copies-default"):
        await sent(set_up, path, (Attribute("copies-default", (Value(Tag.INTEGER, 2**40),)),))
