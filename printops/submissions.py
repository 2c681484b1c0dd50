"""`printops submissions`: look at records, and send failed documents again."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.table import Column, Table

from printops.common_options import JsonLines, SettingsFile
from printops.session import console, run, shown_waiting
from shared.services import Services
from shared.submission.operations import find_key, newest_records, retry
from shared.submission.record import Record, encode_record

app = typer.Typer(no_args_is_help=True, help="Look at submissions, and send failed documents again.")


@app.command("list")
def list_submissions(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show, the newest first.")] = 20,
    as_json: JsonLines = False,
    settings_file: SettingsFile = None,
) -> None:
    """The submissions that changed last."""

    async def work(services: Services) -> int:
        records = await newest_records(services.storage, services.submissions.records, limit)
        if as_json:
            for record in records:
                typer.echo(json.dumps(_public(record)))
            return 0
        table = Table("submission", "accepted", Column("document", overflow="fold"), "state", "outcome or wait")
        for record in records:
            ending = record.outcome.code if record.outcome else shown_waiting(record.waiting)
            # Eight letters of the key are what folders show, and enough for `show` and `retry`.
            table.add_row(record.key[:8], record.accepted[:16], record.document.name, record.state.value, ending)
        console.print(table)
        return 0

    run(work, settings_file)


@app.command("show")
def show(
    key: Annotated[str, typer.Argument(help="The submission's key, or the beginning of it as receipts show it.")],
    settings_file: SettingsFile = None,
) -> None:
    """Everything that is known of a submission, as JSON. Secrets are left out."""

    async def work(services: Services) -> int:
        found = await find_key(services.submissions.state, key)
        loaded = await services.submissions.records.load(found)
        if loaded is not None:
            typer.echo(json.dumps(_public(loaded[0]), indent=2, ensure_ascii=False))
        return 0 if loaded else 1

    run(work, settings_file)


@app.command("retry")
def retry_submission(
    key: Annotated[str, typer.Argument(help="The submission's key, or its beginning.")],
    settings_file: SettingsFile = None,
) -> None:
    """Put a failed document back into the inbox. It becomes a new submission."""

    async def work(services: Services) -> int:
        found = await find_key(services.submissions.state, key)
        new = await retry(services.submissions.records, services.submissions.documents, found, asyncio.sleep)
        console.print(f"submission {new}", highlight=False)
        return 0

    run(work, settings_file)


def _public(record: Record) -> dict[str, object]:
    document: dict[str, object] = json.loads(encode_record(record))
    job = document.get("job")
    if isinstance(job, dict):
        job.pop("upload", None)
    return document
