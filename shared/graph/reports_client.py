"""The usage reports and archived jobs of Graph, page by page, as the account that may read them.

Plain HTTP instead of the SDK's models: a month of a large tenant has a million rows, and a model for each costs many
times what reading it does. Application tokens are refused here (Graph: reportRoot).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.bounds import Bounds
from shared.errors import GraphError
from shared.graph.retry import Retry
from shared.graph.translation import check_origin, origin, refusal, translated

if TYPE_CHECKING:
    import httpx

    from shared.graph.print_client import TokenSource


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; it may be empty. `next_link` is the whole address of the next one, None after the last."""

    rows: Sequence[Mapping[str, Any]]
    next_link: str | None


class ReportsClient:
    """Reads as `account`, which needs the delegated permission Reports.Read.All."""

    def __init__(
        self,
        base_url: str,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        account: str,
        *,
        bounds: Bounds,
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self._base_url = base_url
        self._origin = origin(base_url)
        self._http = http
        self._tokens = tokens
        self._account = account
        self._most_bytes = bounds.report_page_bytes
        self._retry = Retry(bounds, sleep, random)

    def usage_address(self, name: str, condition: str | None) -> str:
        """The first page of a list such as `dailyPrintUsageByUser`, of all rows or of those that fit the `$filter`."""
        query = f"?$filter={quote(condition, safe='')}" if condition else ""
        return f"{self._base_url}/reports/{name}{query}"

    def archived_address(self, printer_id: str, first: date, last: date) -> str:
        """The first page of a printer's ended jobs that were made on these days, in UTC (Graph: archivedPrintJob)."""
        # Within quotes of an OData address a quote is written twice.
        printer = quote(printer_id.replace("'", "''"), safe="")
        # Both moments are inclusive, so the end is the last one of the day that Graph can tell.
        span = f"startDateTime={first}T00:00:00Z,endDateTime={last}T23:59:59.9999999Z"
        return f"{self._base_url}/reports/getPrinterArchivedPrintJobs(printerId='{printer}',{span})"

    async def page(self, address: str) -> Page:
        """The page at a first address, or at a `nextLink`, which is followed exactly as it was given (Graph: paging).

        Raises GraphError's branches, NoReply, AccountLapsed, and NotNow where Graph asks for a long wait.
        """
        check_origin("read report", address, self._origin)
        return await self._retry.call(
            lambda: self._get(address), repeatable=True, renew_token=lambda: self._tokens.invalidate(self._account)
        )

    async def _get(self, address: str) -> Page:
        token = await self._tokens.access_token(self._account)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        with translated("read report"):
            async with self._http.stream("GET", address, headers=headers) as answer:
                pieces: list[bytes] = []
                size = 0
                async for piece in answer.aiter_bytes():
                    size += len(piece)
                    if size > self._most_bytes:
                        raise GraphError("read report", 200, "pageTooLarge", f"a page is above {size} bytes")
                    pieces.append(piece)
            content = b"".join(pieces)
            if answer.status_code != 200:
                raise refusal("read report", answer.status_code, dict(answer.headers), content)
            return _page(content)


def _page(content: bytes) -> Page:
    """Raises ValueError, which counts as no reply, for what is no page."""
    document = json.loads(content)
    rows = document.get("value") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("the answer has no list of objects")
    link = document.get("@odata.nextLink")
    return Page(rows, str(link) if link else None)
