"""The forms in which extracted triples are written: one table of how names end and what writes such a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from mere.data.files import is_replaced
from mere.errors import InputError
from mere.inference.extractor import Record
from mere.inference.writers.delimited import write_csv, write_tsv
from mere.inference.writers.parquet import write_parquet
from mere.inference.writers.records import write_json, write_jsonl
from mere.inference.writers.table import write_table

Format = Literal["table", "jsonl", "json", "csv", "tsv", "parquet"]
"""The names of the forms."""


class Form(NamedTuple):
    """How the names of such files end, and what writes records to a binary handle; all but Parquet is UTF-8 text."""

    endings: tuple[str, ...]
    write: Callable[[Iterable[Record], BinaryIO], None]


FORMS: dict[Format, Form] = {
    "table": Form((".txt",), write_table),
    "jsonl": Form((".jsonl", ".ndjson", ".jl"), write_jsonl),
    "json": Form((".json",), write_json),
    "csv": Form((".csv",), write_csv),
    "tsv": Form((".tsv",), write_tsv),
    "parquet": Form((".parquet",), write_parquet),
}
"""Every form there is."""


def form_of(path: Path | None) -> Format:
    """Return the form that the ending of a name asks for, ``.gz`` after it or not.

    A table for standard output (None), a device or a FIFO, whose names need no ending. Raises `InputError` for any
    other ending.
    """
    if path is None:
        return "table"
    name = path.name.lower()
    for form, (endings, _) in FORMS.items():
        if name.endswith(endings) or (form != "parquet" and name.endswith(tuple(f"{end}.gz" for end in endings))):
            return form
    if not is_replaced(path):
        return "table"
    every = ", ".join(ending for form in FORMS.values() for ending in form.endings)
    raise InputError(f"the name must end in one of {every}; or name the form with --format", path=path)
