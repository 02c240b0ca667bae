"""Tables of scores on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import table

from mere.cli import console

if TYPE_CHECKING:
    from mere.evaluation.tables import Table


def rich_table(scores: Table) -> table.Table:
    """Return a table of scores in the form that rich prints."""
    return console.table(*scores.header, rows=scores.rows, caption=scores.note)
