"""The straightforward way to export usage: collect the SDK's models in a list, then write them with `csv`.

Run as `python -m benchmarks.export_peer` by `children.child`, with `benchmarks.export_server` in another process. It
says `{"ready": "peer"}` once it has loaded the SDK: that is idle. Then it takes one message,

    {"url": "http://127.0.0.1:PORT/v1.0", "csv": "path of the file to write"}

reads every page of `dailyPrintUsageByUser`, and says `{"rows": N, "seconds": S, "pageCount": N}`;
`pageCount` is the sum of that column, which shows that nothing is missing. It writes CSV alone: Parquet would come on
top. An optional `"rows"` makes it stop after so many, where memory does not suffice for all; a row costs the same.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph.generated.models.print_usage_by_user import PrintUsageByUser
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

COLUMNS = (
    "usage_date",
    "user_principal_name",
    "completed_job_count",
    "completed_black_and_white_job_count",
    "completed_color_job_count",
    "incomplete_job_count",
    "page_count",
    "black_and_white_page_count",
    "color_page_count",
    "media_sheet_count",
    "single_sided_sheet_count",
    "double_sided_sheet_count",
)


async def collect(url: str, most: int | None) -> list[PrintUsageByUser]:
    """Every row of the list, by the client as it comes."""
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    adapter.base_url = url
    builder = GraphServiceClient(request_adapter=adapter).reports.daily_print_usage_by_user
    rows: list[PrintUsageByUser] = []
    # Not PageIterator, which stops at a page without rows.
    page = await builder.get()
    while page is not None:
        rows.extend(page.value or [])
        if not page.odata_next_link or (most is not None and len(rows) >= most):
            break
        page = await builder.with_url(page.odata_next_link).get()
    return rows


def write(rows: list[PrintUsageByUser], file: Path) -> None:
    """One line for each row."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([getattr(row, name) for name in COLUMNS])


def main() -> None:
    """Serve one message."""
    _say({"ready": "peer"})
    message = json.loads(sys.stdin.readline())
    started = time.perf_counter()
    rows = asyncio.run(collect(message["url"], message.get("rows")))
    write(rows, Path(message["csv"]))
    took = time.perf_counter() - started
    pages = sum(row.page_count or 0 for row in rows)
    _say({"rows": len(rows), "seconds": took, "pageCount": pages})
    sys.stdin.read()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
