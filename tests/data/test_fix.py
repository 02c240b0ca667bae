"""What `mere data check` says of names, borders and quotation marks, and that --fix mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mere.data.borders import complaints, trimmed
from mere.data.doctor import Doctor, check
from mere.data.fix import Fixed, fix
from mere.data.formats import read_sentences, write_sentences
from mere.data.formats.smiler import COLUMNS, unquoted
from mere.data.labels import Spellings, means_no_relation
from mere.data.report import Report
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple

TEXT = "Ada Holm was born in Oslo."


def _sentence(relation: str = "r", language: str = "en", text: str = TEXT, head: str = "Ada Holm") -> Sentence:
    start = text.index(head)
    triple = Triple(Span.of(text, start, start + len(head)), relation, Span.of(text, 21, 25))
    return Sentence(text, language, (triple,))


def _fixed(paths: dict[str, list[Path]], target: Path) -> Fixed:
    with Doctor(paths, Report(collect_errors=True)) as doctor:
        doctor.check()
        return fix(paths, target, doctor.spellings())


@pytest.mark.parametrize(
    ("text", "entity", "expected"),
    [
        ("Ada was here.", "Ada ", "Ada"),
        ("in Oslo.", " Oslo.", "Oslo"),
        ("to Ulm, then", "Ulm,", "Ulm"),
        ("a (Bonn) b", "(Bonn", "Bonn"),
        ("a (Bonn) b", "Bonn)", "Bonn"),
        ('he "Bo" x', '"Bo', "Bo"),
        ("sie «Bo» x", "«Bo»", "«Bo»"),
        ("(500) Days", "(500) Days", "(500) Days"),
        ("he sang 'Yes!'.", "Yes!", "Yes!"),
        ("at Apple Inc.", "Apple Inc.", "Apple Inc."),
        ("in Washington, D.C.", "Washington, D.C.", "Washington, D.C."),
        ("George W. Bush", "George W.", "George W."),
        ("in 1945.", "1945.", "1945"),
        ("am 5.", "5.", "5."),
        ("Oslo. He left", "Oslo.", "Oslo."),
        ("北京。", "北京。", "北京"),
        (" , ", ", ", None),
    ],
)
def test_borders(text: str, entity: str, expected: str | None) -> None:
    start = text.index(entity)
    span = Span.of(text, start, start + len(entity), "thing")
    cut = trimmed(text, span)
    assert (None if cut is None else cut.text) == expected
    if cut is not None:
        assert (text[cut.start : cut.end], cut.type) == (cut.text, "thing")
        assert trimmed(text, cut) == cut
    assert bool(complaints(text, span)) == (entity != expected)


def test_spans_that_begin_or_end_in_blanks_or_signs_are_told(tmp_path: Path) -> None:
    triple = Triple(Span.of(TEXT, 0, 9), "r", Span.of(TEXT, 20, 26))
    write_sentences([Sentence(TEXT, "en", (triple,))], tmp_path / "a.jsonl")
    report = check({"a": [tmp_path / "a.jsonl"]})
    assert report.counts == {"span-with-blank": 2, "span-with-sign": 1}
    told = [notice.message for notice in report.notices("span-with-blank") + report.notices("span-with-sign")]
    assert told == [
        "the head 'Ada Holm ' ends in a blank",
        "the tail ' Oslo.' begins with a blank",
        "the tail ' Oslo.' ends in a full stop",
    ]


def test_names_that_differ_little_are_told_and_made_one(tmp_path: Path) -> None:
    names = ["birth-place"] * 3 + ["Birth-Place", "birth_place", "birth-place ", "birth place", "NO_RELATION"]
    rows = [_sentence(name, text=f"{TEXT} {number}") for number, name in enumerate(names)]
    rows += [_sentence("c++", "EN", f"{TEXT} x"), _sentence("c#", "en ", f"{TEXT} y")]
    write_sentences(rows, tmp_path / "a.jsonl")
    report = check({"a": [tmp_path / "a.jsonl"]})
    assert report.counts["label-variants"] == 2
    assert report.counts["no-relation-variant"] == 1
    languages, relations = (notice.message for notice in report.notices("label-variants"))
    assert languages == "languages 'en' (8 x), 'EN' (1 x), 'en ' (1 x)"
    assert relations.startswith("relations 'birth-place' (3 x), ")
    assert "c++" not in relations
    fixed = _fixed({"a": [tmp_path / "a.jsonl"]}, tmp_path / "b.jsonl")
    mended = list(read_sentences(tmp_path / "b.jsonl"))
    assert {sentence.language for sentence in mended} == {"en"}
    assert {t.relation for sentence in mended for t in sentence.triples} == {"birth-place", "c++", "c#"}
    assert not mended[7].triples
    assert (fixed.names, fixed.triples, fixed.sentences) == (6, 1, 10)
    assert not check({"b": [tmp_path / "b.jsonl"]}).counts["label-variants"]


def test_fixing_goes_on_past_bad_rows_and_drops_duplicates(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    partly = Sentence(TEXT, "en", (), annotated=("r",))
    write_sentences([_sentence(), _sentence(head="Ada Holm "), partly, partly, Sentence(TEXT, "en")], path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["{", *lines, '{"text": 5}', lines[0].replace('"end": 8', '"end": 800')]))
    fixed = _fixed({"a": [path]}, tmp_path / "b.jsonl")
    assert list(read_sentences(tmp_path / "b.jsonl")) == [_sentence(), partly, Sentence(TEXT, "en")]
    assert str(fixed) == "3 sentences written; 1 spans trimmed, 2 duplicates dropped, 3 lines left out"
    again = _fixed({"a": [tmp_path / "b.jsonl"]}, tmp_path / "b.jsonl")
    assert str(again) == "3 sentences written; there was nothing to mend"


def test_several_files_are_mended_into_a_folder(tmp_path: Path) -> None:
    paths = {"train": [tmp_path / "a.jsonl"], "test": [tmp_path / "b.tsv"]}
    tagged = Sentence("a <e1> b", "en")
    write_sentences([_sentence(), tagged], paths["train"][0])
    write_sentences([_sentence()], paths["test"][0])
    fixed = _fixed(paths, tmp_path / "out")
    assert fixed.sentences == 3  # a duplicate in another role is a leak, and not for us to drop
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jsonl", "b.tsv"]
    with pytest.raises(InputError, match="one name"):
        fix({"x": [paths["test"][0], paths["test"][0]]}, tmp_path / "out", (Spellings(), Spellings()))
    fixed = _fixed({"x": [paths["train"][0]]}, tmp_path / "c.tsv")
    assert (fixed.sentences, fixed.lines) == (1, 1)


def test_text_quoted_by_a_spreadsheet_is_told_and_unquoted(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    text = '"<e1>Ada Holm</e1>, ""the painter"", was born in <e2>Oslo ""O""</e2>."'
    plain = '" Quoted " as a " corpus " does"'
    rows = [f"1\tA\tB\tbirth-place\t{text}\ten", f"2\tA\tB\tno_relation\t{plain}\ten"]
    path.write_text("\n".join(["\t".join(COLUMNS), *rows]))
    report = check({"a": [path]})
    assert report.counts == {"quoted-text": 1}
    assert _fixed({"a": [path]}, tmp_path / "b.jsonl").texts == 1
    first, second = read_sentences(tmp_path / "b.jsonl")
    assert first.text == 'Ada Holm, "the painter", was born in Oslo "O".'
    assert (first.triples[0].head.text, first.triples[0].tail.text) == ("Ada Holm", 'Oslo "O"')
    assert second.text == plain
    assert unquoted('"a"') == "a"
    assert unquoted('"a" and "b"') is None


def test_partly_annotated_sentences_are_counted_and_kept(tmp_path: Path) -> None:
    from mere.data.stats import stats

    partly = Sentence(TEXT, "en", (), annotated=("r", "s"))
    write_sentences([partly, Sentence("Bo.", "en")], tmp_path / "a.jsonl")
    assert stats([tmp_path / "a.jsonl"])["en"].partly == 1
    assert check({"a": [tmp_path / "a.jsonl"]}).counts == {"partly-annotated": 1}
    write_sentences(read_sentences(tmp_path / "a.jsonl"), tmp_path / "b.ndjson.gz")
    assert next(iter(read_sentences(tmp_path / "b.ndjson.gz"))) == partly
    report = Report()
    write_sentences([partly], tmp_path / "c.tsv", report=report)
    assert report.counts == {"annotated-lost": 1}


def test_a_row_of_smiler_may_tell_of_its_relation_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    write_sentences([_sentence("eats"), Sentence("Bo.", "en")], path)
    report = Report()
    (sentence,) = read_sentences(path, report=report, marked_only=True)
    assert sentence.annotated == ("eats",)
    assert report.counts == {"no-relation-row": 1}
    assert len(list(read_sentences(path))) == 2


@pytest.mark.parametrize(
    "value", ["9" * 300, "9" * 4000, "9" * 9000, "-" + "9" * 400, "1e400", "[" * 90_000, "[" * 900 + "]" * 900, "NaN"]
)
@pytest.mark.parametrize("field", ["start", "text", "language"])
def test_absurd_values_are_one_line(value: str, field: str, tmp_path: Path) -> None:
    record = '{"language": "en", "text": "Ada saw Bo", "triples": [{"head": {"start": 0, "end": 3}, "relation": "r"'
    record += ', "tail": {"start": 8, "end": 10}}]}'
    old = {"start": '"start": 0', "text": '"text": "Ada saw Bo"', "language": '"language": "en"'}[field]
    assert old in record
    (tmp_path / "a.jsonl").write_text(record.replace(old, f'"{field}": {value}') + "\n" + record)
    report = check({"a": [tmp_path / "a.jsonl"]})
    assert report.count("error") == 1
    (kind,) = (kind for kind in report.kinds() if kind.startswith("bad-"))
    assert len(str(report.notices(kind)[0])) < 300


def test_no_relation_in_other_spellings() -> None:
    assert all(means_no_relation(name) for name in ("NO_RELATION", "no-relation", "No relation", "norelation"))
    assert not any(means_no_relation(name) for name in ("no_relation", "Other", "relation"))
