"""Partitions of exported tables: written whole or not at all, and read again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.usage.tables import PartitionResult, Table

if TYPE_CHECKING:
    from shared.usage.services import UsageServices


async def write_partition(
    table: Table,
    key: str,
    rows: AsyncIterator[Sequence[object]] | Iterator[Sequence[object]],
    *,
    services: UsageServices,
) -> PartitionResult:
    """Replace the partition `key` by these rows, which may come in any order; equal rows count once.

    The same rows give the same bytes. Raises RowUnfit, StorageConflict where another instance wrote it meanwhile.
    """
    raise NotImplementedError


def read_partition(table: Table, key: str, *, services: UsageServices) -> AsyncIterator[Mapping[str, Any]]:
    """The rows by column name, with dates, datetimes (UTC) and Decimals; nothing where there is no such partition."""
    raise NotImplementedError


async def list_partitions(table: Table, *, services: UsageServices) -> list[str]:
    """The keys of the partitions that there are, in order."""
    raise NotImplementedError
