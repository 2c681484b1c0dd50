"""The emulator's own HTTP interface, on the loopback only: faults, clock, printers, sign-ins, log and state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.universal_print import page
from emulator.universal_print.clock import graph_time
from emulator.universal_print.control_body import ControlError, json_of, object_of, printer_of, seconds_of, user_of
from emulator.universal_print.devices.device import UnknownConditionError
from emulator.universal_print.faults import fault_from_json, fault_view
from emulator.universal_print.reports import control as reports
from emulator.universal_print.state import snapshot
from emulator.universal_print.tap_control import TapControl
from emulator.universal_print.tokens import managed_identity

if TYPE_CHECKING:
    from emulator.universal_print.server import Emulator

type Endpoint = Callable[[Request], Awaitable[Any]]


def routes(emulator: Emulator) -> list[BaseRoute]:
    """Every route below `/emulator`, and the page at `/`."""
    control, tap = _Control(emulator), TapControl(emulator)
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "/state", control.state),
        ("GET", "/faults", control.list_faults),
        ("POST", "/faults", control.add_faults),
        ("DELETE", "/faults", control.clear_faults),
        ("DELETE", "/faults/{id:int}", control.remove_fault),
        ("GET", "/requests", control.list_requests),
        ("DELETE", "/requests", control.clear_requests),
        ("GET", "/violations", control.violations),
        ("GET", "/clock", control.clock),
        ("POST", "/clock", control.advance_clock),
        ("POST", "/restart", control.restart),
        ("POST", "/printers/{printer}/conditions", control.set_condition),
        ("GET", "/reports", control.list_reports),
        ("POST", "/reports/history", control.add_history),
        ("DELETE", "/reports/history", control.clear_history),
        ("POST", "/reports/corrections", control.add_correction),
        ("POST", "/print", tap.print_document),
        ("GET", "/tasks", tap.list_tasks),
        ("GET", "/subscriptions", tap.list_subscriptions),
        ("DELETE", "/subscriptions/{subscription}", tap.remove_subscription),
        ("POST", "/subscriptions/{subscription}/reauthorization", tap.ask_to_reauthorize),
        ("GET", "/notifications", tap.list_notifications),
        ("POST", "/notifications", tap.stop_notifications),
        ("GET", "/device-codes", control.list_device_codes),
        ("POST", "/device-codes", control.answer_device_code),
        ("PATCH", "/users/{user}", control.change_user),
        ("POST", "/users/{user}/revoke", control.revoke_sign_in),
        ("GET", "/managed-identity/token", control.managed_identity_token),
    ]
    return [
        *(Route(f"/emulator{path}", _answering(endpoint), methods=[method]) for method, path, endpoint in table),
        *page.routes(lambda: snapshot(emulator), emulator.paper),
    ]


def _answering(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            body = await endpoint(request)
        except ControlError as error:
            return JSONResponse({"error": {"message": str(error)}}, status_code=error.status)
        except (ValueError, UnknownConditionError) as error:
            return JSONResponse({"error": {"message": str(error)}}, status_code=400)
        return Response(status_code=204) if body is None else JSONResponse(body)

    return answer


class _Control:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def state(self, _request: Request) -> dict[str, Any]:
        return snapshot(self._emulator)

    async def list_faults(self, _request: Request) -> dict[str, Any]:
        return {"value": [fault_view(fault) for fault in self._emulator.faults]}

    async def add_faults(self, request: Request) -> dict[str, Any]:
        body = await json_of(request)
        entries = body if isinstance(body, list) else [body]
        if not all(isinstance(entry, dict) for entry in entries):
            raise ControlError("A fault is a JSON object.")
        faults = [fault_from_json(entry) for entry in entries]
        return {"value": [fault_view(self._emulator.faults.add(fault)) for fault in faults]}

    async def clear_faults(self, _request: Request) -> None:
        self._emulator.faults.clear()

    async def remove_fault(self, request: Request) -> None:
        if not self._emulator.faults.remove(request.path_params["id"]):
            raise ControlError("There is no such fault.", 404)

    async def list_requests(self, request: Request) -> dict[str, Any]:
        wanted = request.query_params.getlist("operation")
        log = self._emulator.requests
        return {"value": [entry.view() for entry in (log.of(*wanted) if wanted else log)]}

    async def clear_requests(self, _request: Request) -> None:
        self._emulator.requests.clear()

    async def violations(self, _request: Request) -> dict[str, Any]:
        return {"value": list(self._emulator.violations.found)}

    async def clock(self, _request: Request) -> dict[str, Any]:
        return {"dateTime": graph_time(self._emulator.clock.now())}

    async def advance_clock(self, request: Request) -> dict[str, Any]:
        self._emulator.clock.advance(timedelta(seconds=seconds_of(await object_of(request), "advanceSeconds")))
        return await self.clock(request)

    async def restart(self, request: Request) -> None:
        self._emulator.restart(seconds_of(await object_of(request), "seconds"))

    async def set_condition(self, request: Request) -> dict[str, Any]:
        printer = printer_of(self._emulator.world, request.path_params["printer"])
        body = await object_of(request)
        name, on = body.get("name"), body.get("on")
        if not isinstance(name, str) or not isinstance(on, bool):
            raise ControlError("A condition has a name, and on is true or false.")
        await printer.device.set_condition(name, on)
        return {"conditions": printer.device.conditions, "status": printer.device.status}

    async def list_reports(self, _request: Request) -> dict[str, Any]:
        return reports.reports_view(self._emulator.reports)

    async def add_history(self, request: Request) -> dict[str, Any]:
        return reports.add_history(self._emulator.reports, await object_of(request), self._emulator.clock.now())

    async def clear_history(self, _request: Request) -> None:
        self._emulator.reports.clear_histories()

    async def add_correction(self, request: Request) -> dict[str, Any]:
        return reports.add_correction(self._emulator.reports, await object_of(request), self._emulator.clock.now())

    async def list_device_codes(self, _request: Request) -> dict[str, Any]:
        codes = self._emulator.authority.sign_ins.device_codes.values()
        return {"value": [{"userCode": code.user_code, "clientId": code.app.client_id} for code in codes]}

    async def answer_device_code(self, request: Request) -> None:
        body = await object_of(request)
        sign_ins = self._emulator.authority.sign_ins
        code = sign_ins.find_user_code(str(body.get("userCode", "")), self._emulator.clock.now())
        if code is None:
            raise ControlError("No sign-in waits under this userCode.", 404)
        if body.get("decline") is True:
            code.declined = True
        else:
            code.user = user_of(self._emulator.world, str(body.get("userPrincipalName", "")))

    async def change_user(self, request: Request) -> None:
        user = user_of(self._emulator.world, request.path_params["user"])
        for name, value in (await object_of(request)).items():
            if not isinstance(value, bool) or name not in {"enabled", "needsInteraction"}:
                raise ControlError("Of a user, enabled and needsInteraction can be set to true or false.")
            setattr(user, "enabled" if name == "enabled" else "needs_interaction", value)

    async def revoke_sign_in(self, request: Request) -> None:
        body = await object_of(request)
        self._emulator.revoke_sign_in(
            user_of(self._emulator.world, request.path_params["user"]),
            reject_access_tokens=body.get("rejectAccessTokens") is True,
        )

    async def managed_identity_token(self, request: Request) -> dict[str, Any]:
        return managed_identity.token_answer(
            self._emulator.world, dict(request.query_params), self._emulator.clock.now()
        )
