"""Tables of scores on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import table
from rich.text import Text

if TYPE_CHECKING:
    from mere.evaluation.tables import Table


def rich_table(scores: Table) -> table.Table:
    """Return a table of scores in the form that rich prints."""
    name, *figures = scores.header
    shown = table.Table(name, box=None, header_style="bold", caption=scores.note)
    for figure in figures:
        shown.add_column(figure, justify="right")
    for row in scores.rows:
        shown.add_row(Text(row[0]), *row[1:])
    return shown
