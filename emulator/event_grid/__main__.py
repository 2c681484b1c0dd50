"""`python -m emulator.event_grid`: announce the new blobs of one container to a webhook."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys

from emulator.event_grid.delivery import SubscriptionRefused
from emulator.event_grid.watcher import INTERVAL_SECONDS, announcing


def main() -> int:
    """Run until interrupted; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m emulator.event_grid", description=__doc__)
    parser.add_argument("--connection", help="connection string; default: the setting AzureWebJobsStorage")
    parser.add_argument("--container", required=True)
    parser.add_argument("--prefix", default="", help="announce only blobs whose names start with this")
    parser.add_argument("--webhook", required=True, help="where events are delivered, with its key")
    parser.add_argument("--existing", action="store_true", help="announce the blobs that exist at the start too")
    parser.add_argument("--interval", type=float, default=INTERVAL_SECONDS, metavar="SECONDS")
    options = parser.parse_args()
    connection = options.connection or os.environ.get("AzureWebJobsStorage")  # noqa: SIM112 - the host's own name
    if not connection:
        parser.error("give --connection, or set AzureWebJobsStorage")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    for name in ("azure", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_announce(connection, options))
    except SubscriptionRefused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _announce(connection: str, options: argparse.Namespace) -> None:
    webhooks = [(options.container, options.prefix, options.webhook)]
    async with announcing(connection, webhooks, announce_existing=options.existing, interval=options.interval):
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
