"""Where Application Insights takes telemetry, in this process: what a worker sent to it can be looked at."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Ingestion:
    """The envelopes that came in, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._envelopes: list[dict[str, Any]] = []
        self.connection_string = ""

    @property
    def settings(self) -> dict[str, str]:
        """The app settings that send telemetry here, soon, and nowhere else."""
        return {
            "PRINT_TELEMETRY": "on",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": self.connection_string,
            "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }

    def spans(self) -> set[str]:
        """The names of the spans."""
        with self._lock:
            return {str(envelope["data"]["baseData"].get("name")) for envelope in self._envelopes}

    def text(self) -> str:
        """Everything, as it came."""
        with self._lock:
            return json.dumps(self._envelopes)

    def take(self, envelopes: list[dict[str, Any]]) -> None:
        """Keep what came."""
        with self._lock:
            self._envelopes += envelopes


@contextmanager
def ingestion() -> Iterator[Ingestion]:
    """Take telemetry for the length of the block."""
    found = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            envelopes = json.loads(body)
            found.take(envelopes)
            count = len(envelopes)
            answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class calls it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    key = "00000000-0000-0000-0000-000000000001"
    found.connection_string = f"InstrumentationKey={key};IngestionEndpoint=http://127.0.0.1:{server.server_port}/"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
