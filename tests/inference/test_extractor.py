"""The extractor: nothing lost, nothing moved, the same whatever comes along."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.arrays import Floats
from mere.errors import InputError
from mere.inference.codec import Arrays
from mere.inference.documents import OVERLAP, Paragraph, split_sentences, windows
from mere.inference.extractor import Extractor
from mere.inference.language_id import UNDETERMINED, LanguageIdentifier
from mere.nn.joint import JointModel, ModelConfig, TorchScorer
from mere.schema import Schema, Sentence

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.lists(
    st.sampled_from(
        ["Ada was born in London.", "Köln liegt am Rhein!", "它很好。", "مرحبا؟", "\n\n", " ", "🤷🏽", "z. B."]
    )
).map(" ".join)


@pytest.fixture(scope="module")
def extractor(tiny_backbone: str, sample: list[Sentence]) -> Extractor:
    """Random weights, moved so that most sentences get triples; windows of 30 tokens."""
    torch.manual_seed(1)
    model = JointModel(ModelConfig(backbone=tiny_backbone, hidden=16, span=8, max_tokens=30), Schema.of(sample)).eval()
    with torch.no_grad():
        model.relation_head.scores.bias[0] -= 0.1
    return Extractor(TorchScorer(model), model.codec, model.backbone.tokenizer)


def test_alone_in_a_batch_and_in_a_stream(extractor: Extractor, sample: list[Sentence]) -> None:
    texts = [sentence.text for sentence in sample[::7]]
    alone = [extractor.extract(text) for text in texts]
    together = extractor.extract(texts, batch_size=7)
    streamed = list(extractor.pipe(iter(texts), batch_size=5))
    for one, other, third in zip(alone, together, streamed, strict=True):
        assert [t.key for t in one.triples] == [t.key for t in other.triples] == [t.key for t in third.triples]
        assert [t.score for t in one.triples] == pytest.approx([t.score for t in other.triples], abs=1e-3)
        assert [[s.language for s in d.sentences] for d in (one, other, third)] == [
            [s.language for s in one.sentences]
        ] * 3
    assert sum(bool(one.triples) for one in alone) > 15


def test_long_pieces_of_text_go_in_small_batches(
    extractor: Extractor, sample: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [sentence.text for sentence in sample[::4]]
    expected = extractor.extract(texts, language="en")
    shapes: list[tuple[int, ...]] = []
    relations = extractor.scorer.relations

    def watched(arrays: Arrays) -> tuple[Any, Floats]:
        shapes.append(arrays.mask.shape)
        return relations(arrays)

    monkeypatch.setattr(extractor.scorer, "relations", watched)
    monkeypatch.setattr("mere.inference.predictor.SQUARE", 8 * 20**2)
    found = extractor.extract(texts, language="en")
    assert all(rows == 1 or rows * length**2 <= 8 * 20**2 for rows, length in shapes)
    assert len({rows for rows, _ in shapes}) > 3
    assert [[t.key for t in one.triples] for one in found] == [[t.key for t in one.triples] for one in expected]


def test_a_sentence_of_a_document_is_as_alone(extractor: Extractor, sample: list[Sentence]) -> None:
    text = "\n".join(sentence.text for sentence in sample[:20])
    for record in extractor.records([Paragraph("doc", 0, text)]):
        assert text[record.sentence.start :].startswith(record.sentence.text)
        alone = extractor.extract(record.sentence.text)
        assert [t.key for t in alone.triples] == [t.key for t in record.sentence.triples]


def test_a_long_text_is_read_to_its_end(extractor: Extractor) -> None:
    text = "Ada Lovelace was born in London and " * 40 + "Bob lives in Paris"
    sentence = extractor.extract(text, language="en")
    assert sentence.text == text
    ends = [triple.tail.end for triple in sentence.triples] + [triple.head.end for triple in sentence.triples]
    assert max(ends) > len(text) - 200
    assert min(ends) < 200
    for triple in sentence.triples:
        for span in (triple.head, triple.tail):
            assert text[span.start : span.end] == span.text
    assert len({triple.key for triple in sentence.triples}) == len(sentence.triples)


@pytest.mark.parametrize("size", [30, 100, 254])
@pytest.mark.parametrize("length", [0, 1, 29, 30, 31, 99, 100, 101, 5000])
def test_windows_cover_every_token_and_overlap(extractor: Extractor, size: int, length: int) -> None:
    tokens = extractor.tokenizer.encode(["a " * length])[0]
    parts = windows(tokens, size)
    covered: set[int] = set()
    for part in parts:
        assert len(part) <= size
        covered |= set(part.starts.tolist())
    assert covered == set(tokens.starts.tolist())
    for one, other in pairwise(parts):
        shared = set(one.starts.tolist()) & set(other.starts.tolist())
        assert len(shared) >= min(OVERLAP, size // 2) - 1


@settings(max_examples=80, deadline=None)
@given(text=TEXT, language=st.sampled_from(["de", "en", "ko", "ar", "", "und"]))
def test_sentence_splitting_loses_nothing_but_white_space(text: str, language: str) -> None:
    position = 0
    for start, end in split_sentences(text, language):
        assert text[start:end] == text[start:end].strip() != ""
        assert not text[position:start].strip()
        position = end
    assert not text[position:].strip()


@settings(max_examples=40, deadline=None)
@given(text=TEXT)
def test_any_text_has_spans_that_hold(extractor: Extractor, text: str) -> None:
    sentence = extractor.extract(text)
    assert sentence.text == text
    for triple in sentence.triples:
        assert 0 < triple.score < 1
        for span in (triple.head, triple.tail):
            assert text[span.start : span.end] == span.text != ""


def test_several_threads_get_what_one_gets(extractor: Extractor, sample: list[Sentence]) -> None:
    texts = [sentence.text for sentence in sample[::14]]
    expected = [extractor.extract(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(extractor.extract, texts))
    assert [[t.key for t in one.triples] for one in found] == [[t.key for t in one.triples] for one in expected]


def test_threshold_takes_the_place_of_thresholds(extractor: Extractor, sample: list[Sentence]) -> None:
    texts = [sentence.text for sentence in sample[::10]]
    every = [(row, t) for row, one in enumerate(extractor.extract(texts, threshold=0.0)) for t in one.triples]
    usual = {(row, t.key) for row, one in enumerate(extractor.extract(texts)) for t in one.triples}
    assert usual < {(row, triple.key) for row, triple in every}
    least = sorted(triple.score for _, triple in every)[len(every) // 2]
    left = [(row, t.key) for row, one in enumerate(extractor.extract(texts, threshold=least)) for t in one.triples]
    assert sorted(left) == sorted((row, triple.key) for row, triple in every if triple.score >= least)
    with pytest.raises(InputError, match="exclude each other"):
        extractor.extract(texts, threshold=0.5, precise=True)


def test_languages_are_told_apart(sample: list[Sentence]) -> None:
    identifier = LanguageIdentifier(sorted({sentence.language for sentence in sample}))
    right = sum(identifier.identify(sentence.text).language == sentence.language for sentence in sample)
    assert right / len(sample) > 0.9
    assert identifier.identify("12345").language == UNDETERMINED


def test_what_is_no_text_is_refused(extractor: Extractor) -> None:
    with pytest.raises(InputError, match="must be a string, not int"):
        extractor.extract([3])  # type: ignore[list-item]
    with pytest.raises(InputError, match="does not know the language 'sw'"):
        extractor.extract("Habari", language="sw")


def test_nothing_gives_nothing(extractor: Extractor) -> None:
    assert extractor.extract([]) == []
    assert extractor.extract("").triples == ()
    assert list(extractor.records([Paragraph("doc", 0, " \n\n ")])) == []
