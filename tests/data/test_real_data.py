"""The real corpora, where they are at hand: a folder beside the repository, or the one MERE_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mere.data.doctor import check
from mere.data.formats import read_all
from mere.data.formats.smiler import LABELS
from mere.data.report import Report
from mere.schema import NO_RELATION, Schema, Span

DATA = Path(os.environ.get("MERE_DATA") or Path(__file__).parents[3] / "shared" / "data")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no corpora in {DATA}; set MERE_DATA to their folder")


def files(corpus: str, pattern: str) -> list[Path]:
    found = sorted((DATA / corpus).glob(pattern))
    if not found:
        pytest.skip(f"no {pattern} in {DATA / corpus}")
    return found


def test_smiler_is_read_to_the_last_row() -> None:
    paths = files("smiler", "*.tsv")
    report = Report()
    sentences = list(read_all(paths, report=report))
    assert len(sentences) == sum(path.read_bytes().count(b"\n") - 1 for path in paths)
    assert set(report.counts) <= {"quoted-text"}  # as a spreadsheet has left some rows of the corpus
    assert set(Schema.of(sentences).relations) <= LABELS - {NO_RELATION}
    for sentence in sentences:
        for triple in sentence.triples:
            for span in (triple.head, triple.tail):
                assert Span.of(sentence.text, span.start, span.end) == span


@pytest.mark.parametrize(("corpus", "pattern"), [("crossre", "??.dev.*"), ("relx", "*.test.*")])
def test_no_row_of_the_jsonl_corpora_is_refused(corpus: str, pattern: str) -> None:
    report = Report()
    assert sum(1 for _ in read_all(files(corpus, pattern), report=report)) > 2_000
    assert not report.counts


def test_doctor_finds_smiler_usable() -> None:
    roles = {role: files("smiler", f"*_{role}.tsv") for role in ("train", "dev")}
    report = check(roles)
    assert not report.count("error")
    assert report.counts["two-labels"]
