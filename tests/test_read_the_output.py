"""The lines that show how other libraries read what extraction writes, where these libraries are installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mere.inference.extractor import Record
from mere.inference.writers import FORMS
from mere.schema import Sentence, Span, Triple

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "read-the-output.md"
BLOCKS = dict(re.findall(r"^## (\w+)\n+```python\n(.*?)```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
TEXT = "Karl Vogt wurde in Ulm geboren."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 150 records without triples before one that has one."""
    triple = Triple(Span.of(TEXT, 0, 9), "birth-place", Span.of(TEXT, 19, 22), 0.9)
    records = [Record(f"a:{number}", Sentence("Es regnet.", "de")) for number in range(150)]
    records.append(Record("b", Sentence(TEXT, "de", (triple,))))
    for form in ("jsonl", "parquet"):
        with (tmp_path / f"triples.{form}").open("wb") as handle:
            FORMS[form].write(records, handle)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return tmp_path


def test_every_library_has_its_lines() -> None:
    assert list(BLOCKS) == ["polars", "duckdb", "pyarrow", "pandas", "datasets"]


@pytest.mark.parametrize("library", BLOCKS)
@pytest.mark.filterwarnings("default")
def test_the_lines_read_all_records_and_the_triple(library: str, folder: Path) -> None:
    pytest.importorskip(library)
    pytest.importorskip("pyarrow")
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[library], str(PAGE), "exec"), names)
    assert len(names["from_parquet"]) == len(names["from_jsonl"]) == 151
    assert len(names["facts"]) == 1
    assert "birth-place" in str(names["facts"])
