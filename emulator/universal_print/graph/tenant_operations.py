"""Connectors, services and settings of the tenant (Graph: print-list-connectors, -list-services, -get-settings)."""

from __future__ import annotations

from typing import Any

from emulator.universal_print.clock import graph_time
from emulator.universal_print.graph.call import Call, Handler, Result
from emulator.universal_print.graph.caller import require_printer_administrator
from emulator.universal_print.graph.errors import bad_request, conflict, not_found
from emulator.universal_print.graph.lookup import printer_of
from emulator.universal_print.graph.paging import listing, page
from emulator.universal_print.world import Connector, stable_id

_CONNECTOR_MEMBERS = ("appVersion", "displayName", "fullyQualifiedDomainName", "location", "operatingSystem")
# The one endpoint that Microsoft's page shows (Graph: print-list-services).
_DISCOVERY = {
    "id": "mpsdiscovery",
    "displayName": "Microsoft Universal Print Discovery Service",
    "uri": "https://discovery.print.microsoft.com",
}


async def list_connectors(call: Call) -> Result:
    """GET /print/connectors."""
    require_printer_administrator(call.caller)
    shown, next_link = page(call, list(call.service.world.connectors.values()))
    return Result(200, listing(call, "print/connectors", [_view(one) for one in shown], next_link))


async def list_printer_connectors(call: Call) -> Result:
    """GET /print/printers/{printer}/connectors: one at most."""
    require_printer_administrator(call.caller)
    printer = printer_of(call)
    connector = call.service.world.connectors.get(printer.connector_id or "")
    views = [_view(connector)] if connector is not None else []
    return Result(200, listing(call, f"print/printers('{printer.id}')/connectors", views, None))


async def get_connector(call: Call) -> Result:
    """GET /print/connectors/{connector}."""
    require_printer_administrator(call.caller)
    return _shown(call, _connector_of(call))


async def update_connector(call: Call) -> Result:
    """PATCH /print/connectors/{connector}."""
    require_printer_administrator(call.caller)
    connector = _connector_of(call)
    changes = call.checked(call.body_of(*_CONNECTOR_MEMBERS), "printConnector", "The connector", complete=False)
    if not changes:
        raise bad_request(f"The body must have at least one of {', '.join(_CONNECTOR_MEMBERS)}.")
    connector.display_name = changes.get("displayName", connector.display_name)
    connector.fully_qualified_domain_name = changes.get(
        "fullyQualifiedDomainName", connector.fully_qualified_domain_name
    )
    connector.operating_system = changes.get("operatingSystem", connector.operating_system)
    connector.app_version = changes.get("appVersion", connector.app_version)
    connector.location = changes.get("location", connector.location)
    return _shown(call, connector)


async def delete_connector(call: Call) -> Result:
    """DELETE /print/connectors/{connector}: not while printers are registered on it."""
    require_printer_administrator(call.caller)
    connector = _connector_of(call)
    if any(printer.connector_id == connector.id for printer in call.service.world.printers.values()):
        raise conflict("Printers are still registered on the connector.")
    del call.service.world.connectors[connector.id]
    return Result(204)


async def list_services(call: Call) -> Result:
    """GET /print/services."""
    return Result(200, listing(call, "print/services", [{"id": _service_id(call)}], None))


async def get_service(call: Call) -> Result:
    """GET /print/services/{service}."""
    body = {"@odata.context": call.context("print/services/$entity"), "id": _known_service(call)}
    return Result(200, body)


async def list_endpoints(call: Call) -> Result:
    """GET /print/services/{service}/endpoints."""
    context = f"print/services('{_known_service(call)}')/endpoints"
    return Result(200, listing(call, context, [dict(_DISCOVERY)], None))


async def get_endpoint(call: Call) -> Result:
    """GET /print/services/{service}/endpoints/{endpoint}."""
    service_id = _known_service(call)
    if call.parameters["endpoint"] != _DISCOVERY["id"]:
        raise not_found("The service endpoint")
    context = call.context(f"print/services('{service_id}')/endpoints/$entity")
    return Result(200, {"@odata.context": context, **_DISCOVERY})


async def get_settings(call: Call) -> Result:
    """GET /print/settings."""
    world = call.service.world
    body = {
        "@odata.context": call.context("print/settings"),
        "documentConversionEnabled": world.document_conversion_enabled,
        "printerDiscoverySettings": {"airPrint": {"incompatiblePrinters": world.incompatible_air_printers}},
    }
    return Result(200, body)


async def update_settings(call: Call) -> Result:
    """PATCH /print/settings."""
    require_printer_administrator(call.caller)
    names = ("documentConversionEnabled", "printerDiscoverySettings")
    changes = call.checked(call.body_of(*names), "printSettings", "The settings", complete=False)
    if not changes:
        raise bad_request(f"The body must have at least one of {', '.join(names)}.")
    world = call.service.world
    world.document_conversion_enabled = changes.get("documentConversionEnabled", world.document_conversion_enabled)
    air_print = (changes.get("printerDiscoverySettings") or {}).get("airPrint") or {}
    world.incompatible_air_printers = air_print.get("incompatiblePrinters", world.incompatible_air_printers)
    return Result(204)


def _connector_of(call: Call) -> Connector:
    connector = call.service.world.connectors.get(call.parameters["connector"])
    if connector is None:
        raise not_found("The connector")
    return connector


def _shown(call: Call, connector: Connector) -> Result:
    return Result(200, {"@odata.context": call.context("print/connectors/$entity"), **_view(connector)})


def _view(connector: Connector) -> dict[str, Any]:
    return {
        "id": connector.id,
        "displayName": connector.display_name,
        "fullyQualifiedDomainName": connector.fully_qualified_domain_name,
        "operatingSystem": connector.operating_system,
        "appVersion": connector.app_version,
        "location": connector.location,
        "registeredDateTime": graph_time(connector.registered),
    }


def _service_id(call: Call) -> str:
    return stable_id(call.service.world.tenant_id, "printService", "discovery")


def _known_service(call: Call) -> str:
    if call.parameters["service"] != _service_id(call):
        raise not_found("The service")
    return call.parameters["service"]


HANDLERS: dict[str, Handler] = {
    "listConnectors": list_connectors,
    "getConnector": get_connector,
    "listPrinterConnectors": list_printer_connectors,
    "updateConnector": update_connector,
    "deleteConnector": delete_connector,
    "listServices": list_services,
    "getService": get_service,
    "listServiceEndpoints": list_endpoints,
    "getServiceEndpoint": get_endpoint,
    "getSettings": get_settings,
    "updateSettings": update_settings,
}
