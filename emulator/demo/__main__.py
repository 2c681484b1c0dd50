"""`python -m emulator.demo`: what `python dev.py run` starts once everything is installed."""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from rich.console import Console

from emulator.azurite import AzuriteError
from emulator.demo.advice import next_steps, short
from emulator.demo.count import counted
from emulator.demo.documents import DOCUMENTS, SIDECAR_SUFFIX, DemoDocument, write_documents
from emulator.demo.empty import SettingsInTheWay, check_free, run_empty
from emulator.demo.folder import FolderInUseError, fresh_folder
from emulator.demo.follow import Follower
from emulator.demo.outcomes import Row
from emulator.demo.ports import ANY_PORTS, USUAL_PORTS, Ports
from emulator.demo.processes import ProcessFailed
from emulator.demo.real import SettingsMissing, read_values, run_real
from emulator.demo.system import SETTINGS_NAME, System, running_system
from emulator.demo.table import outcome_table, remarks
from emulator.demo.tap import print_to_virtual_printer, subscribed, tap
from emulator.functions_host.errors import StartError

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".work" / "run"
REAL_FOLDER = ROOT / ".work" / "real"
EMPTY_FOLDER = ROOT / ".work" / "empty"
PRINT_SECONDS = 90.0
WATCH_SECONDS = 1.0
# The document of the demo that a person prints again, to the virtual printer.
TAPPED = "finance/2026/invoice-4712.pdf"
FILE_WIDTH = 160


def main() -> int:
    """Run the demo; give 0 when all came out as expected, 1 when not."""
    parser = argparse.ArgumentParser(prog="dev.py run", description="Run the whole system here and print documents.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--once", action="store_true", help="end when the documents are printed: 0 if all is well")
    mode.add_argument(
        "--real", action="store_true", help="no demo: run the app with a real tenant, from local.settings.json"
    )
    mode.add_argument(
        "--empty", action="store_true", help="no demo: a tenant in which nothing is set up, to follow docs/setup.md"
    )
    parser.add_argument("--directory", type=Path, help="where everything is written; wiped at the start of a demo")
    parser.add_argument(
        "--settings", type=Path, default=ROOT / SETTINGS_NAME, help="read by --real, written by --empty"
    )
    parser.add_argument(
        "--any-ports", action="store_true", help=f"free ports, not {USUAL_PORTS.host} and {USUAL_PORTS.emulator}"
    )
    options = parser.parse_args()
    ports = ANY_PORTS if options.any_ports else USUAL_PORTS
    # A file or a pipe has no width; a terminal folds the table to its own.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else FILE_WIDTH)
    # A shell starts background commands with the interrupt ignored; Ctrl-C and `kill -INT` must end this one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.real:
            values = read_values(options.settings, ROOT)
            with fresh_folder((options.directory or REAL_FOLDER).resolve(), keep=True) as folder:
                return asyncio.run(run_real(ROOT, folder, values, _saying(console), ports))
        if options.empty:
            check_free(options.settings, ROOT)
            with fresh_folder((options.directory or EMPTY_FOLDER).resolve()) as folder:
                return asyncio.run(run_empty(ROOT, folder, options.settings.resolve(), _saying(console), ports))
        with fresh_folder((options.directory or FOLDER).resolve()) as folder:
            return asyncio.run(demo(console, folder, ports, once=options.once))
    except (ProcessFailed, AzuriteError, FolderInUseError, SettingsInTheWay, SettingsMissing, StartError) as error:
        console.print(f"\n{error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130


async def demo(console: Console, folder: Path, ports: Ports, *, once: bool) -> int:
    """Start everything, print the documents, show the table; stay up unless `once`."""
    say = _saying(console)
    say("starting Azurite, the Universal Print emulator and the functions host")
    writing = asyncio.create_task(asyncio.to_thread(write_documents, folder / "documents"))
    async with running_system(ROOT, folder, say, ports=ports) as system:
        files = await writing
        say(f"dropping {len(DOCUMENTS)} documents into print-inbox")
        dropping = asyncio.create_task(_drop_all(system, files))
        tapping = asyncio.create_task(_tap(system, files))
        rows, receipts = await Follower(system.storage, system.paper, console).follow(
            {document.name: document.expected for document in DOCUMENTS},
            system.check,
            seconds=PRINT_SECONDS,
            now=time.monotonic,
        )
        await dropping
        rows.append(await tapping)
        faults = [row for row in rows if row.fault]
        say("all came out as expected" if not faults else f"{len(faults)} of {len(rows)} are not as expected")
        is_counted = await counted(system.host_url, system.function_key, system.check)
        say("fourteen months of usage are exported" if is_counted else "the usage report was not made in time")
        console.print()
        console.print(outcome_table(rows, {}))
        console.print(f"\nThe paper lies in {short(system.paper, ROOT)}, in a folder for each printer.", soft_wrap=True)
        for remark in remarks(rows, receipts):
            console.print(remark, soft_wrap=True)
        if not once:
            console.print()
            console.print(next_steps(system, ROOT), markup=False, soft_wrap=True)
            await _until_stopped(system)
        return 1 if faults or not is_counted else 0


async def _tap(system: System, files: Mapping[str, Path]) -> Row:
    """A person prints to the virtual printer, walks to the kiosk and shows the badge."""
    content = await asyncio.to_thread(files[TAPPED].read_bytes)
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=system.ca_bundle), timeout=30) as http:
        await subscribed(system.emulator_url, http, system.check)
        await print_to_virtual_printer(system.emulator_url, content, http)
    return await tap(system.kiosk, system.host_url, system.paper, system.check)


def _saying(console: Console) -> Callable[[str], None]:
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - started:5.1f} s] {text}", markup=False, soft_wrap=True)

    return say


async def _drop_all(system: System, files: Mapping[str, Path]) -> None:
    async def drop(document: DemoDocument) -> None:
        file = files[document.name]
        if document.sidecar:
            # First, so that it is there when the document's event comes.
            await system.storage.drop(document.name + SIDECAR_SUFFIX, file.with_name(file.name + SIDECAR_SUFFIX), {})
        await system.storage.drop(document.name, file, document.metadata)

    await asyncio.gather(*(drop(document) for document in DOCUMENTS))


async def _until_stopped(system: System) -> None:
    while True:
        system.check()
        await asyncio.sleep(WATCH_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
