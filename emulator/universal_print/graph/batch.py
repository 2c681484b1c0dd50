"""Several requests in one (Graph: json-batching)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.universal_print.graph.call import GraphAnswer, GraphRequest, Result
from emulator.universal_print.graph.errors import GraphError, bad_request

if TYPE_CHECKING:
    from emulator.universal_print.service import Service

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    depends_on: tuple[str, ...]


def parse_batch(body: dict[str, Any], most: int) -> list[Part]:
    """The parts, each after those that it depends on. Raises GraphError 400."""
    entries = body.get("requests")
    if not isinstance(entries, list) or not entries:
        raise bad_request("Invalid batch payload format: requests must be an array that is not empty.")
    if len(entries) > most:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {most}.")
    parts = [_part(entry) for entry in entries]
    names = [part.id for part in parts]
    if len(set(names)) != len(names):
        raise bad_request("The id of each request in a batch must be unique.")
    known: set[str] = set()
    ordered: list[Part] = []
    waiting = parts
    while waiting:
        ready = [part for part in waiting if known.issuperset(part.depends_on)]
        if not ready:
            raise bad_request("A request of the batch depends on one that does not exist, or on itself.")
        ordered += ready
        known |= {part.id for part in ready}
        waiting = [part for part in waiting if part.id not in known]
    return ordered


def _part(entry: Any) -> Part:
    if not isinstance(entry, dict):
        raise bad_request("Each request of a batch must be an object.")
    name, method, url = entry.get("id"), entry.get("method"), entry.get("url")
    if not isinstance(name, str) or not name or not isinstance(url, str) or not isinstance(method, str):
        raise bad_request("Each request of a batch needs id, method and url.")
    if method.upper() not in _METHODS or "://" in url:
        raise bad_request("A request of a batch has an HTTP method and a url relative to the version.")
    headers, depends_on = entry.get("headers") or {}, entry.get("dependsOn") or []
    if not isinstance(headers, dict) or not isinstance(depends_on, list):
        raise bad_request("headers must be an object and dependsOn an array.")
    lower = {str(key).lower(): str(value) for key, value in headers.items()}
    return Part(name, method.upper(), "/" + url.lstrip("/"), lower, entry.get("body"), tuple(map(str, depends_on)))


async def run_batch(service: Service, request: GraphRequest, body: dict[str, Any]) -> Result:
    """Run the parts and answer 200 with what became of each. Raises GraphError 400 for a malformed batch."""
    answers: dict[str, dict[str, Any]] = {}
    for part in parse_batch(body, service.settings.limits.batch_requests):
        failed = any(answers[name]["status"] >= 400 for name in part.depends_on)
        if failed:
            refusal = service.graph.refusal(
                part.headers, GraphError(424, "FailedDependency", "A request that this one depends on has failed."), ""
            )
            answers[part.id] = _view(part, refusal)
        else:
            answers[part.id] = _view(part, await _run(service, request, part))
    # Parts are answered in any order: a client that counts on theirs is found out.
    return Result(200, {"responses": list(reversed(answers.values()))})


async def _run(service: Service, outer: GraphRequest, part: Part) -> GraphAnswer:
    path, _, query = part.url.partition("?")
    name = service.graph.operation_name(part.method, path)
    entry = service.requests.begin(service.clock.now(), part.method, name, path)
    entry.in_batch = True
    began = time.perf_counter()
    answer = await _answer(service, outer, part, path, query, name)
    entry.seconds = time.perf_counter() - began
    entry.status, entry.account = answer.status, answer.account
    if answer.status >= 400 and answer.body is not None:
        entry.error = answer.body["error"]["code"]
    return answer


async def _answer(service: Service, outer: GraphRequest, part: Part, path: str, query: str, name: str) -> GraphAnswer:
    for fault in service.faults.take(name, path, in_batch=True):
        if fault.action == "delay":
            await asyncio.sleep(fault.seconds)
            continue
        if fault.after:
            await service.graph.handle(_inner(outer, part, path, query))
        error = GraphError(fault.status, fault.code, fault.message)
        retry_after = fault.retry_after_header(service.clock.now())
        if retry_after is not None:
            error.headers["Retry-After"] = retry_after
        return service.graph.refusal(part.headers, error, name)
    if path == "/$batch":
        return service.graph.refusal(part.headers, bad_request("A batch cannot hold a batch."), name)
    if part.body is not None and "content-type" not in part.headers:
        error = bad_request("A request of a batch with a body needs the header Content-Type.")
        return service.graph.refusal(part.headers, error, name)
    return await service.graph.handle(_inner(outer, part, path, query))


def _inner(outer: GraphRequest, part: Part, path: str, query: str) -> GraphRequest:
    headers = {**part.headers, "authorization": outer.headers.get("authorization", "")}
    body = b"" if part.body is None else json.dumps(part.body).encode()
    return GraphRequest(part.method, path, query, headers, body)


def _view(part: Part, answer: GraphAnswer) -> dict[str, Any]:
    view: dict[str, Any] = {"id": part.id, "status": answer.status, "headers": answer.headers}
    if answer.body is not None:
        view["body"] = answer.body
    return view
