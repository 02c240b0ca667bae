"""Whatever the text, what is written comes back the same."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mere.data.characters import splits_character
from mere.data.formats import read_sentences, write_sentences
from mere.data.report import Report
from mere.schema import Sentence, Span, Triple

# a plain text is mostly letters of one block; these are the characters that break things
DIFFICULT = (
    "e\u0301\u0323👩\u200d🚀🏽❤\ufe0f\u200b\ufeff\u200e\u200f\u202eשָׁלמ\u0651"
    "\u2028\u2029\x85\x0b\x1c\t\"\\'<>/e12 \U000e0101\U0010ffff"
)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from(DIFFICULT)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\r\n"), min_size=1)


@st.composite
def spans(draw: st.DrawFn, text: str, *, typed: bool) -> Span:
    cuts = [position for position in range(len(text) + 1) if not splits_character(text, position)]
    start, end = sorted(draw(st.lists(st.sampled_from(cuts), min_size=2, max_size=2, unique=True)))
    return Span.of(text, start, end, draw(st.none() | NAMES) if typed else None)


@st.composite
def sentences(draw: st.DrawFn, *, smiler: bool) -> Sentence:
    text = draw(st.text(CHARACTERS, min_size=1))
    assume(not text.isspace())
    count = draw(st.integers(0, 1 if smiler else 4))
    span = spans(text, typed=not smiler)
    relations = NAMES.filter(lambda name: name != "no_relation" and not name.isspace())
    triples = tuple(Triple(draw(span), draw(relations), draw(span)) for _ in range(count))
    language = draw(st.sampled_from(["de", "zh-Hant", "ar"]))
    return Sentence(text, language, triples, draw(st.none() | NAMES))


def there_and_back(written: list[Sentence], name: str) -> tuple[list[Sentence], Report]:
    report = Report()
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        write_sentences(written, path, report=report)
        return list(read_sentences(path, report=report)), report


@given(st.lists(sentences(smiler=False), min_size=1, max_size=4), st.sampled_from(["a.jsonl", "a.jsonl.gz"]))
@settings(deadline=None)
def test_jsonl(written: list[Sentence], name: str) -> None:
    read, report = there_and_back(written, name)
    assert read == written
    assert not report.counts


@given(sentences(smiler=True), st.sampled_from(["a.tsv", "a.tsv.gz"]))
@settings(deadline=None)
def test_smiler(written: Sentence, name: str) -> None:
    assume(not any(tag in written.text for tag in ("<e1>", "</e1>", "<e2>", "</e2>", "\r", "\n")))
    for triple in written.triples:
        assume(all(span.text == span.text.strip() for span in (triple.head, triple.tail)))
    (read,), _ = there_and_back([written], name)
    id = written.id
    if id is not None and id.isdecimal():
        id = f"{written.language}-{id}"
    assert read == Sentence(written.text, written.language, written.triples, id)


@given(st.lists(st.tuples(st.text(CHARACTERS), st.sampled_from(["<e1>", "</e1>", "<e2>", "</e2>"])), max_size=8), NAMES)
@settings(deadline=None)
def test_any_disorder_of_tags_gives_exact_offsets_or_a_notice(pieces: list[tuple[str, str]], form: str) -> None:
    marked = "".join(part for piece in pieces for part in piece).replace("\n", "").replace("\r", "")
    report = Report()
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.tsv")
        header = "id\tentity_1\tentity_2\tlabel\ttext\tlang"
        path.write_text(f"{header}\n1\t{form}\t{form}\teats\t{marked}\tde\n", encoding="utf-8", newline="")
        read = list(read_sentences(path, report=report))
    assert len(read) + report.count("dropped") >= 1
    for sentence in read:
        (triple,) = sentence.triples
        for span in (triple.head, triple.tail):
            assert Span.of(sentence.text, span.start, span.end) == span
            assert span.text == span.text.strip()
