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
    longest = max((len(word) for row in scores.rows for word in row[0].split()), default=0)
    shown = table.Table(box=None, header_style="bold", caption=scores.note, collapse_padding=True, pad_edge=False)
    shown.add_column(name, overflow="fold", min_width=longest)
    for figure in figures:
        shown.add_column(figure, justify="right")
    for row in scores.rows:
        shown.add_row(Text(row[0]), *row[1:])
    return shown
