"""Records as JSON: a line each, or one array."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

from mere.inference.extractor import Record


def to_json(record: Record) -> dict[str, Any]:
    """Return a record as the jsonl form has it; span offsets count within ``text``."""
    return {
        "document": record.document,
        "offset": record.sentence.start,
        "text": record.sentence.text,
        "language": record.sentence.language,
        "triples": [{**triple.to_dict(), "score": round(triple.score, 4)} for triple in record.sentence.triples],
    }


def to_line(record: Record) -> bytes:
    """Return a record as a line of the jsonl form."""
    return json.dumps(to_json(record), ensure_ascii=False).encode() + b"\n"


def write_jsonl(records: Iterable[Record], handle: BinaryIO) -> None:
    """Write one JSON object a sentence, as they come."""
    for record in records:
        handle.write(to_line(record))


def write_json(records: Iterable[Record], handle: BinaryIO) -> None:
    """Write one array of the same objects, as they come."""
    handle.write(b"[")
    for number, record in enumerate(records):
        handle.write(b",\n" if number else b"\n")
        handle.write(to_line(record).removesuffix(b"\n"))
    handle.write(b"\n]\n")
