"""Texts in rows: every ending, what is carried along, and rows that are wrong, which do not stop the others."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mere.data.formats import json_values
from mere.data.formats.rows import ENDINGS, Row, holds_rows, read_rows
from mere.data.report import Report
from mere.errors import InputError

RECORDS: list[dict[str, Any]] = [
    {"id": 7, "text": 'Ada, "die Malerin",\nwohnt hier.', "language": "de"},
    {"id": "b", "text": "  Bo was here. ", "language": None},
    {"id": None, "text": "العربية", "language": "ar"},
]


def _write(path: Path, content: str) -> Path:
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def _read(path: Path, column: str = "text") -> tuple[list[Row], list[str]]:
    errors: list[InputError] = []
    rows = list(read_rows(path, column, Report(told=errors.append)))
    return rows, [str(error).removeprefix(f"{path}") for error in errors]


def _content(ending: str) -> str:
    lines = [json.dumps(record, ensure_ascii=bool(number % 2)) for number, record in enumerate(RECORDS)]
    if ending == ".json":
        return f"[{', '.join(lines)}]"
    if ending in (".csv", ".tsv"):
        sign = "," if ending == ".csv" else "\t"
        cells = [[str(record[key] or "") for key in ("id", "text", "language")] for record in RECORDS]
        if ending == ".tsv":
            cells = [[cell.replace("\n", " ") for cell in row] for row in cells]
        quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in cells]
        return "\n".join(sign.join(row) for row in [["id", "text", "language"], *quoted])
    return "\n".join(lines)


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".parquet"])
def test_rows_of_every_text_form(ending: str, tmp_path: Path) -> None:
    path = _write(tmp_path / f"texts{ending}", _content(ending.removesuffix(".gz")))
    assert holds_rows(path)
    rows, errors = _read(path)
    assert errors == []
    first = RECORDS[0]["text"]
    assert isinstance(first, str)
    assert rows[0].text == (first.replace("\n", " ") if ".tsv" in ending else first)
    assert [row.text for row in rows[1:]] == ["  Bo was here. ", "العربية"]
    assert [(row.id, row.language) for row in rows] == [("7", "de"), ("b", None), (None, "ar")]
    assert (
        len({row.line for row in rows}) == (1 if ".json" in ending and "l" not in ending[5:] else 3) or ".nd" in ending
    )


def test_parquet_is_read_in_batches_and_needs_its_column(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    texts = [f"Text {number}." for number in range(1000)] + [None]
    parquet.write_table(arrow.table({"body": texts, "id": range(1001)}), tmp_path / "a.parquet")
    rows, errors = _read(tmp_path / "a.parquet", "body")
    assert [row.text for row in rows] == texts[:-1]
    assert rows[-1] == Row("Text 999.", 1000, "999", None)
    assert errors == [":1001, field 'body': is missing"]
    with pytest.raises(InputError, match=r"field 'text': there is no such column; the file has: body, id"):
        list(read_rows(tmp_path / "a.parquet"))
    _write(tmp_path / "b.parquet", "no parquet")
    with pytest.raises(InputError, match="not Parquet that can be read"):
        list(read_rows(tmp_path / "b.parquet"))


def test_rows_without_a_text_are_told_by_their_place_and_the_others_read(tmp_path: Path) -> None:
    lines = [
        '{"text": "good"}',
        '{"id": 1}',
        '{"text": 5}',
        '{"text": ["a"]}',
        '{"text": null}',
        "[1]",
        "{",
        '{"text": ' + "[" * 100_000 + "}",
        '{"text": ' + "9" * 5000 + "}",
        '{"text": "half \\ud800"}',
        '{"text": "  "}',
        "",
        '{"text": "good too"}',
    ]
    errors: list[InputError] = []
    report = Report(told=errors.append)
    rows = list(read_rows(_write(tmp_path / "a.jsonl", "\n".join(lines)), report=report))
    assert [(row.text, row.line) for row in rows] == [("good", 1), ("good too", 13)]
    assert [error.line for error in errors] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert all("\n" not in str(error) and len(str(error)) < 300 for error in errors)
    assert report.counts == {"empty-text": 1, "blank-line": 1}
    with pytest.raises(InputError, match=r"a\.jsonl:2, field 'text': is missing"):
        list(read_rows(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv_by_any_usual_sign_with_lines_in_cells(sign: str, tmp_path: Path) -> None:
    content = sign.join(("id", "body")) + f'\n1{sign}"two\nlines"\n2{sign}plain\n3\n4{sign}too{sign}many\n'
    rows, errors = _read(_write(tmp_path / "a.csv", content), "body")
    assert [(row.id, row.text, row.line) for row in rows] == [("1", "two\nlines", 2), ("2", "plain", 4)]
    assert len(errors) == 2
    assert errors[0] == ":5, field 'body': is missing"
    assert errors[1].startswith(":6: 3 columns, where the header has 2")


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    text = "word " * 300_000
    rows, errors = _read(_write(tmp_path / "a.csv", f'text\n"{text}"\n'))
    assert ([len(row.text) for row in rows], errors) == ([len(text)], [])


def test_tsv_takes_quotation_marks_as_they_are_meant(tmp_path: Path) -> None:
    content = 'id\ttext\n1\t"Ada, ""the painter""."\n2\t"Ada" was here\n3\tAda "the painter"\n'
    rows, _ = _read(_write(tmp_path / "a.tsv", content))
    assert [row.text for row in rows] == ['Ada, "the painter".', '"Ada" was here', 'Ada "the painter"']


def test_json_may_be_an_array_or_values_in_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "_LITTLE", 1)
    records = [{"text": f'{number} [{{\\" ü' * 30} for number in range(50)]
    shown = [json.dumps(record) for record in records]
    for content in ("[" + ",\n".join(shown) + "]\n", "\n".join(shown), " ".join(shown)):
        rows, errors = _read(_write(tmp_path / "a.json", content))
        assert [row.text for row in rows] == [record["text"] for record in records]
        assert errors == []
    assert _read(_write(tmp_path / "a.json", "[]")) == ([], [])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('[{"text": "a"}', "a comma or the end of the array is missing|the array has no end"),
        ('[{"text": "a"} {"text": "b"}]', "a comma or the end"),
        ('[{"text": "a"}] 5', "follows the end"),
        ('[{"text": "a"},\n{"text"}]', r"a\.json:2: not JSON"),
        ("[" * 100_000, "not JSON that can be read"),
        ("[1" + "0" * 5000 + "]", "not JSON that can be read"),
    ],
)
def test_broken_json_is_one_line(content: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=problem) as error:
        list(read_rows(_write(tmp_path / "a.json", content)))
    assert "\n" not in str(error.value)


def test_other_endings_hold_no_rows(tmp_path: Path) -> None:
    assert not holds_rows("a.txt")
    assert not holds_rows("a.parquet.gz")
    with pytest.raises(InputError, match=r"must end in one of: \.jsonl"):
        list(read_rows(tmp_path / "a.txt"))
