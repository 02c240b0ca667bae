"""CSV and TSV: a row a triple."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import BinaryIO

from mere.inference.extractor import Record
from mere.inference.writers.text import as_text

COLUMNS = (
    *("document", "offset", "language", "relation", "score"),
    *("head", "head_start", "head_end", "tail", "tail_start", "tail_end"),
)
"""Span offsets count within the sentence; ``offset`` is where that starts in its document."""


def write_csv(records: Iterable[Record], handle: BinaryIO) -> None:
    """Write a row a triple; sentences without one leave no trace."""
    _write(records, handle, ",")


def write_tsv(records: Iterable[Record], handle: BinaryIO) -> None:
    """Write the same with tabs; a cell that holds one, a quotation mark or a line end is quoted."""
    _write(records, handle, "\t")


def _write(records: Iterable[Record], handle: BinaryIO, delimiter: str) -> None:
    with as_text(handle) as text:
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow(COLUMNS)
        for record in records:
            for triple in record.sentence.triples:
                place = (record.document, record.sentence.start, record.sentence.language)
                spans = [value for span in (triple.head, triple.tail) for value in (span.text, span.start, span.end)]
                writer.writerow([*place, triple.relation, f"{triple.score:.4f}", *spans])
