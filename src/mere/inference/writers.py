"""The forms in which extracted triples are written: table, jsonl, csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mere.inference.extractor import Record
from mere.schema import Span

Format = Literal["table", "jsonl", "csv"]


def to_json(record: Record) -> dict[str, Any]:
    """Return a record as the jsonl form has it; span offsets count within ``text``."""
    return {
        "document": record.document,
        "offset": record.sentence.start,
        "text": record.sentence.text,
        "language": record.sentence.language,
        "triples": [
            {
                "head": _span(triple.head),
                "relation": triple.relation,
                "tail": _span(triple.tail),
                "score": round(triple.score, 4),
            }
            for triple in record.sentence.triples
        ],
    }


def _span(span: Span) -> dict[str, Any]:
    values: dict[str, Any] = {"text": span.text, "start": span.start, "end": span.end}
    return values if span.type is None else {**values, "type": span.type}


def to_line(record: Record) -> str:
    """Return a record as a line of the jsonl form."""
    return json.dumps(to_json(record), ensure_ascii=False) + "\n"


def write_jsonl(records: Iterable[Record], handle: TextIO) -> None:
    """Write one JSON object a sentence, as they come."""
    for record in records:
        handle.write(to_line(record))


def write_csv(records: Iterable[Record], handle: TextIO) -> None:
    """Write one row a triple; offsets count within the sentence, ``offset`` is the sentence's place."""
    writer = csv.writer(handle, lineterminator="\n")
    spans = [f"{role}{part}" for role in ("head", "tail") for part in ("", "_start", "_end")]
    writer.writerow(["document", "offset", "language", "relation", "score", *spans])
    for record in records:
        for triple in record.sentence.triples:
            place = (record.document, record.sentence.start, record.sentence.language)
            parts = [value for span in (triple.head, triple.tail) for value in (span.text, span.start, span.end)]
            writer.writerow([*place, triple.relation, f"{triple.score:.4f}", *parts])


def write_table(records: Iterable[Record], handle: TextIO) -> None:
    """Write a table for people: each sentence, and its triples below it."""
    console = Console(file=handle, soft_wrap=True) if not handle.isatty() else Console(file=handle)
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


def form_of(path: Path | None) -> Format:
    """Return the form that the ending of a name asks for; a table where it asks for none."""
    name = path.name.lower().removesuffix(".gz") if path is not None else ""
    return "jsonl" if name.endswith(".jsonl") else "csv" if name.endswith(".csv") else "table"


WRITERS: dict[Format, Callable[[Iterable[Record], TextIO], None]] = {
    "table": write_table,
    "jsonl": write_jsonl,
    "csv": write_csv,
}
"""The writer of each form."""
