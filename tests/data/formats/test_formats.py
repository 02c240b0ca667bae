from __future__ import annotations

from pathlib import Path

import pytest

from mere.data.formats import read_all, read_sentences, write_sentences
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple

TEXT = "Ann in Bonn"
SENTENCE = Sentence(TEXT, "de", (Triple(Span.of(TEXT, 0, 3), "eats", Span.of(TEXT, 7, 11)),), "de-1")
NAMES = ["a.tsv", "a.TSV.GZ", "a.b.jsonl", "a.jsonl.gz"]


@pytest.mark.parametrize("name", NAMES)
def test_ending_names_the_form(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_sentences([SENTENCE], str(path)) == 1
    assert list(read_sentences(str(path))) == [SENTENCE]
    head = path.read_bytes()[:2]
    assert (head == b"\x1f\x8b") == name.lower().endswith(".gz")


@pytest.mark.parametrize("name", ["a.json", "tsv", "a.tsv.zip", "a.gz"])
def test_unknown_ending_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"must end in one of: \.tsv, \.tsv\.gz, \.jsonl, \.jsonl\.gz"):
        read_sentences(tmp_path / name)
    with pytest.raises(InputError, match="must end in one of"):
        write_sentences([SENTENCE], tmp_path / name)


def test_files_are_read_one_after_the_other_and_folders_are_refused(tmp_path: Path) -> None:
    for name in NAMES:
        write_sentences([SENTENCE], tmp_path / name)
    assert list(read_all(tmp_path / name for name in NAMES)) == [SENTENCE] * 4
    with pytest.raises(InputError, match="is a folder; name the files in it"):
        list(read_all([tmp_path]))
    (tmp_path / "folder.tsv").mkdir()
    with pytest.raises(InputError, match="is a folder; name the files in it"):
        list(read_all([tmp_path / "folder.tsv"]))
