"""Printers are registered, changed by those who may, reset and unregistered."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from emulator.universal_print.world import Connector
from tests.support.emulated_service import said
from tests.support.managed_tenant import SetUp, device_key, setting_up, signing_request, virtual_printer

DEVICE = "9a7d3c52-1f0e-4b8a-8c6d-5e4f3a2b1c0d"
REAL_PRINTER = Path(__file__).resolve().parent.parent / "data" / "ipp-printer-mono.response.bin"
IPP = {"Content-Type": "application/ipp"}


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path) as running:
        yield running


def ipp(*attributes: tuple[int, str, bytes]) -> bytes:
    """A printer-attributes group as in Microsoft's sample: the delimiter, then the attributes, no end tag."""
    body = b"\x04"
    for tag, name, content in attributes:
        body += bytes([tag]) + len(name).to_bytes(2) + name.encode() + len(content).to_bytes(2) + content
    return body


async def test_a_registration_runs_for_a_while_and_ends_with_a_certificate_for_the_key(set_up: SetUp) -> None:
    begun = await set_up.administer("POST", "/print/printers/create", json=virtual_printer())
    assert (begun.status_code, begun.content, begun.headers["retry-after"]) == (202, b"", "5")
    path = begun.headers["operation-location"].removeprefix(f"{set_up.service.url}/v1.0")
    running = await set_up.administer("GET", path)
    assert (running.json()["status"]["state"], running.headers["retry-after"]) == ("running", "5")
    assert "printer" not in running.json()
    done = await set_up.registered()
    assert done["@odata.type"] == "#microsoft.graph.printerCreateOperation"
    assert done["status"]["state"] == "succeeded"
    certificate = x509.load_der_x509_certificate(base64.b64decode(done["certificate"], validate=True))
    assert certificate.public_key() == device_key().public_key()
    assert done["printer"]["isAcceptingJobs"] is None
    assert done["printer"]["status"] == {"state": "unknown", "details": [], "description": ""}
    assert done["printer"]["isShared"] is False


def pem(content: str) -> str:
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{content}\n-----END CERTIFICATE REQUEST-----"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({**signing_request(), "content": pem(signing_request()["content"])}, "header and footer"),
        ({**signing_request(), "content": "not base64!"}, "not base64"),
        ({**signing_request(), "content": signing_request()["transportKey"]}, "PKCS #10"),
        ({**signing_request(), "transportKey": signing_request()["content"]}, "transportKey"),
    ],
)
async def test_a_bad_request_for_a_certificate_fails_the_operation(
    set_up: SetUp, request_: dict[str, str], words: str
) -> None:
    failed = await set_up.registered(certificateSigningRequest=request_)
    assert failed["status"]["state"] == "failed"
    assert words in failed["status"]["description"]
    assert not {"certificate", "printer"} & failed.keys()
    assert len((await set_up.administer("GET", "/print/printers")).json()["value"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"hasPhysicalDevice": True},
        {"hasPhysicalDevice": True, "physicalDeviceId": "device 1"},
        {"physicalDeviceId": DEVICE},
        {"displayName": " "},
        {"model": None},
        {"certificateSigningRequest": {"content": "AA=="}},
        {"connectorId": "none"},
        {"location": {}},
    ],
)
async def test_what_a_registration_lacks_is_refused_at_once(set_up: SetUp, changes: dict[str, Any]) -> None:
    refused = await set_up.administer("POST", "/print/printers/create", json=virtual_printer(**changes))
    assert refused.status_code == 400


async def test_a_printer_has_a_device_unless_the_request_says_otherwise(set_up: SetUp) -> None:
    body = virtual_printer(physicalDeviceId=DEVICE)
    del body["hasPhysicalDevice"]
    assert (await set_up.administer("POST", "/print/printers/create", json=body)).status_code == 202
    assert (await set_up.administer("POST", "/print/printers/create", json=body)).status_code == 409
    connector = Connector("c1", "Connector", set_up.service.emulator.clock.now())
    set_up.tenant.world.connectors[connector.id] = connector
    other = await set_up.registered(hasPhysicalDevice=True, physicalDeviceId=DEVICE[:-1] + "e", connectorId="c1")
    assert other["printer"]["hasPhysicalDevice"] is True


async def test_an_administrator_changes_the_name_the_location_and_the_defaults_alone(set_up: SetUp) -> None:
    path = f"/print/printers/{set_up.tenant.printer.id}"
    body = {"displayName": "Hall", "location": {"building": "Main"}, "defaults": {"copiesPerJob": 2}}
    changed = await set_up.administer("PATCH", path, json=body)
    assert (changed.status_code, changed.json()["displayName"]) == (200, "Hall")
    assert not {"defaults", "capabilities"} & changed.json().keys()
    await set_up.administer("PATCH", path, json={"location": {"floor": "2"}})
    shown = (await set_up.administer("GET", f"{path}?$select=location,defaults")).json()
    assert said(shown["location"]) == {"building": "Main", "floor": "2"}
    assert said(shown["defaults"]) == {"copiesPerJob": 2}
    for other in ("manufacturer", "model", "capabilities", "isAcceptingJobs", "status", "name"):
        refused = await set_up.administer("PATCH", path, json={"displayName": "x", other: None})
        assert refused.status_code == 400, other
    assert (await set_up.administer("PATCH", path, json={})).status_code == 400


async def test_factory_defaults_come_back(set_up: SetUp) -> None:
    path = f"/print/printers/{set_up.tenant.printer.id}"
    await set_up.administer("PATCH", path, json={"defaults": {"copiesPerJob": 2, "mediaSize": "A4"}})
    assert (await set_up.administer("POST", f"{path}/restoreFactoryDefaults")).status_code == 204
    shown = (await set_up.administer("GET", f"{path}?$select=defaults")).json()
    assert said(shown["defaults"]) == {"copiesPerJob": 1}


async def test_an_app_changes_only_printers_without_a_device_and_not_their_location(set_up: SetUp) -> None:
    physical = f"/print/printers/{set_up.tenant.printer.id}"
    assert (await set_up.as_app("PATCH", physical, json={"displayName": "x"})).status_code == 403
    assert (await set_up.as_app("PATCH", physical, content=ipp(), headers=IPP)).status_code == 403
    path = await set_up.virtual_printer()
    body = {
        "status": {"state": "idle", "details": [], "description": "Ready."},
        "isAcceptingJobs": True,
        "manufacturer": "Fabrikam",
        "capabilities": {"contentTypes": ["application/pdf"], "copiesPerJob": {"start": 1, "end": 9}},
        "defaults": {"contentType": "application/pdf"},
    }
    changed = await set_up.as_app("PATCH", path, json=body)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["manufacturer"], changed.json()["isAcceptingJobs"]) == ("Fabrikam", True)
    assert (await set_up.as_app("PATCH", path, json={"location": {"building": "Main"}})).status_code == 400
    assert (await set_up.as_app("PATCH", path, json={"status": {"state": "idle"}})).status_code == 400
    shown = (await set_up.administer("GET", f"{path}?$select=capabilities,defaults")).json()
    assert said(shown["capabilities"]) == body["capabilities"]


async def test_ipp_attributes_take_the_place_of_their_like_and_show_through_graph(set_up: SetUp) -> None:
    path = await set_up.virtual_printer()
    first = ipp(
        (0x49, "document-format-supported", b"application/pdf"),
        (0x49, "", b"image/pwg-raster"),
        (0x33, "copies-supported", (1).to_bytes(4) + (99).to_bytes(4)),
        (0x21, "copies-default", (2).to_bytes(4)),
        (0x22, "color-supported", b"\x01"),
        (0x22, "printer-is-accepting-jobs", b"\x01"),
        (0x23, "printer-state", (3).to_bytes(4)),
        (0x44, "printer-state-reasons", b"toner-low-warning"),
    )
    taken = await set_up.as_app("PATCH", path, content=first, headers=IPP)
    assert (taken.status_code, taken.content) == (204, b"")
    shown = (await set_up.administer("GET", f"{path}?$select=capabilities,defaults,status,isAcceptingJobs")).json()
    assert said(shown["capabilities"]) == {
        "contentTypes": ["application/pdf", "image/pwg-raster"],
        "copiesPerJob": {"start": 1, "end": 99},
        "isColorPrintingSupported": True,
    }
    assert said(shown["defaults"]) == {"copiesPerJob": 2}
    assert (shown["isAcceptingJobs"], shown["status"]["state"], shown["status"]["details"]) == (
        True, "idle", ["tonerLow"],
    )  # fmt: skip
    second = ipp((0x49, "document-format-supported", b"application/oxps"))
    assert (await set_up.as_app("PATCH", path, content=second, headers=IPP)).status_code == 204
    shown = (await set_up.administer("GET", f"{path}?$select=capabilities")).json()["capabilities"]
    assert (shown["contentTypes"], shown["copiesPerJob"]["end"]) == (["application/oxps"], 99)


async def test_a_real_printers_attributes_make_a_virtual_printer_like_it(set_up: SetUp) -> None:
    path = await set_up.virtual_printer()
    # Of a whole answer: the group stands after the header and the operation attributes, before the end tag.
    group = REAL_PRINTER.read_bytes()[71:-1]
    assert (await set_up.as_app("PATCH", path, content=group, headers=IPP)).status_code == 204
    shown = (await set_up.administer("GET", f"{path}?$select=capabilities,status,isAcceptingJobs")).json()
    assert shown["capabilities"]["contentTypes"] == ["application/pdf", "image/jpeg", "image/pwg-raster", "image/urf"]
    assert shown["capabilities"]["copiesPerJob"] == {"start": 1, "end": 999}
    assert (shown["status"]["state"], shown["isAcceptingJobs"]) == ("idle", True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x04",
        ipp((0x21, "copies-default", (2).to_bytes(4))) + b"\x03",
        b"\x01" + ipp((0x21, "copies-default", (2).to_bytes(4)))[1:],
        b"\x02\x00\x00\x0b\x00\x00\x00\x01" + ipp((0x21, "copies-default", (2).to_bytes(4))),
        ipp((0x21, "copies-default", (2).to_bytes(4)))[:-1],
        ipp((0x21, "copies-default", b"\x02")),
    ],
)
async def test_anything_but_one_group_of_printer_attributes_is_refused(set_up: SetUp, body: bytes) -> None:
    path = await set_up.virtual_printer()
    assert (await set_up.as_app("PATCH", path, content=body, headers=IPP)).status_code == 400


async def test_ipp_is_for_apps_alone(set_up: SetUp) -> None:
    headers = await set_up.service.bearer(set_up.tenant.administrator, "Printer.FullControl.All")
    path = f"/v1.0{await set_up.virtual_printer()}"
    body = ipp((0x21, "copies-default", (2).to_bytes(4)))
    refused = await set_up.service.http.patch(path, content=body, headers={**headers, **IPP})
    assert (refused.status_code, refused.json()["error"]["innerError"]["code"]) == (403, "notSupported")


async def test_a_printer_is_unregistered_once_it_is_not_shared(set_up: SetUp) -> None:
    path = f"/print/printers/{set_up.tenant.printer.id}"
    assert (await set_up.administer("DELETE", path)).status_code == 409
    set_up.tenant.device.gate.clear()
    job = await set_up.service.uploaded_job()
    assert (await set_up.administer("DELETE", f"/print/shares/{set_up.tenant.share.id}")).status_code == 204
    assert (await set_up.administer("DELETE", path)).status_code == 204
    assert (await set_up.administer("GET", path)).status_code == 404
    assert set_up.service.emulator.job(job["id"]).state == "canceled"


async def test_changing_a_printer_takes_the_role_beside_the_scope(set_up: SetUp) -> None:
    headers = await set_up.service.bearer(set_up.tenant.anna, "Printer.FullControl.All")
    path = f"/v1.0/print/printers/{set_up.tenant.printer.id}"
    for answer in (
        await set_up.service.http.patch(path, headers=headers, json={"displayName": "x"}),
        await set_up.service.http.post(f"{path}/restoreFactoryDefaults", headers=headers),
        await set_up.service.http.delete(path, headers=headers),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "accessDenied")
