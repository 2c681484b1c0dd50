"""Keeps the rows of a span that was read in part, until the next run goes on with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient


async def put_away(container: ContainerClient, series: str, runs: Iterable[Path]) -> tuple[str, ...]:
    """Upload sorted runs and give their names."""
    from azure.storage.blob import BlobBlock

    from shared.usage.partitions import stage_file

    names = []
    for run in runs:
        name = f"exports/spool/{series}/{uuid.uuid4().hex}.jsonl"
        blob = container.get_blob_client(name)
        await blob.commit_block_list([BlobBlock(block) for block in await stage_file(blob, run)])
        names.append(name)
    return tuple(names)


async def take_back(container: ContainerClient, names: Iterable[str], folder: Path) -> list[Path]:
    """Download runs into the folder. Raises FileNotFoundError where one is gone."""
    from azure.core.exceptions import ResourceNotFoundError

    runs: list[Path] = []
    for name in names:
        path = folder / f"kept-{len(runs):06}.jsonl"
        try:
            download = await container.download_blob(name)
        except ResourceNotFoundError as error:
            raise FileNotFoundError(name) from error
        with path.open("wb") as file:
            async for piece in download.chunks():
                file.write(piece)
        runs.append(path)
    return runs


async def sweep(container: ContainerClient, series: str) -> None:
    """Delete every run of the series, those that nobody noted before a death, too. Only for who has claimed it."""
    names = [name async for name in container.list_blob_names(name_starts_with=f"exports/spool/{series}/")]
    await forget(container, names)


async def forget(container: ContainerClient, names: Iterable[str]) -> None:
    """Delete runs that nobody needs any more."""
    from azure.core.exceptions import ResourceNotFoundError

    for name in names:
        try:
            await container.delete_blob(name)
        except ResourceNotFoundError:
            continue
