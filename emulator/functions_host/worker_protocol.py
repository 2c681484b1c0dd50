"""Plain stand-ins for the protobuf classes that the worker library fills in and reads.

`azure_functions_runtime` takes the module of generated classes as a value and only ever constructs them by keyword
and asks `WhichOneof`, so classes of our own serve (read in its handle_event.py, loader.py and bindings/datumdef.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

type TypedValue = tuple[str, Any]
"""A value with its kind: string, bytes, json, http, model_binding_data; results also int and double."""


class Record:
    """Holds what it is constructed with."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class OneOf(Record):
    """Holds one value, named by its kind."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - the name that the worker library calls
        """Tell the kind; None when it holds nothing."""
        return next(iter(self.__dict__), None)


class ParameterBinding(Record):
    """An input or output of a function; its value always travels in the message."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the name that the worker library calls
        """Tell where the value is: never in shared memory."""
        return "data"


class BindingInfo(Record):
    """What the library compares directions and data types with: the numbers of the protocol."""

    undefined = 0
    out = 1
    inout = 2


class StatusResult(Record):
    """Whether a request worked."""

    Failure = 0
    Success = 1


class SameSite:
    """Numbers of the protocol for a cookie's SameSite attribute."""

    Lax = 1
    Strict = 2
    ExplicitNone = 3


# The protocol's name is a keyword of Python.
setattr(SameSite, "None", 0)


class RpcHttpCookie(Record):
    """A cookie of an HTTP response."""

    SameSite = SameSite


protocol = SimpleNamespace(
    BindingInfo=BindingInfo,
    FunctionMetadataResponse=Record,
    InvocationResponse=Record,
    NullableBool=Record,
    NullableDouble=Record,
    NullableString=Record,
    NullableTimestamp=Record,
    ParameterBinding=ParameterBinding,
    RpcException=Record,
    RpcFunctionMetadata=Record,
    RpcHttp=Record,
    RpcHttpCookie=RpcHttpCookie,
    RpcRetryOptions=Record,
    StatusResult=StatusResult,
    TypedData=OneOf,
    WorkerInitResponse=Record,
    WorkerMetadata=Record,
)


def typed_data(value: TypedValue) -> OneOf:
    """Make what the library reads from a value with its kind. Mappings within `http` hold plain strings."""
    kind, content = value
    if kind == "http":
        return OneOf(http=Record(**{**content, "body": typed_data(content["body"])}))
    if kind == "model_binding_data":
        return OneOf(model_binding_data=Record(**content))
    return OneOf(**{kind: content})


def typed_value(data: OneOf | None) -> TypedValue | None:
    """Read a result of the library back into a value with its kind."""
    if data is None or not (kind := data.WhichOneof("data")):
        return None
    content = getattr(data, kind)
    if kind == "http":
        return kind, {
            "status_code": content.status_code,
            "headers": content.headers,
            "cookies": [_cookie(cookie) for cookie in content.cookies or ()],
            "body": typed_value(content.body),
        }
    return kind, content


def _cookie(cookie: Record) -> dict[str, Any]:
    fields: Mapping[str, Any] = vars(cookie)
    plain = {name: getattr(value, "value", value) for name, value in fields.items()}
    if plain.get("expires") is not None:
        plain["expires"] = int(plain["expires"].timestamp())
    return plain


def init_request(app: str) -> Record:
    """Ask the library to index the app in folder `app`."""
    return Record(
        request=Record(worker_init_request=Record(capabilities={}, function_app_directory=app)),
        properties={"host": "127.0.0.1", "protos": protocol},
    )


def invocation_request(message: Mapping[str, Any]) -> Record:
    """Make the library's request from the host's `invoke` message."""
    inputs: Sequence[tuple[str, TypedValue]] = message["inputs"]
    return Record(
        request=Record(
            invocation_request=Record(
                invocation_id=message["id"],
                function_id=message["function"],
                input_data=[ParameterBinding(name=name, data=typed_data(value)) for name, value in inputs],
                trigger_metadata={name: typed_data(value) for name, value in message["metadata"].items()},
                trace_context=Record(trace_parent=message["traceparent"], trace_state="", attributes={}),
                retry_context=Record(
                    retry_count=message["retry_count"], max_retry_count=message["max_retry_count"], exception=None
                ),
            )
        )
    )
