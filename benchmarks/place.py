"""Where uploads are measured: storage with a document in it, the emulated service, and a path between."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from azure.storage.blob import BlobServiceClient

from benchmarks.children import Child, MemoryWatch, child
from benchmarks.link import ROUND_TRIP_SECONDS, WINDOW_BYTES
from emulator.azurite import azurite_process

CONTAINER = "print-inbox"
BLOB = "finance/benchmark.pdf"
_WRITE_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Measured:
    """What one upload took: wall time in seconds, and bytes of memory above idle at the peak."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """A document of `size` bytes in storage and in a file, and the service to bring it to."""

    size: int
    sha256: str
    file: Path
    connection: str
    etag: str
    service: Child
    ca_bundle: str
    link_port: int

    def upload(self, role: str, *, through_link: bool = True, cold: bool = False) -> Measured:
        """Upload as `role` (see benchmarks.uploader) in a fresh process.

        `cold` means that it has loaded no client before. Raises RuntimeError where bytes did not arrive.
        """
        self.service.tell({"open": self.size})
        session = self.service.hear()
        upload_url: str = session["uploadUrl"]
        if through_link:
            upload_url = urlsplit(upload_url)._replace(netloc=f"localhost:{self.link_port}").geturl()
        with child("benchmarks.uploader", [role, *(["--cold"] if cold else [])]) as uploader:
            uploader.hear()
            memory = MemoryWatch(uploader.pid)
            with memory.watching():
                uploader.tell(self._task(upload_url))
                took = uploader.hear()
        self.service.tell({"judge": session["document"]})
        if self.service.hear()["sha256"] != self.sha256:
            raise RuntimeError(f"the document that {role} uploaded is not complete")
        return Measured(took["seconds"], memory.peak - memory.idle)

    def _task(self, upload_url: str) -> dict[str, Any]:
        return {
            "uploadUrl": upload_url,
            "caBundle": self.ca_bundle,
            "connection": self.connection,
            "container": CONTAINER,
            "blob": BLOB,
            "etag": self.etag,
            "size": self.size,
            "file": str(self.file),
        }


@contextmanager
def place(size: int, round_trip: float = ROUND_TRIP_SECONDS, window_bytes: int = WINDOW_BYTES) -> Iterator[Place]:
    """Run all of it for the length of the block, with a document that no compression makes smaller."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True)))
        file = directory / "document"
        sha256 = _write_document(file, size)
        azurite = stack.enter_context(azurite_process(directory / "azurite"))
        with BlobServiceClient.from_connection_string(azurite.connection_string) as storage, file.open("rb") as content:
            blob = storage.create_container(CONTAINER).get_blob_client(BLOB)
            etag = str(blob.upload_blob(content, max_concurrency=1)["etag"])
        service = stack.enter_context(child("benchmarks.service", [str(directory / "service")]))
        ready = service.hear()
        options = ["--target-port", str(ready["port"]), "--round-trip-ms", str(round_trip * 1000)]
        link = stack.enter_context(child("benchmarks.link", [*options, "--window-bytes", str(window_bytes)]))
        yield Place(
            size,
            sha256,
            file,
            azurite.connection_string,
            etag,
            service,
            ready["caBundle"],
            link.hear()["port"],
        )


def _write_document(file: Path, size: int) -> str:
    digest = hashlib.sha256()
    source = random.Random(size)  # noqa: S311 - not a secret
    with file.open("wb") as output:
        for start in range(0, size, _WRITE_BYTES):
            piece = source.randbytes(min(_WRITE_BYTES, size - start))
            output.write(piece)
            digest.update(piece)
    return digest.hexdigest()
