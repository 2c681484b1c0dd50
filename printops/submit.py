"""`printops submit`: drop a file and, if asked, follow it to paper."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from printops.common_options import SettingsFile
from printops.session import console, run, shown_waiting
from shared.capabilities import check_ticket
from shared.document_type import document_type, uploaded_type
from shared.errors import DocumentRejected
from shared.services import Services
from shared.submission.operations import drop, watch
from shared.submission.record import Record, Result, State
from shared.ticket import OWNER, Source, make_ticket


def submit(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The document to print.")],
    share: Annotated[str, typer.Option("--share", help="Alias or id of the printer share.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A print setting, such as copies=2. May be repeated.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Path below the share; default: the file's name.")] = None,
    follow: Annotated[bool, typer.Option("--watch", help="Follow the document until its job has ended.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Upload a document into print-inbox. Exit code 0, or 1 where it could not be printed."""
    pairs = parse_pairs(settings or [])

    async def work(services: Services) -> int:
        await check_before_upload(services, file, share, pairs)
        key = await _upload(services, file, f"{share}/{name or file.name}", pairs)
        console.print(f"submission {key}", highlight=False)
        return await _follow(services, key) if follow else 0

    run(work, settings_file)


def parse_pairs(texts: list[str]) -> dict[str, str]:
    """`copies=2` as name and value, the name in lower case as metadata has it. Raises typer.BadParameter."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"--set takes NAME=VALUE, not {text!r}")
        pairs[name.strip().lower()] = value.strip()
    return pairs


async def check_before_upload(services: Services, file: Path, share: str, pairs: dict[str, str]) -> None:
    """Refuse now what the functions would refuse after the upload. Raises DocumentRejected."""
    catalog = await services.submissions.load_catalog()
    found = catalog.find(share)
    if found is None:
        raise DocumentRejected("shareUnknown", f"There is no share {share!r}. {catalog.suggest(share)}")
    if file.stat().st_size == 0:
        raise DocumentRejected("documentEmpty", f"{file} is empty.")
    with file.open("rb") as content:
        head = content.read(services.settings.bounds.sniff_bytes)
    content_type = document_type(file.name, None, head)
    uploaded_type(content_type, found.capabilities, conversion=catalog.document_conversion_enabled)
    sources = [Source("--set", pairs), Source(f"the profile of {found.alias}", found.profile)]
    check_ticket(make_ticket(sources), found.capabilities)
    if not pairs.get(OWNER, "-"):
        raise DocumentRejected("settingInvalid", "owner must be a user principal name.")


async def _upload(services: Services, file: Path, name: str, pairs: dict[str, str]) -> str:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)
        return await drop(services.storage, file, name, pairs, lambda sent, _: progress.update(task, completed=sent))


async def _follow(services: Services, key: str) -> int:
    shown = 0
    last: Record | None = None
    async for record in watch(services.submissions.records, key, asyncio.sleep):
        for at, text in record.history[shown:]:
            console.print(f"{at}  {text}", highlight=False, markup=False)
        shown = len(record.history)
        if record.state is State.CREATED and record.uploaded and (last is None or record.uploaded != last.uploaded):
            console.print(f"  uploaded {record.uploaded} of {record.document.size} bytes", highlight=False)
        if record.waiting and (last is None or record.waiting != last.waiting):
            console.print(f"  waits: {shown_waiting(record.waiting)}", highlight=False, markup=False)
        last = record
    if last is None or last.state is not State.CLOSED or last.outcome is None:
        return 1
    colour = "green" if last.outcome.result is Result.COMPLETED else "red"
    console.print(f"{last.outcome.code}: {last.outcome.reason}", style=colour, highlight=False, markup=False)
    console.print(f"receipt: {last.receipt}", highlight=False, markup=False)
    return 0 if last.outcome.result is Result.COMPLETED else 1
