"""Documents of any size and script: offsets that hold, bounded work and memory, nothing lost on the way."""

from __future__ import annotations

import gzip
import os
import re
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.data.formats.jsonl import write_jsonl
from mere.errors import InputError
from mere.inference import documents
from mere.inference.documents import LONGEST_SENTENCE, Paragraph, cut, read_paragraphs, split_sentences
from mere.inference.extractor import Extractor
from mere.inference.normalise import normalise
from mere.inference.sources import matches, read_documents
from mere.inference.tally import Tally
from mere.inference.tokenizer import Tokens
from mere.schema import Sentence
from mere.testing import fake_extractor

PIECES = [
    *("\n", "\r\n", "\r", "\n\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\t", " ", "\u00a0", "\u3000", "\ufeff"),
    *(
        "Ada was born in London. ",
        "z. B. Köln?",
        "它很好。",
        "東京は日本の首都です",
        "서울은 한국의 수도이다. ",
        "Київ — місто! ",
    ),
    *("القاهرة عاصمة مصر. ", "שלום עולם", "\u200f(abc)\u200e", "\u202bab\u202c", "भारत की राजधानी।", "ประเทศไทย"),
    *(
        "e\u0301\u0302",
        "Z\u0363\u0322a",
        "\u0301",
        "🤷🏽",
        "👩\u200d👩\u200d👧",
        "🇩🇪",
        "\u200d",
        "\ufe0f",
        "𝕬𝖉𝖆",
        "ﬁ",
        "x" * 50,
    ),
]
TEXT = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)).map("".join)


class Counting:
    """A tokenizer that counts what it is given."""

    word_score: None

    def __init__(self, extractor: Extractor) -> None:
        self.inner = extractor.tokenizer
        self.bos, self.eos, self.pad, self.word_score = 0, 2, 1, None
        self.characters = self.longest = 0

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        self.characters += sum(map(len, texts))
        self.longest = max(self.longest, *map(len, texts))
        return self.inner.encode(texts)


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    """Finds facts among the pieces that texts are made of here, in windows of 100 words; what it finds is right."""
    facts = [("Ada", "born-in", "London"), ("Київ", "is-a", "місто"), ("القاهرة", "capital-of", "مصر")]
    facts += [
        ("서울", "capital-of", "한국"),
        ("東京", "capital-of", "日本"),
        ("𝕬𝖉𝖆", "same-as", "Ada"),
        ("abc", "near", "x"),
    ]
    whole = fake_extractor(facts, ("ar", "de", "en", "ko", "uk"))
    whole.codec = replace(whole.codec, max_tokens=100)
    return whole


@settings(max_examples=60, deadline=None)
@given(text=TEXT, limit=st.integers(2, 40), borders=st.lists(st.integers(0, 400)))
def test_lines_do_not_depend_on_blocks(text: str, limit: int, borders: list[int]) -> None:
    places = [0, *sorted(borders), len(text)]
    blocks = [text[start:end] for start, end in zip(places, [*places[1:], None], strict=True)]
    lines = list(read_paragraphs(blocks, limit))
    assert lines == list(read_paragraphs([text], limit))
    assert "".join(line.text for line in lines) == text
    starts = [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]
    for line in lines:
        assert 0 < len(line.text) <= limit
        assert text.startswith(line.text, line.offset)
        assert starts[line.number - 1] + line.column == line.offset
        assert "\n" not in line.text[:-1]


@settings(max_examples=60, deadline=None)
@given(text=TEXT, limit=st.integers(2, 60), language=st.sampled_from(["de", "zh", "ar", "", "und"]))
def test_sentences_hold_their_offsets_however_long_the_text_is(text: str, limit: int, language: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "LONGEST_SENTENCE", limit)
        spans = list(split_sentences(text, language))
    position = 0
    for start, end in spans:
        assert 0 < end - start <= limit
        assert text[start:end] == text[start:end].strip()
        assert not text[position:start].strip()
        position = end
    assert not text[position:].strip()


@settings(max_examples=40, deadline=None)
@given(text=TEXT, packed=st.booleans(), bom=st.booleans())
def test_records_of_a_file_hold_their_offsets(extractor: Extractor, text: str, packed: bool, bom: bool) -> None:
    text = "." + text.replace("\0", "")
    raw = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("a.txt.gz" if packed else "a.txt")
        path.write_bytes(gzip.compress(raw) if packed else raw)
        tally = Tally()
        records = list(tally.found(extractor.records(tally.read(read_documents([path])))))
    assert "".join("".join(record.sentence.text for record in records).split()) == "".join(text.split())
    for record in records:
        assert text.startswith(record.sentence.text, record.sentence.start)
        for triple in record.sentence.triples:
            for span in (triple.head, triple.tail):
                start = record.sentence.start + span.start
                assert text[start : start + len(span.text)] == span.text != ""
        stated = {"Ada", "London"} <= set(re.findall(r"\w+", normalise(record.sentence.text).text))
        assert stated <= any(triple.relation == "born-in" for triple in record.sentence.triples)
    assert (tally.documents, tally.characters, tally.sentences) == (1, len(text), len(records))
    assert tally.windows >= tally.sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One more. Three four five", "One more. "),
        ("One two three four five.", "One two three "),
        ("x" * 40, "x" * 16),
        ("One more.\rTwo. Three four", "One more.\r"),
        ("x" * 15 + "e\u0301" + "x" * 9, "x" * 15),
        ("short", "short"),
    ],
)
def test_long_texts_are_cut_where_it_does_least_harm(text: str, expected: str) -> None:
    assert text[: cut(text, 0, 16)] == expected


def test_a_stretch_ends_where_a_sentence_does() -> None:
    one = "Mr. Smith of St. Ives, who was born in London, lives in Paris. "
    spans = list(split_sentences(one * 2000, "en"))
    assert spans == [(start, start + len(one) - 1) for start in range(0, len(one) * 2000, len(one))]


@pytest.mark.parametrize(
    "unit", ["x", "Ada was here, and Bob, and ", "Ada was born in London. ", "e\u0301", "它很好", "Ada came\r", "🤷🏽"]
)
def test_a_paragraph_without_end_is_linear_work_in_short_pieces(unit: str, extractor: Extractor) -> None:
    text = unit * (200_000 // len(unit.encode()))
    counting = Counting(extractor)
    sentences = [text[start:end] for start, end in split_sentences(text, "en")]
    counting.encode(sentences)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert counting.longest <= LONGEST_SENTENCE
    assert counting.characters <= len(text)


def test_reading_takes_no_more_memory_for_a_longer_file(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("Ada was born in London and " * 150_000)
    tracemalloc.start()
    try:
        sentences = sum(1 for paragraph in read_documents([path]) for _ in split_sentences(paragraph.text, "en"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sentences > 450
    assert peak < 4_000_000


def test_long_sentences_bound_what_is_read_ahead(extractor: Extractor, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(extractor)
    monkeypatch.setattr(extractor, "tokenizer", counting)
    text = "Ada was born in London and " * 4000
    first = next(extractor.records([Paragraph("doc", 0, text)], language="en", batch_size=2))
    assert first.windows > 10
    assert counting.characters <= 2 * LONGEST_SENTENCE


def test_a_sentence_of_a_long_paragraph_is_as_alone(tiny_model: str, sample: list[Sentence]) -> None:
    extractor = Extractor.from_pretrained(tiny_model)
    text = " ".join(sentence.text for sentence in sample[:150] if sentence.language == "en") * 2
    records = list(extractor.records([Paragraph("doc", 0, text)], language="en"))
    assert any(record.sentence.triples for record in records)
    for record in records:
        alone = extractor.extract(record.sentence.text, language="en")
        assert [t.key for t in alone.triples] == [t.key for t in record.sentence.triples]
        scores = [t.score for t in alone.triples]
        assert scores == pytest.approx([t.score for t in record.sentence.triples], abs=1e-3)


def test_known_sentences_are_not_read_again_and_the_rest_is_the_same(
    tiny_model: str, sample: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = Extractor.from_pretrained(tiny_model)
    paragraphs = [Paragraph(str(number), 0, sentence.text) for number, sentence in enumerate(sample[:50])]
    whole = list(extractor.records(paragraphs, batch_size=1))
    counting = Counting(extractor)
    monkeypatch.setattr(extractor, "tokenizer", counting)
    known = [Paragraph(record.document, record.sentence.start, record.sentence.text) for record in whole]
    for count in (0, 1, 16, 37, len(whole)):
        counting.characters = 0
        rest = list(extractor.records(paragraphs, batch_size=1, earlier=known[:count]))
        assert rest == whole[count:]
        assert bool(counting.characters) == bool(rest)
    for wrong in ([*known[:3], known[7]], [*known, known[0]]):
        with pytest.raises(InputError, match="has read another sentence"):
            list(extractor.records(paragraphs, batch_size=1, earlier=wrong))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with good files and bad ones."""
    root = tmp_path / "root"
    (root / "b" / "deep").mkdir(parents=True)
    (root / "b" / ".git").mkdir()
    (root / "a.txt").write_text("Ada.\nBob.")
    (root / "b" / "deep" / "c.md").write_text("Eve.")
    (root / "b" / ".git" / "config").write_text("hidden")
    (root / "b" / "d.txt.gz").write_bytes(gzip.compress(b"Dan."))
    write_jsonl([Sentence("Fay.", "en", id="f")], root / "e.jsonl")
    (root / "bad1.txt").write_bytes(b"Good line.\nBad \xff line.\nLost.")
    (root / "bad2.bin").write_bytes(b"\x7fELF\0\0")
    (root / "bad3.txt").write_bytes(b"")
    (root / "bad4.txt").write_bytes(b"x" * 100_000 + b"\n" + "\ud800".encode("utf-8", "surrogatepass"))
    (root / "bad5.txt").write_bytes(b"Fine.\n" * 20_000 + b"a\0b")
    (root / "bad6").symlink_to(root / "b")
    os.mkfifo(root / "bad7")
    return root


def test_a_folder_is_read_in_order_and_bad_files_are_told_one_by_one(folder: Path) -> None:
    failures: list[InputError] = []
    read = list(read_documents([folder], failed=failures.append))
    names = list(dict.fromkeys(paragraph.document.removeprefix(f"{folder}/") for paragraph in read))
    assert names == ["a.txt", "b/d.txt.gz", "b/deep/c.md", "bad1.txt", "bad4.txt", "bad5.txt", "e.jsonl:f"]
    assert [paragraph.text for paragraph in read if "bad1" in paragraph.document] == ["Good line.\n"]
    told = [str(failure).removeprefix(f"{folder}/") for failure in failures]
    expected = ["bad1.txt:2: not UTF-8", "bad2.bin: is a binary", "bad3.txt: is empty", "bad4.txt:2: not UTF-8"]
    expected += ["bad5.txt:20001: the line holds a NUL", "bad6: is a link", "bad7: is neither"]
    assert [line[: len(start)] for line, start in zip(told, expected, strict=True)] == expected
    assert not any("\n" in line for line in told)


def test_files_of_folders_are_chosen_by_name(folder: Path) -> None:
    read = read_documents([folder], chosen=lambda path: matches(path, "[ac].*"), failed=lambda _: None)
    assert {Path(paragraph.document).name for paragraph in read} == {"a.txt", "c.md"}
    with pytest.raises(InputError, match="holds no file to read"):
        list(read_documents([folder / "b"], chosen=lambda path: matches(path, "*.pdf")))


def test_a_folder_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> Iterator[os.DirEntry[str]]:
        if path.name == "deep":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    failures: list[InputError] = []
    list(read_documents([folder / "b"], failed=failures.append))
    assert [str(one) for one in failures] == [f"{folder}/b/deep: the folder cannot be read (Permission denied)"]


def test_lines_as_documents_keep_their_numbers_and_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Ada was here.\n\nBob too.\r\nEve")
    found = [(p.document.rpartition(":")[2], p.offset, p.text) for p in read_documents([path], lines=True)]
    assert found == [("1", 0, "Ada was here.\n"), ("2", 0, "\n"), ("3", 0, "Bob too.\r\n"), ("4", 0, "Eve")]


def test_half_a_surrogate_pair_in_a_text_is_refused(extractor: Extractor) -> None:
    for read in (extractor.extract, lambda text: list(extractor.pipe([text]))):
        with pytest.raises(InputError, match="half a surrogate pair"):
            read("Ada \ud800")
    with pytest.raises(InputError, match="half a surrogate pair"):
        list(extractor.records(read_documents(["Ada \udcff"])))
