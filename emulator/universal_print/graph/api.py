"""The front of the Graph API: from a request to a checked answer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from emulator.universal_print.csdl.evolvable import PREFERENCE, asks_for_all_members, with_known_members
from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph import (
    application_operations,
    consent_operations,
    document_operations,
    held_job_operations,
    job_operations,
    membership_operations,
    printer_management,
    printer_operations,
    recent_shares,
    report_operations,
    share_management,
    subscription_operations,
    task_operations,
    tenant_operations,
    user_operations,
)
from emulator.universal_print.graph.batch import run_batch
from emulator.universal_print.graph.call import Call, GraphAnswer, GraphRequest, Handler, Result, parse_object
from emulator.universal_print.graph.caller import Caller, authorize, identify
from emulator.universal_print.graph.errors import GraphError, bad_request, error_body
from emulator.universal_print.graph.operation import STRINGS, Operation
from emulator.universal_print.graph.operations import Match, Router

if TYPE_CHECKING:
    from emulator.universal_print.service import Service

HANDLERS: dict[str, Handler] = {
    **job_operations.HANDLERS,
    **held_job_operations.HANDLERS,
    **task_operations.HANDLERS,
    **subscription_operations.HANDLERS,
    **document_operations.HANDLERS,
    **printer_operations.HANDLERS,
    **printer_management.HANDLERS,
    **share_management.HANDLERS,
    **recent_shares.HANDLERS,
    **tenant_operations.HANDLERS,
    **user_operations.HANDLERS,
    **membership_operations.HANDLERS,
    **application_operations.HANDLERS,
    **consent_operations.HANDLERS,
    **report_operations.HANDLERS,
}
BATCH = "batch"
BATCH_PATH = "/$batch"
UNKNOWN = "unknownResource"
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_DIAGNOSTIC = json.dumps(
    {
        "ServerInfo": {
            "DataCenter": "Emulator",
            "Slice": "E",
            "Ring": "0",
            "ScaleUnit": "000",
            "RoleInstance": "EMULATOR",
        }
    },
    separators=(",", ":"),
)


class GraphApi:
    """Answers requests to Graph: who calls, may they, what do they get, is that in the schema."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._router = Router()

    def resolve(self, method: str, path: str) -> Match:
        """What a path below `/v1.0` means."""
        return self._router.match(method, path)

    def operation_name(self, method: str, path: str) -> str:
        """The name that faults and the request log use."""
        if path == BATCH_PATH:
            return BATCH
        operation = self.resolve(method, path).operation
        return operation.name if operation is not None else UNKNOWN

    async def handle(self, request: GraphRequest) -> GraphAnswer:
        """Answer one request; every refusal is an answer too."""
        name = self.operation_name(request.method, request.path)
        caller: Caller | None = None
        self._service.settle()
        try:
            caller = identify(self._service.world, request.headers.get("authorization"))
            result = await self._answer(request, caller)
        except GraphError as error:
            return self.refusal(request.headers, error, name, caller.account if caller else None)
        headers = self._headers(request.headers) | result.headers
        return GraphAnswer(result.status, headers, result.body, name, caller.account)

    def refusal(
        self, headers: Mapping[str, str], error: GraphError, operation: str, account: str | None = None
    ) -> GraphAnswer:
        """The answer that a refusal becomes."""
        sent = self._headers(headers) | error.headers
        date = self._service.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
        body = error_body(
            error.code, error.message, sent["request-id"], sent["client-request-id"], date, error.inner_code
        )
        return GraphAnswer(error.status, sent, body, operation, account)

    async def _answer(self, request: GraphRequest, caller: Caller) -> Result:
        if request.path == BATCH_PATH and request.method == "POST":
            return await run_batch(self._service, request, parse_object(request))
        match = self.resolve(request.method, request.path)
        operation = match.operation
        if operation is None:
            if match.allowed:
                allow = {"Allow": ", ".join(match.allowed)}
                raise GraphError(405, "UnknownError", "The method is not allowed here.", headers=allow)
            segment = request.path.rpartition("/")[2]
            raise bad_request(f"Resource not found for the segment '{segment}'.")
        authorize(caller, operation)
        if "/print" in operation.path and not self._service.world.has_universal_print:
            raise GraphError(403, "accessDenied", "The tenant has no active Universal Print subscription.")
        handler = HANDLERS.get(operation.name)
        if handler is None:
            raise GraphError(501, "notImplemented", f"The emulator does not offer {operation.name} yet.")
        query = _query(request.query, operation)
        call = Call(self._service, operation, match.parameters, query, request, caller, self._service.clock.now())
        result = await handler(call)
        self._check(operation, result)
        return _as_preferred(operation, request, result)

    def _check(self, operation: Operation, result: Result) -> None:
        """Hold the answer against the schema. Raises GraphError 500 in strict mode."""
        complaints: list[str] = []
        if result.body is None:
            if operation.answers is not None and result.status != 204:
                complaints = ["the answer has no body"]
        elif operation.answers is None:
            complaints = ["the operation answers nothing"]
        elif operation.answers == STRINGS:
            if not all(isinstance(entry, str) for entry in result.body["value"]):
                complaints = ["an entry is not a string"]
        elif operation.answers.startswith("Collection("):
            item = operation.answers[len("Collection(") : -1]
            for entry in result.body["value"]:
                complaints += graph_schema().check(entry, item, complete=result.complete)
        else:
            complaints = graph_schema().check(result.body, operation.answers, complete=result.complete)
        if complaints:
            self._service.violations.record(operation.name, complaints)
            if self._service.settings.strict_schema:
                message = f"The emulator made an answer that the schema does not allow: {'; '.join(complaints)}."
                raise GraphError(500, "emulatorSchemaViolation", message)

    @staticmethod
    def _headers(headers: Mapping[str, str]) -> dict[str, str]:
        request_id = str(uuid.uuid4())
        return {
            "Content-Type": _JSON,
            "Cache-Control": "no-store, no-cache",
            "request-id": request_id,
            "client-request-id": headers.get("client-request-id", request_id),
            "x-ms-ags-diagnostic": _DIAGNOSTIC,
        }


def _as_preferred(operation: Operation, request: GraphRequest, result: Result) -> Result:
    """The answer without the newer members of enumerations, unless the request prefers to get them."""
    if asks_for_all_members(request.headers):
        return replace(result, headers={**result.headers, "Preference-Applied": PREFERENCE})
    if result.body is None or operation.answers is None or operation.answers == STRINGS:
        return result
    return replace(result, body=with_known_members(result.body, operation.answers))


def _query(text: str, operation: Operation) -> dict[str, str]:
    """The query options. Raises GraphError 400 for one that the operation does not know, or that comes twice."""
    options: dict[str, str] = {}
    pairs: list[tuple[str, Any]] = parse_qsl(text, keep_blank_values=True)
    for name, value in pairs:
        if name in options:
            raise bad_request(f"Query option '{name}' was specified more than once.")
        if name not in operation.query:
            raise bad_request(f"The query option '{name}' is not supported by this operation.")
        options[name] = value
    return options
