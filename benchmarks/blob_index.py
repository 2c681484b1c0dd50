"""Blob storage for the tap's benchmark, as a process: finds blobs below a prefix by their order, as the service does.

Azurite reads its whole table for each listing and needs minutes for 100,000 blobs, so what it measures is itself. This
one keeps names in order (Storage: the blob index is partitioned and ordered by name) and knows the operations of a tap.

`python -m benchmarks.blob_index PEOPLE JOBS` holds so many jobs for each of so many people. It says its port, then for
each line that it is given how many requests of each kind there were since the last one.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
import json
import sys
from collections import Counter
from xml.sax.saxutils import escape

from aiohttp import web

from shared.held.entry import HeldEntry, summary
from shared.storage.state import summary_metadata

PAGE = 5_000
MODIFIED = "Mon, 02 Mar 2026 08:00:00 GMT"
VIRTUAL = "f0000000-0000-0000-0000-00000000000f"


def person_id(number: int) -> str:
    """The user id of a person who holds jobs."""
    return f"{number:08}-0000-0000-0000-000000000000"


class Index:
    """Blobs by name, in order, each with content, metadata and version."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.blobs: dict[str, tuple[bytes, str, str]] = {}
        self.requests: Counter[str] = Counter()
        self._versions = itertools.count(1)

    def put(self, name: str, content: bytes, metadata: str = "") -> str:
        """Write a blob and return its version."""
        if name not in self.blobs:
            bisect.insort(self.names, name)
        etag = f'"0x{next(self._versions):X}"'
        self.blobs[name] = (content, metadata, etag)
        return etag

    def fill(self, people: int, jobs: int) -> None:
        """Held jobs of many people, made at once and put in order once."""
        for person, job in itertools.product(range(people), range(jobs)):
            entry = held(person, job)
            metadata = summary_metadata(summary(entry)) or {}
            self.blobs[entry.path] = (b"{}", metadata["summary"], f'"0x{next(self._versions):X}"')
        self.names = sorted(self.blobs)

    def listing(self, prefix: str, marker: str) -> str:
        """A page of List Blobs with metadata."""
        first = bisect.bisect_left(self.names, max(prefix, marker))
        found: list[str] = []
        following = ""
        for name in itertools.islice(self.names, first, None):
            if not name.startswith(prefix):
                break
            if len(found) == PAGE:
                following = name
                break
            found.append(name)
        entries = "".join(self._entry(name) for name in found)
        return (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults>'
            f"<Prefix>{escape(prefix)}</Prefix><Blobs>{entries}</Blobs>"
            f"<NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
        )

    def _entry(self, name: str) -> str:
        content, metadata, etag = self.blobs[name]
        kept = f"<summary>{metadata}</summary>" if metadata else ""
        return (
            f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{MODIFIED}</Last-Modified><Etag>{etag}</Etag>"
            f"<Content-Length>{len(content)}</Content-Length><BlobType>BlockBlob</BlobType></Properties>"
            f"<Metadata>{kept}</Metadata></Blob>"
        )


def held(person: int, job: int) -> HeldEntry:
    """A held job as the policy writes it."""
    now = "2026-03-02T08:00:00.000Z"
    return HeldEntry(
        user_id=person_id(person),
        user_principal_name=f"person{person}@contoso.example",
        user_name=f"Person {person}",
        printer_id=VIRTUAL,
        job_id=str(1000 + job),
        document_id="1",
        definition_id="d",
        task_id=f"70000000-0000-0000-{person:04}-{job:012}",
        document_name=f"Quarterly report {job}, draft for the meeting.pdf",
        content_type="application/pdf",
        size=250_000,
        configuration={"copies": 1, "colorMode": "color", "duplexMode": "flipOnLongEdge"},
        created=now,
        held=now,
        expires="2026-03-03T08:00:00.000Z",
    )


async def answer(request: web.Request) -> web.Response:
    """One request of the storage client."""
    index = request.app[INDEX]
    name = request.match_info.get("name", "")
    if request.query.get("comp") == "list":
        index.requests["list"] += 1
        page = index.listing(request.query.get("prefix", ""), request.query.get("marker", ""))
        return web.Response(body=page.encode(), content_type="application/xml")
    index.requests[f"{request.method} {request.query.get('comp', '')}".strip()] += 1
    if request.method == "GET":
        return _read(index, name)
    content = await request.read()
    known = index.blobs.get(name)
    if request.query.get("comp") == "appendblock":
        if known is None:
            return _refused(404, "BlobNotFound")
        return _written(index.put(name, known[0] + content), {"x-ms-blob-append-offset": str(len(known[0]))})
    expected = request.headers.get("If-Match")
    if expected is not None and (known is None or known[2] != expected):
        return _refused(412, "ConditionNotMet")
    if request.headers.get("If-None-Match") == "*" and known is not None:
        return _refused(409, "BlobAlreadyExists")
    return _written(index.put(name, content, request.headers.get("x-ms-meta-summary", "")))


def _read(index: Index, name: str) -> web.Response:
    known = index.blobs.get(name)
    if known is None:
        return _refused(404, "BlobNotFound")
    size = len(known[0])
    headers = {
        "ETag": known[2],
        "Last-Modified": MODIFIED,
        "Content-Range": f"bytes 0-{size - 1}/{size}",
        "x-ms-blob-type": "BlockBlob",
    }
    return web.Response(status=206, body=known[0], headers=headers)


def _written(etag: str, more: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=201, headers={"ETag": etag, "Last-Modified": MODIFIED, **(more or {})})


def _refused(status: int, code: str) -> web.Response:
    return web.Response(status=status, headers={"x-ms-error-code": code})


INDEX = web.AppKey("index", Index)


async def main() -> None:
    """Serve until standard input ends."""
    index = Index()
    index.fill(int(sys.argv[1]), int(sys.argv[2]))
    app = web.Application()
    app[INDEX] = index
    app.router.add_route("*", "/account/{container}", answer)
    app.router.add_route("*", "/account/{container}/{name:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = site._server  # noqa: SLF001 - aiohttp has no other way to learn the port
    assert isinstance(server, asyncio.Server)
    _say({"port": server.sockets[0].getsockname()[1], "blobs": len(index.blobs)})
    while await asyncio.to_thread(sys.stdin.readline):
        _say(dict(index.requests))
        index.requests.clear()
    await runner.cleanup()


def _say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
