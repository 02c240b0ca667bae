"""A table for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mere.inference.extractor import Record
from mere.inference.writers.text import as_text


def write_table(records: Iterable[Record], handle: BinaryIO) -> None:
    """Write each sentence, and its triples below it."""
    with as_text(handle) as text:
        console = Console(file=text, soft_wrap=not text.isatty())
        for record in records:
            console.print(Text(record.sentence.text, style="bold"), Text(f"({record.sentence.language})", style="dim"))
            if not record.sentence.triples:
                console.print(Text("  no triples", style="dim"))
                continue
            table = Table(box=None, show_header=False, pad_edge=True, padding=(0, 2))
            for triple in record.sentence.triples:
                table.add_row(
                    Text(triple.head.text, style="green"),
                    Text(triple.relation, style="cyan"),
                    Text(triple.tail.text, style="green"),
                    f"{triple.score:.2f}",
                )
            console.print(table)
