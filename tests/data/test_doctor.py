from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.data.doctor import check, normalise
from mere.data.formats import write_sentences
from mere.data.ledger import Ledger
from mere.data.report import KINDS, Report
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple


def sentence(text: str, *pieces: str, id: str | None = None, language: str = "de", relation: str = "r") -> Sentence:
    """Make a sentence with one triple between the first places of two pieces of its text, or none."""
    if not pieces:
        return Sentence(text, language, (), id)
    head, tail = (Span.of(text, text.index(piece), text.index(piece) + len(piece)) for piece in pieces)
    return Sentence(text, language, (Triple(head, relation, tail),), id)


ANN = sentence("Ann Lee wohnt in Bonn.", "Ann Lee", "Bonn", id="1")
BEA = sentence("Bea Moor baut Boote.", "Bea Moor", "Boote", id="2")
CAY = sentence("Cay singt in Celle.", "Cay", "Celle", id="3")


def diagnose(tmp_path: Path, **roles: Sequence[Sentence]) -> Report:
    files = {}
    for role, sentences in roles.items():
        files[role] = [tmp_path / f"{role}.jsonl"]
        write_sentences(sentences, files[role][0])
    return check(files)


def test_sound_data_gives_no_notice(tmp_path: Path) -> None:
    parallel = sentence("Ann Lee vit à Bonn.", "Ann Lee", "Bonn", id="1", language="fr")
    other = sentence("Dan Ott vit à Brest.", "Dan Ott", "Brest", id="4", language="fr")
    report = diagnose(tmp_path, train=[ANN, BEA, parallel], test=[CAY, other])
    assert str(report) == "nothing to report"


def test_planted_leaks_are_found(tmp_path: Path) -> None:
    train = [ANN, BEA, CAY]
    test = [
        sentence("Ann Lee lives in Bonn.", "Ann Lee", "Bonn", id="1"),
        replace(BEA, id="8"),
        sentence("cay, singt in CELLE!", "cay", "CELLE", id="9"),
    ]
    report = diagnose(tmp_path, train=train, test=test)
    assert report.counts == {"leak-id": 1, "leak-text": 1, "leak-near-text": 1}
    assert report.count("error") == 2
    (notice,) = report.notices("leak-text")
    assert str(notice) == f"{tmp_path / 'test.jsonl'}:2: the same text as train, {tmp_path / 'train.jsonl'}:2"


def test_translation_in_another_role_is_a_leak(tmp_path: Path) -> None:
    french = sentence("Ann Lee vit à Bonn.", "Ann Lee", "Bonn", id="1", language="fr")
    report = diagnose(tmp_path, train=[ANN, replace(french, id="5", text=french.text + "x")], dev=[french])
    assert report.counts["leak-id"] == 1


def test_files_without_roles_share_ids_with_their_translations_only(tmp_path: Path) -> None:
    french = sentence("Ann Lee vit à Bonn.", "Ann Lee", "Bonn", id="1", language="fr")
    report = diagnose(tmp_path, one=[ANN, BEA], two=[french, replace(CAY, id="2"), BEA])
    assert report.counts == {"shared-id": 2, "shared-text": 1, "lone-language": 1}
    assert not report.count("error")


def test_repeats_within_a_role(tmp_path: Path) -> None:
    train = [
        ANN,
        replace(ANN, id="5"),
        sentence(ANN.text, "Bonn", "Ann Lee", id="6"),
        sentence("ann lee wohnt in bonn", id="7"),
        replace(BEA, id="1"),
        replace(CAY, triples=CAY.triples * 2),
    ]
    report = diagnose(tmp_path, train=train)
    assert report.counts == {
        "duplicate": 1,
        "two-labels": 1,
        "near-duplicate": 1,
        "repeated-id": 1,
        "repeated-triple": 1,
    }


def test_texts_without_letters_leak_nothing(tmp_path: Path) -> None:
    numbers = [sentence("1945."), sentence("...")]
    assert diagnose(tmp_path, train=[*numbers, ANN], test=[*numbers, BEA]).counts["no-words"] == 2
    assert not diagnose(tmp_path, train=numbers, test=numbers).count("error")


def test_doubtful_spans(tmp_path: Path) -> None:
    overlap = sentence("Die FC Bonn AG.", "FC Bonn", "Bonn AG")
    cut = sentence("Der Blogger Jan.", "Blog", "Jan")
    korean = sentence("리사는 가수다.", "리사", "가수")
    report = diagnose(tmp_path, train=[overlap, cut, korean])
    assert report.counts == {"overlapping-spans": 1, "span-in-word": 1}


def test_mark_cut_off_by_a_tag_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("id\tentity_1\tentity_2\tlabel\ttext\tlang\n1\t\t\teats\t<e1>e</e1>\u0301t <e2>x</e2>\tde\n")
    assert check({"train": [path]}).counts == {"mark-cut-off": 1}


def test_what_one_role_has_alone(tmp_path: Path) -> None:
    foreign = sentence("Dan Ott vit à Brest.", "Dan Ott", "Brest", relation="s", language="fr")
    report = diagnose(tmp_path, train=[ANN], dev=[BEA], test=[CAY, foreign])
    assert report.counts == {"lone-relation": 1, "lone-language": 1}
    assert str(report.notices("lone-relation")[0]) == "'s' occurs in test only, 1 x"
    assert not diagnose(tmp_path, train=[ANN, foreign]).counts


def test_long_texts_stand_out_within_their_language(tmp_path: Path) -> None:
    long = [sentence(f"Nr. {number}: " + "Wort " * number, id=f"n{number}") for number in (150, 300, 200)]
    report = diagnose(tmp_path, train=[ANN, BEA, CAY, replace(ANN, id=None, text=ANN.text + " Ja."), *long])
    (notice,) = report.notices("length-outlier")
    assert notice.line == 6
    assert notice.message.startswith("3 text(s) in 'de' are over 500 characters")
    wordy = [sentence(f"{word} " * 90, language="fr") for word in ("mot", "fin", "sel")]
    assert not diagnose(tmp_path, train=[*wordy, sentence("long " * 250, language="fr")]).counts["length-outlier"]


def test_bad_lines_are_collected_and_the_rest_is_checked(tmp_path: Path) -> None:
    path, other = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    write_sentences([ANN], path)
    write_sentences([ANN], other)
    good = path.read_bytes()
    path.write_bytes(b"{\n" + b"\xff\n" + good.replace(b'"end": 7', b'"end": 70') + b"x" * 5_000_000 + b"\n" + good)
    report = check({"train": [path], "test": [other]})
    errors = {"bad-json": 1, "bad-encoding": 1, "bad-offsets": 1, "long-line": 1, "leak-text": 1, "leak-id": 1}
    assert report.counts == errors
    assert report.notices("bad-offsets")[0].line == 3
    assert report.notices("leak-text")[0].message.endswith("train.jsonl:5")


def test_file_without_a_usable_sentence_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("id\tentity_1\tentity_2\tlabel\ttext\tlang\n1\t\t\teats\t\tde\n")
    assert check({"train": [path]}).counts == {"empty-text": 1, "no-sentences": 1}


def test_file_that_cannot_be_read_at_all_is_raised(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        check({"train": [tmp_path / "none.tsv"]})


def test_full_disk_is_an_input_error() -> None:
    ledger = Ledger()
    ledger._base.execute("PRAGMA max_page_count = 10")
    ledger.record([])
    with pytest.raises(InputError, match="set SQLITE_TMPDIR"):
        ledger.record((0, 0, line, 0, line, line, line, line) for line in range(10_000))  # type: ignore[misc]
    ledger.close()


def test_near_identity_is_as_stated() -> None:
    assert normalise("Ａnn  Lee—born 1,945!") == normalise("ANN LEE, born 7") == "annleeborn0"
    assert normalise("Straße_») 12 34") == "strasse0"
    assert normalise("…— ") == ""
    assert normalise("1945") != normalise("Ann")


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
@settings(deadline=None, max_examples=30)
def test_every_planted_leak_is_counted(
    tmp_path_factory: pytest.TempPathFactory, left: set[int], right: set[int]
) -> None:
    train, test = (
        [sentence(f"Satz {chr(0x4E00 + number)}", id=f"{role}{number}") for number in sorted(numbers)]
        for role, numbers in (("a", left | {100}), ("b", right | {200}))
    )
    report = diagnose(tmp_path_factory.mktemp("leak"), train=train, test=test)
    assert report.counts["leak-text"] == len(left & right)
    assert set(report.counts) <= {"leak-text"}


def test_report_keeps_the_first_few_and_counts_all() -> None:
    report = Report(keep=2)
    for line in range(1000):
        report.line = line
        report.add("blank-line", "blank")
    assert report.counts["blank-line"] == 1000
    assert [notice.line for notice in report.notices("blank-line")] == [0, 1]
    assert report.count("dropped") == 1000
    assert "dropped: blank-line x 1000" in str(report)
    assert {kind.severity for kind in KINDS.values()} == {"error", "warning", "repaired", "dropped"}
