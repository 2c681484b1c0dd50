"""Printers: register, change, reset, unregister (Graph: printer-create, -update, -restorefactorydefaults, -delete)."""

from __future__ import annotations

import re
from typing import Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.devices.deviceless import DevicelessPrinter
from emulator.universal_print.devices.ipp_message import IppFormatError, Tag, decode_group
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import require_printer_administrator
from emulator.universal_print.graph.errors import GraphError, access_denied, bad_request, conflict, not_found
from emulator.universal_print.graph.lookup import printer_of
from emulator.universal_print.graph.views import HEAVY, printer_view
from emulator.universal_print.registrations import RUNNING, SUCCEEDED, PrinterRequest
from emulator.universal_print.world import Printer

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BY_ADMINISTRATORS = ("defaults", "displayName", "location")
_BY_APPS = ("capabilities", "defaults", "displayName", "isAcceptingJobs", "manufacturer", "model", "status")
_IPP = "application/ipp"


async def create_printer(call: Call) -> Result:
    """POST /print/printers/create: 202, and an operation to ask."""
    body = call.body_of(
        *("displayName", "manufacturer", "model", "physicalDeviceId", "hasPhysicalDevice"),
        *("certificateSigningRequest", "connectorId"),
    )
    texts = {name: _required_text(body, name) for name in ("displayName", "manufacturer", "model")}
    signing = call.checked(
        body.get("certificateSigningRequest"), "printCertificateSigningRequest", "certificateSigningRequest"
    )
    has_device = body.get("hasPhysicalDevice", True)
    if not isinstance(has_device, bool):
        raise bad_request("hasPhysicalDevice must be true or false.")
    request = PrinterRequest(
        texts["displayName"],
        texts["manufacturer"],
        texts["model"],
        signing["content"],
        signing["transportKey"],
        has_device,
        _physical_device_id(call, body.get("physicalDeviceId"), has_device=has_device),
        _connector_id(call, body.get("connectorId")),
    )
    registration = call.service.registrations.begin(request, call.now)
    headers = {"Operation-Location": f"{call.root}/print/operations/{registration.id}", **_retry_after(call)}
    return Result(202, None, headers)


async def get_operation(call: Call) -> Result:
    """GET /print/operations/{operation}."""
    registration = call.service.registrations.find(call.parameters["operation"])
    if registration is None:
        raise not_found("The operation")
    body: dict[str, Any] = {
        "@odata.context": call.context("print/operations/$entity"),
        "@odata.type": "#microsoft.graph.printerCreateOperation",
        "id": registration.id,
        "createdDateTime": graph_time(registration.created),
        "status": {"state": registration.state, "description": registration.description},
    }
    if registration.state == SUCCEEDED and registration.printer is not None:
        body["certificate"] = registration.certificate
        body["printer"] = _light(call, registration.printer)
    return Result(200, body, _retry_after(call) if registration.state == RUNNING else {})


async def update_printer(call: Call) -> Result:
    """PATCH /print/printers/{printer}: what may be changed depends on who asks, and on the printer."""
    printer = printer_of(call)
    content_type = call.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if call.caller.user is not None:
        require_printer_administrator(call.caller)
        if content_type == _IPP:
            raise GraphError(
                403, "accessDenied", "IPP attributes can only be sent with application permissions.",
                inner_code="notSupported",
            )  # fmt: skip
        return _updated_by_administrator(call, printer)
    device = printer.device
    if printer.has_physical_device or not isinstance(device, DevicelessPrinter):
        raise access_denied("Application permissions allow to update only printers without a physical device.")
    if content_type == _IPP:
        return _updated_by_ipp(call, printer, device)
    return _updated_by_app(call, printer, device)


def _updated_by_administrator(call: Call, printer: Printer) -> Result:
    changes = _changes(call, _BY_ADMINISTRATORS)
    printer.display_name = changes.get("displayName", printer.display_name)
    if "location" in changes:
        printer.location = _merged(printer.location, changes["location"])
    if "defaults" in changes:
        _change_defaults(printer, changes["defaults"])
    return _updated(call, printer)


def _updated_by_app(call: Call, printer: Printer, device: DevicelessPrinter) -> Result:
    changes = _changes(call, _BY_APPS)
    if "status" in changes:
        device.status = call.checked(changes["status"], "printerStatus", "status")
    printer.display_name = changes.get("displayName", printer.display_name)
    device.manufacturer = changes.get("manufacturer", device.manufacturer) or ""
    device.model = changes.get("model", device.model) or ""
    device.is_accepting_jobs = changes.get("isAcceptingJobs", device.is_accepting_jobs)
    if "capabilities" in changes:
        device.capabilities = _merged(device.capabilities, changes["capabilities"]) or {}
    if "defaults" in changes:
        device.defaults = _merged(device.defaults, changes["defaults"]) or {}
        _forget_changed(printer, changes["defaults"])
    return _updated(call, printer)


def _updated_by_ipp(call: Call, printer: Printer, device: DevicelessPrinter) -> Result:
    try:
        attributes = decode_group(call.request.body, Tag.PRINTER)
    except IppFormatError as error:
        raise bad_request(f"The body must be one group of IPP printer attributes (RFC 8010): {error}.") from None
    if not attributes:
        raise bad_request("The group of IPP printer attributes is empty.")
    _forget_changed(printer, dict.fromkeys(device.take_attributes(attributes)))
    return Result(204)


async def restore_factory_defaults(call: Call) -> Result:
    """POST /print/printers/{printer}/restoreFactoryDefaults: the defaults are the device's own again."""
    require_printer_administrator(call.caller)
    call.without_body()
    printer_of(call).changed_defaults.clear()
    return Result(204)


async def delete_printer(call: Call) -> Result:
    """DELETE /print/printers/{printer}: its jobs end, its trigger goes."""
    require_printer_administrator(call.caller)
    printer = printer_of(call)
    service = call.service
    if service.world.share_of(printer) is not None:
        raise conflict("The printer is shared: delete its share, or give that another printer, first.")
    trigger = service.tasks.trigger_of(printer)
    if trigger is not None:
        service.tasks.remove_trigger(trigger)
    for job in service.jobs.of_printer(printer):
        if not job.is_final:
            service.queues.cancel(job)
    del service.world.printers[printer.id]
    return Result(204)


def _required_text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad_request(f"{name} is required.")
    return value


def _physical_device_id(call: Call, value: Any, *, has_device: bool) -> str | None:
    if not has_device:
        if value is not None:
            raise bad_request("physicalDeviceId must be null where hasPhysicalDevice is false.")
        return None
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise bad_request("physicalDeviceId is required, as the UUID of the device, where hasPhysicalDevice is true.")
    if call.service.registrations.is_taken(value):
        raise conflict("A printer with this physicalDeviceId is registered already.")
    return value


def _connector_id(call: Call, value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in call.service.world.connectors):
        raise bad_request("connectorId must be the id of a connector.")
    return value


def _changes(call: Call, allowed: tuple[str, ...]) -> dict[str, Any]:
    """The members of the body, which must be among those. Raises GraphError 400."""
    changes = call.checked(call.body_of(*allowed), "printer", "The printer", complete=False)
    if not changes:
        raise bad_request(f"The body must have at least one of {', '.join(allowed)}.")
    if not changes.get("displayName", "-").strip():
        raise bad_request("displayName must not be empty.")
    return changes


def _change_defaults(printer: Printer, changes: dict[str, Any] | None) -> None:
    if changes is None:
        raise bad_request("defaults must be an object.")
    printer.changed_defaults |= _own(changes)


def _forget_changed(printer: Printer, names: dict[str, Any] | None) -> None:
    """What the printer's app says now takes the place of what an administrator had changed."""
    for name in names or {}:
        printer.changed_defaults.pop(name, None)


def _merged(old: dict[str, Any] | None, changes: dict[str, Any] | None) -> dict[str, Any] | None:
    """A complex property after a change: what the change leaves out stays (OData 4.01, 11.4.3)."""
    if changes is None:
        return None
    return {name: value for name, value in ((old or {}) | _own(changes)).items() if value is not None}


def _own(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if "@odata." not in name}


def _updated(call: Call, printer: Printer) -> Result:
    return Result(200, {"@odata.context": call.context("print/printers/$entity"), **_light(call, printer)})


def _light(call: Call, printer: Printer) -> dict[str, Any]:
    view = printer_view(call.service.world, printer)
    return {name: value for name, value in view.items() if name not in HEAVY}


def _retry_after(call: Call) -> dict[str, str]:
    return {"Retry-After": str(call.service.settings.registration_retry_seconds)}


HANDLERS: dict[str, Handler] = {
    "createPrinter": create_printer,
    "getOperation": get_operation,
    "updatePrinter": update_printer,
    "restorePrinterFactoryDefaults": restore_factory_defaults,
    "deletePrinter": delete_printer,
}
