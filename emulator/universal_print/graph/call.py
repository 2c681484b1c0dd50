"""What passes between the front of the Graph API and the code of one operation."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.universal_print.csdl.schema import graph_schema
from emulator.universal_print.graph.caller import Caller
from emulator.universal_print.graph.errors import GraphError, bad_request
from emulator.universal_print.graph.operation import Operation

if TYPE_CHECKING:
    from emulator.universal_print.service import Service


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """A request to Graph. `path` lies below `/v1.0`; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """An answer. `body` is JSON, or None for an empty one. `account` is for the request log."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any] | None
    operation: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation answers. `complete` is False where `$select` or the API leaves out required properties."""

    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation by a caller who may call it. `query` holds the options that the operation knows."""

    service: Service
    operation: Operation
    parameters: dict[str, str]
    query: dict[str, str]
    request: GraphRequest
    caller: Caller
    now: datetime

    @property
    def root(self) -> str:
        """Graph's base URL here, with the version."""
        return f"{self.service.base_url}/v1.0"

    def context(self, fragment: str) -> str:
        """An `@odata.context`."""
        return f"{self.root}/$metadata#{fragment}"

    def json_body(self) -> dict[str, Any]:
        """The request's body as an object. Raises GraphError 400, 415."""
        return parse_object(self.request)

    def checked(self, value: Any, type_name: str, where: str, *, complete: bool = True) -> dict[str, Any]:
        """A part of the body that must fit a type of the schema, `complete` or in part. Raises GraphError 400."""
        if not isinstance(value, dict):
            raise bad_request(f"{where} must be an object.")
        complaints = graph_schema().check(value, type_name, complete=complete)
        if complaints:
            raise bad_request(f"The request body is not valid: {'; '.join(complaints)}.")
        return {name: entry for name, entry in value.items() if not name.startswith("@")}

    def body_of(self, *names: str) -> dict[str, Any]:
        """The request's body, which may have these members and no others. Raises GraphError 400, 415."""
        body = {name: value for name, value in self.json_body().items() if "@odata." not in name or name in names}
        others = body.keys() - set(names)
        if others:
            raise bad_request(f"Only {', '.join(names)} can be given, not {', '.join(sorted(others))}.")
        return body

    def without_body(self) -> None:
        """The operation takes no body. Raises GraphError 400 where there is one."""
        if self.request.body:
            raise bad_request("This operation takes no request body.")

    def flag(self, name: str) -> set[str]:
        """The comma-separated names of a query option such as `$select`."""
        return {entry.strip() for entry in self.query.get(name, "").split(",") if entry.strip()}


type Handler = Callable[[Call], Awaitable[Result]]


def parse_object(request: GraphRequest) -> dict[str, Any]:
    """The JSON object of a body. Raises GraphError 400, 415."""
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != "application/json":
        raise GraphError(415, "UnsupportedMediaType", "A body needs the header Content-Type: application/json.")
    try:
        body = json.loads(request.body)
    except ValueError:
        raise bad_request("Unable to read JSON request payload. Please ensure Content-Type header is set.") from None
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object.")
    return body
