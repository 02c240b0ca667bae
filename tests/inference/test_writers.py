"""The forms of output: the same records, whatever they hold, and names that tell which."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mere.errors import InputError
from mere.inference.extractor import Record
from mere.inference.writers import FORMS, Format, form_of, parquet
from mere.inference.writers.records import to_json
from mere.schema import Sentence, Span, Triple

TEXT = 'Łukasz\t"the smith" was born in Ulm.'
TRIPLE = Triple(Span.of(TEXT, 0, 18, "person"), "birth-place", Span.of(TEXT, 31, 34), 0.91234)
RECORDS = [
    Record("a", Sentence("Nothing.", "en", start=3)),
    Record("b, c", Sentence(TEXT, "en", (TRIPLE, TRIPLE), start=7)),
]


def _written(form: Format, records: list[Record]) -> bytes:
    sink = io.BytesIO()
    FORMS[form].write(records, sink)
    return sink.getvalue()


def test_jsonl_and_json_hold_the_same_records() -> None:
    lines = _written("jsonl", RECORDS).decode().splitlines()
    assert [json.loads(line) for line in lines] == json.loads(_written("json", RECORDS)) == list(map(to_json, RECORDS))
    assert "Łukasz" in lines[1]
    assert json.loads(_written("json", [])) == []


@pytest.mark.parametrize(("form", "sign"), [("csv", ","), ("tsv", "\t")])
def test_csv_and_tsv_come_back(form: Format, sign: str) -> None:
    rows = list(csv.DictReader(io.StringIO(_written(form, RECORDS).decode(), newline=""), delimiter=sign))
    assert len(rows) == 2
    assert (rows[0]["document"], rows[0]["offset"], rows[0]["score"]) == ("b, c", "7", "0.9123")
    assert rows[0]["head"] == TEXT[int(rows[0]["head_start"]) : int(rows[0]["head_end"])]


def test_a_table_is_text_in_utf8() -> None:
    shown = _written("table", RECORDS).decode()
    assert "no triples" in shown
    assert "birth-place" in shown


@pytest.mark.parametrize("count", [0, 1, 2])
def test_parquet_has_one_schema_whatever_was_found(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow_parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "ROWS", 1)
    file = arrow_parquet.ParquetFile(io.BytesIO(_written("parquet", RECORDS[:count])))
    whole = arrow_parquet.ParquetFile(io.BytesIO(_written("parquet", RECORDS)))
    assert file.schema_arrow == whole.schema_arrow
    assert file.num_row_groups == count
    read = file.read().to_pylist()
    for row in read:
        for triple in row["triples"]:
            for span in (triple["head"], triple["tail"]):
                if span["type"] is None:
                    del span["type"]
    assert read == list(map(to_json, RECORDS[:count]))


def test_parquet_groups_are_written_as_they_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(parquet, "ROWS", 10)
    sink, sizes = io.BytesIO(), []

    def records() -> Iterator[Record]:
        for _ in range(50):
            sizes.append(len(sink.getvalue()))
            yield RECORDS[1]

    FORMS["parquet"].write(records(), sink)
    assert sizes[0] < sizes[15] < sizes[25] < sizes[45]


def test_parquet_goes_down_a_pipe(tmp_path: Path) -> None:
    arrow_parquet = pytest.importorskip("pyarrow.parquet")
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    with (tmp_path / "pipe").open("wb") as handle:
        FORMS["parquet"].write(RECORDS, handle)
    reader.join()
    assert arrow_parquet.read_table(io.BytesIO(read[0])).num_rows == 2


def test_names_tell_the_form() -> None:
    names = {form: [f"a{ending}" for ending in FORMS[form].endings] for form in FORMS}
    for form, endings in names.items():
        for name in endings:
            assert form_of(Path(name)) == form_of(Path(name.upper())) == form
            if form != "parquet":
                assert form_of(Path(f"{name}.gz")) == form
    assert form_of(None) == form_of(Path("/dev/null")) == "table"
    for name in ("a.xml", "a", "a.parquet.gz", "jsonl"):
        with pytest.raises(InputError, match=r"must end in one of \.txt, \.jsonl, \.ndjson, \.jl, \.json, .*--format"):
            form_of(Path(name))
