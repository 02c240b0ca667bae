"""Parquet: a row a sentence, with its triples nested; the columns are those of the jsonl form, whatever was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from mere.errors import require
from mere.inference.extractor import Record
from mere.inference.writers.records import to_json

ROWS = 4096
"""Rows of a group, which are held at once."""


def write_parquet(records: Iterable[Record], handle: BinaryIO) -> None:
    """Write row groups as they fill; raises `MissingExtraError` where pyarrow is not installed."""
    arrow, parquet = require("pyarrow", "arrow"), require("pyarrow.parquet", "arrow")
    schema = _schema(arrow)
    with parquet.ParquetWriter(arrow.PythonFile(_Forward(handle), mode="w"), schema) as writer:
        for group in _groups(map(to_json, records)):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))


def _schema(arrow: Any) -> Any:
    text, number = arrow.string(), arrow.int64()
    span = arrow.struct([("text", text), ("start", number), ("end", number), ("type", text)])
    triple = arrow.struct([("head", span), ("relation", text), ("tail", span), ("score", arrow.float64())])
    columns = [("document", text), ("offset", number), ("text", text), ("language", text)]
    return arrow.schema([*columns, ("triples", arrow.list_(triple))])


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    waiting = iter(rows)
    while group := list(islice(waiting, ROWS)):
        yield group


class _Forward:
    """A handle that knows how far it has come, which a pipe does not; pyarrow asks for it, and closes what it gets."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._written = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._handle.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._handle.flush()

    def close(self) -> None:
        self.closed = True
