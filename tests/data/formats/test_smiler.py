from __future__ import annotations

from pathlib import Path

import pytest

from mere.data.formats.smiler import COLUMNS, LABELS, read_smiler, write_smiler
from mere.data.report import Report
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple

HEADER = "\t".join(COLUMNS) + "\n"


def read(tmp_path: Path, *rows: str, collect: bool = False) -> tuple[list[Sentence], Report]:
    path = tmp_path / "a.tsv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8", newline="")
    report = Report(collect_errors=collect)
    return list(read_smiler(path, report)), report


def only(tmp_path: Path, text: str, first: str = "A", second: str = "B") -> tuple[Sentence, Report]:
    """Read one row with this text; its offsets must hold."""
    (sentence,), report = read(tmp_path, f"1\t{first}\t{second}\tbirth-place\t{text}\tde")
    (triple,) = sentence.triples
    for span in (triple.head, triple.tail):
        assert sentence.text[span.start : span.end] == span.text
    return sentence, report


def forms(sentence: Sentence) -> tuple[str, str]:
    return sentence.triples[0].head.text, sentence.triples[0].tail.text


def test_row_is_read_char_for_char(tmp_path: Path) -> None:
    sentence, report = only(tmp_path, '  <e2>Köln</e2> "ist" die\u200b Stadt von \ufeff<e1>Adenauer</e1>.\u200e ')
    assert sentence.text == '  Köln "ist" die\u200b Stadt von \ufeffAdenauer.\u200e '
    assert sentence.language == "de"
    assert sentence.triples[0].relation == "birth-place"
    assert forms(sentence) == ("Adenauer", "Köln")
    assert not report.counts


@pytest.mark.parametrize(
    ("text", "first", "second", "expected", "kinds"),
    [
        ("<e1>Ann Lee</e1> in <e2>Bonn</e2>", "", "", ("Ann Lee", "Bonn"), set()),
        ("<e1>Ann Lee in <e2>Bonn</e2>", "Ann Lee", "", ("Ann Lee", "Bonn"), {"missing-closing-tag"}),
        ("<e1> Ann Lee in <e2>Bonn</e2>", "Ann Lee", "", ("Ann Lee", "Bonn"), {"missing-closing-tag", "space-in-tag"}),
        ("<e1>Ann Lee in <e2>Bonn.", "Anna", "Berlin", ("Ann", "Bonn"), {"missing-closing-tag"}),
        ("<e1>Ann<e2>Bonn</e2>", "Anna", "", ("Ann", "Bonn"), {"missing-closing-tag"}),
        ("ein <e2>блог</e2>ер <e1>Ann</e1>", "", "", ("Ann", "блог"), set()),
        ("<e1>Ann</e1>, <e1>Ann</e1> in <e2>Bonn</e2>", "", "", ("Ann", "Bonn"), {"repeated-tag"}),
        ("<e1><e1>Ann</e1></e1> in <e2>Bonn</e2>", "", "", ("Ann", "Bonn"), {"repeated-tag"}),
        ("<e1>Lee <e1>Ann</e1> in <e2>Bonn</e2>", "", "", ("Ann", "Bonn"), {"repeated-tag"}),
        ("<e1>FC <e2>Bonn</e2></e1>", "", "", ("FC Bonn", "Bonn"), set()),
        ("<e1>FC <e2>Bonn</e1> Süd</e2>", "", "", ("FC Bonn", "Bonn Süd"), set()),
        ("<e1><e2>Bonn</e1></e2>", "", "", ("Bonn", "Bonn"), set()),
        ("<e1> Ann </e1> in <e2>\u00a0Bonn</e2>", "", "", ("Ann", "Bonn"), {"space-in-tag"}),
        ("<e1>Ann</e1>\tin\t\t<e2>Bonn</e2>", "", "", ("Ann", "Bonn"), {"tabs-in-text"}),
    ],
)
def test_traps_are_survived(
    tmp_path: Path, text: str, first: str, second: str, expected: tuple[str, str], kinds: set[str]
) -> None:
    sentence, report = only(tmp_path, text, first, second)
    assert forms(sentence) == expected
    assert set(report.counts) == kinds
    for tag in ("<e1>", "</e1>", "<e2>", "</e2>"):
        text = text.replace(tag, "")
    assert sentence.text == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty-text"),
        ("  ", "empty-text"),
        ("<e1></e1>", "empty-text"),
        ("no marks", "missing-tag"),
        ("<e1>Ann</e1> in Bonn</e2>", "missing-tag"),
        ("<e1> </e1> in <e2>Bonn</e2>", "empty-entity"),
        ("<e1>Ann</e1> in <e2>", "empty-entity"),
    ],
)
def test_rows_without_a_usable_triple_are_dropped_and_reported(tmp_path: Path, text: str, kind: str) -> None:
    sentences, report = read(tmp_path, f"1\tAnn\tBonn\tbirth-place\t{text}\tde", "", "2\t\t\tno_relation\tok\tde")
    assert [sentence.text for sentence in sentences] == ["ok"]
    assert kind in report.counts
    assert report.notices(kind)[0].line == 2
    assert report.counts["blank-line"] == 1


def test_no_relation_is_a_sentence_without_triples(tmp_path: Path) -> None:
    (sentence,), report = read(tmp_path, "1\tA\tB\tno_relation\t<e1>A</e1> und <e2>B</e2>\tde")
    assert sentence == Sentence("A und B", "de", (), "de-1")
    assert not report.counts


def test_ids_tell_languages_apart_unless_they_are_more_than_numbers(tmp_path: Path) -> None:
    text = "<e1>A</e1> <e2>B</e2>"
    sentences, _ = read(tmp_path, *(f"{id}\t\t\teats\t{text}\tko" for id in ("7", "조이has-genreko", "")))
    assert [sentence.id for sentence in sentences] == ["ko-7", "조이has-genreko", None]


def test_unknown_label_is_kept_and_reported(tmp_path: Path) -> None:
    (sentence,), report = read(tmp_path, "1\tA\tB\tlikes\t<e1>A</e1> <e2>B</e2>\tde")
    assert sentence.triples[0].relation == "likes"
    assert report.counts == {"unknown-label": 1}
    assert len(LABELS) == 36


@pytest.mark.parametrize(
    "row", ["1\tA\tB\teats", "1\tA\tB\teats\ttext", "1\tA\tB\t\ttext\tde", "1\tA\tB\teats\ttext\t"]
)
def test_malformed_row_is_an_error_with_its_line(tmp_path: Path, row: str) -> None:
    good = "1\tA\tB\teats\t<e1>A</e1> <e2>B</e2>\tde"
    with pytest.raises(InputError, match=r"a\.tsv:3") as caught:
        read(tmp_path, good, row)
    assert caught.value.line == 3
    sentences, report = read(tmp_path, good, row, good, collect=True)
    assert len(sentences) == 2
    assert report.counts == {"bad-row": 1}


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("id\tentity_1\tentity_2\tlabel\ttext", "field 'lang': the header lacks this column"),
        ("entity_1\tid\tentity_2\tlabel\ttext\tlang", "the columns must be"),
        ("1\tA\tB\teats\ttext\tde", "field 'id'"),
    ],
)
def test_wrong_header_is_refused(tmp_path: Path, header: str, problem: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"{header}\n")
    with pytest.raises(InputError, match=problem):
        list(read_smiler(path))


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(
        b"\xef\xbb\xbf" + f"{HEADER}1\tA\tB\teats\t<e1>A</e1> <e2>B</e2>\tde\n".replace("\n", "\r\n").encode()
    )
    (sentence,) = read_smiler(path)
    assert sentence.language == "de"


def test_one_row_is_written_for_each_triple_and_each_negative(tmp_path: Path) -> None:
    text = "Ann\tLee in\nBonn"
    head, tail = Span.of(text, 0, 7), Span.of(text, 11, 15)
    sentence = Sentence(text, "de", (Triple(head, "eats", tail), Triple(tail, "is-where", head)), "x")
    report = Report()
    assert write_smiler([sentence, Sentence("nichts", "de")], tmp_path / "a.tsv", report) == 3
    assert report.counts == {"line-break-in-text": 1}
    assert (tmp_path / "a.tsv").read_text().split("\n") == [
        HEADER.strip(),
        "x\tAnn Lee\tBonn\teats\t<e1>Ann\tLee</e1> in <e2>Bonn</e2>\tde",
        "x\tBonn\tAnn Lee\tis-where\t<e2>Ann\tLee</e2> in <e1>Bonn</e1>\tde",
        "\t\t\tno_relation\tnichts\tde",
        "",
    ]


def test_text_with_tags_of_its_own_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds a tag"):
        write_smiler([Sentence("see <e1> here", "en")], tmp_path / "a.tsv")
    assert not list(tmp_path.iterdir())
