"""`python -m emulator.functions_host`: run a v2 function app here, without Core Tools."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from emulator.event_grid.delivery import SubscriptionRefused
from emulator.functions_host.errors import AppBroken, StartError
from emulator.functions_host.events import announced_blobs
from emulator.functions_host.host import FunctionsHost
from emulator.functions_host.workers import APP_LOGGER

# What clients say of each request is of no interest here, and it may hold secret addresses.
_QUIET = ("azure", "httpx", "asyncio", *(f"{APP_LOGGER}.{name}" for name in ("azure.core", "azure.identity", "httpx")))


def main() -> int:
    """Run until interrupted; give the exit code: 1 when the app or its settings are at fault."""
    options = _parser().parse_args()
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname).1s %(message)s",
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        asyncio.run(_serve(options))
    except AppBroken as error:
        sys.stderr.write(f"{error.trace}\nThe app in {options.app} cannot be loaded: {error}\n")
        return 1
    except (StartError, SubscriptionRefused) as error:
        sys.stderr.write(f"The host cannot start: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator.functions_host", description=__doc__)
    parser.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="folder of function_app.py")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="default: local.settings.json of the app, if any")
    parser.add_argument("--key", help="the master key; default: kept in the host's storage, or a new one")
    parser.add_argument("--no-auth", action="store_true", help="ask for no keys, as Core Tools")
    parser.add_argument("--no-events", action="store_true", help="do not announce new blobs to blob functions")
    parser.add_argument(
        "--one-worker", action="store_true", help="one process for all functions, not one a scale group"
    )
    parser.add_argument("--verbose", action="store_true", help="log what the worker library says, too")
    return parser


def read_settings(path: Path | None, app: Path) -> dict[str, str]:
    """Read the `Values` of a local.settings.json. Raises StartError when it is missing or not one."""
    if path is None:
        path = app / "local.settings.json"
        if not path.is_file():
            return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        values = content.get("Values", {})
        if content.get("IsEncrypted"):
            raise StartError(f"{path} is encrypted: `func settings decrypt` opens it")
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise StartError(f"{path}: every value of Values must be a string")
    except (OSError, ValueError, AttributeError) as error:
        raise StartError(f"{path} cannot be read as settings: {error}") from None
    return values


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C ends asyncio.run.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    settings = read_settings(options.settings, options.app)
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(
            FunctionsHost(
                options.app,
                settings,
                port=options.port,
                check_keys=not options.no_auth,
                master_key=options.key,
                isolated=not options.one_worker,
            )
        )
        if not options.no_events:
            await stack.enter_async_context(announced_blobs(host))
        ready = {"url": host.url, "masterKey": host.master_key, "functions": sorted(host.functions)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
