"""One thing's properties as a table: printers and shares are shown alike."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Column, Table


def properties_table(properties: Mapping[str, object]) -> Table:
    """Label and value, one row each. Values may be long, such as lists of people, and are folded."""
    table = Table("what", Column("value", overflow="fold"), show_header=False)
    for label, value in properties.items():
        table.add_row(label, str(value))
    return table
