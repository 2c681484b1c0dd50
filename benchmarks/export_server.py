"""Usage reports in a process of its own, for exports: many rows, as fast as a client takes them.

Run as `python -m benchmarks.export_server [--rows N] [--people N] [--page-size N]`. It says one line of JSON and
serves until its input ends, so that `children.child("benchmarks.export_server", ["--rows", "1000000"])` starts it:

    {"url": "http://127.0.0.1:PORT/v1.0", "rows": N, "pages": N, "firstDate": "…", "lastDate": "…", "totals": {…}}

Below `url` lies `/reports/dailyPrintUsageByUser`, all rows of all days, in pages that follow each other by
`@odata.nextLink`. `totals` is what each counter adds up to, which an export must come to as well. As in the emulator
(docs/emulator-differences.md), days come in an order that is not the order of time, and `$filter` is refused; the other
three series and the archived jobs are there and empty. Without TLS and tokens, which would cost every client the same.

A page is put together from parts that were made before, so that the server is never what an export waits for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import date, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

ROWS = 1_000_000
PEOPLE = 800
PAGE_SIZE = 1_000
LAST_DATE = date(2026, 10, 31)
SERIES = "/v1.0/reports/dailyPrintUsageByUser"
# So many different days; after that their numbers come again.
_VARIANTS = 16
# What stands in the parts where the date goes, as a date and as the beginning of an id.
_DATE, _COMPACT = b"@@@@-@@-@@", b"########"
_COUNTERS = (
    "completedJobCount",
    "completedBlackAndWhiteJobCount",
    "completedColorJobCount",
    "incompleteJobCount",
    "pageCount",
    "blackAndWhitePageCount",
    "colorPageCount",
    "mediaSheetCount",
    "singleSidedSheetCount",
    "doubleSidedSheetCount",
)


class Report:
    """So many rows of daily usage by user, in pages of `page_size`."""

    def __init__(self, rows: int, people: int, page_size: int) -> None:
        self.rows, self.people, self.page_size = rows, people, page_size
        self.pages = -(-rows // page_size)
        chance = Random(1)  # noqa: S311 - no secret
        counters = [[_counters(chance) for _ in range(people)] for _ in range(_VARIANTS)]
        self._parts = [[_part(person, values) for person, values in enumerate(day)] for day in counters]
        days = -(-rows // people)
        first = LAST_DATE - timedelta(days=days - 1)
        self._dates = [first + timedelta(days=number) for number in range(days)]
        chance.shuffle(self._dates)
        self.totals = dict.fromkeys(_COUNTERS, 0)
        for day in range(days):
            for values in counters[day % _VARIANTS][: min(people, rows - day * people)]:
                for name, value in values.items():
                    self.totals[name] += value

    @property
    def span(self) -> tuple[date, date]:
        """The first and the last day."""
        return min(self._dates), max(self._dates)

    def page(self, number: int, address: str) -> bytes:
        """The body of a page, from 0. `address` is that of the list, for the link to the next."""
        begin, end = number * self.page_size, min(self.rows, (number + 1) * self.page_size)
        pieces: list[bytes] = []
        while begin < end:
            day, person = divmod(begin, self.people)
            last = min(self.people, person + end - begin)
            day_rows = b",".join(self._parts[day % _VARIANTS][person:last])
            shown = self._dates[day].isoformat().encode()
            pieces.append(day_rows.replace(_DATE, shown).replace(_COMPACT, shown.replace(b"-", b"")))
            begin += last - person
        link = f'"@odata.nextLink":"{address}?$skiptoken=p{number + 1}",' if end < self.rows else ""
        return f'{{"@odata.context":"{address}",{link}"value":['.encode() + b",".join(pieces) + b"]}"


def _counters(chance: Random) -> dict[str, int]:
    mono_jobs, color_jobs = chance.randrange(6), chance.randrange(4)
    mono, color = mono_jobs * chance.randrange(1, 12), color_jobs * chance.randrange(1, 8)
    double = chance.randrange((mono + color) // 2 + 1)
    single = mono + color - 2 * double
    values = (mono_jobs + color_jobs, mono_jobs, color_jobs, chance.randrange(2), mono + color, mono, color)
    return dict(zip(_COUNTERS, (*values, single + double, single, double), strict=True))


def _part(person: int, counters: dict[str, int]) -> bytes:
    row = {
        "id": f"{_COMPACT.decode()}{person:024x}",
        "usageDate": _DATE.decode(),
        "userPrincipalName": f"person{person:05}@contoso.example",
        **counters,
    }
    return json.dumps(row, separators=(",", ":")).encode()


class Application:
    """The ASGI application."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.base_url = ""

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer one request."""
        status, body = self._answer(scope["path"], parse_qs(scope["query_string"].decode()))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        if query.keys() - {"$skiptoken"} or not path.startswith("/v1.0/reports/"):
            return 400, b'{"error":{"code":"BadRequest","message":"Not supported."}}'
        if path != SERIES:
            return 200, b'{"value":[]}'
        token = query.get("$skiptoken", ["p0"])[0]
        return 200, self._report.page(int(token[1:]), f"{self.base_url}{SERIES}")


async def serve(report: Report) -> None:
    """Serve until the input ends."""
    application = Application(report)
    config = uvicorn.Config(application, ws="none", log_config=None, access_log=False)
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpToolsProtocol(config, ServerState(), {}), "127.0.0.1", 0)
    application.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    first, last = report.span
    ready = {
        "url": f"{application.base_url}/v1.0",
        "rows": report.rows,
        "pages": report.pages,
        "firstDate": first.isoformat(),
        "lastDate": last.isoformat(),
        "totals": report.totals,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--page-size", type=int, default=PAGE_SIZE)
    options = parser.parse_args()
    asyncio.run(serve(Report(options.rows, options.people, options.page_size)))


if __name__ == "__main__":
    main()
