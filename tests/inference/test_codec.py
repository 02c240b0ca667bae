"""The codec: what goes in as gold comes out as a prediction, with the offsets it had."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.data.formats import read_all
from mere.errors import SchemaError
from mere.inference.codec import Codec, EntityScores, Example
from mere.inference.e5 import E5File
from mere.inference.tokenizer import Tokenizer
from mere.schema import Schema, Sentence, Span, Triple

SCHEMA = Schema(("born-in", "has-job"), ("de", "en"))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.of_e5(E5File.bundled("e5-small-enpt"))


def _codec(tokenizer: Tokenizer, schema: Schema = SCHEMA, max_tokens: int = 100) -> Codec:
    return Codec(schema, bos=tokenizer.bos, eos=tokenizer.eos, pad=tokenizer.pad, max_tokens=max_tokens)


def _perfect(codec: Codec, example: Example) -> tuple[Triple, ...]:
    """Decode scores that say exactly what the example's links say."""
    size = len(example.tokens) + 2
    margins = np.full(len(codec.schema.relations), -5.0, np.float32)
    scores = []
    for relation in example.relations:
        margins[relation] = 5.0
        parts = np.full((4, size, size), -5.0, np.float32)
        for link in (link for link in example.links if link.relation == relation):
            parts[0][link.head] = parts[1][link.tail] = 5.0
            parts[2, link.head[0], link.tail[0]] = parts[3, link.head[1], link.tail[1]] = 5.0
        scores.append(EntityScores(*parts))
    sentence = (example.sentence.text, example.tokens, example.language)
    return codec.decode(codec.candidates(*sentence, margins, example.relations, scores))


def _encode(codec: Codec, tokenizer: Tokenizer, sentence: Sentence) -> Example:
    return codec.encode(sentence, tokenizer.encode([sentence.text])[0])


def test_several_triples_of_several_relations_survive(tokenizer: Tokenizer) -> None:
    text = "Ada Lovelace and Alan Turing, both mathematicians, were born in London."
    ada, alan = Span.of(text, 0, 12), Span.of(text, 17, 28)
    job, place = Span.of(text, 35, 49), Span.of(text, 64, 70)
    triples = tuple(
        Triple(head, relation, tail)
        for head in (ada, alan)
        for relation, tail in (("born-in", place), ("has-job", job))
    )
    codec = _codec(tokenizer)
    example = _encode(codec, tokenizer, Sentence(text, "en", triples))
    assert example.lost == 0
    assert {triple.key for triple in _perfect(codec, example)} == {triple.key for triple in triples}


def test_scores_are_probabilities_best_first(tokenizer: Tokenizer) -> None:
    codec = _codec(tokenizer)
    text = "Ada was born in London."
    triple = Triple(Span.of(text, 0, 3), "born-in", Span.of(text, 16, 22))
    found = _perfect(codec, _encode(codec, tokenizer, Sentence(text, "en", (triple,))))
    assert all(0 < triple.score < 1 for triple in found)
    assert [triple.score for triple in found] == sorted((triple.score for triple in found), reverse=True)


@st.composite
def _marked(draw: st.DrawFn) -> Sentence:
    words = st.text(st.sampled_from("abzÄñ한국مرЖ½ﬁ🤷🏽e\u0301क\u093c"), min_size=1, max_size=6)
    head, middle, tail, rest = draw(st.tuples(words, words, words, words))
    text = f"{head} {middle} {tail}\u200b {rest}"
    start = len(head) + len(middle) + 2
    return Sentence(
        text, "en", (Triple(Span.of(text, 0, len(head)), "born-in", Span.of(text, start, start + len(tail))),)
    )


@settings(max_examples=100, deadline=None)
@given(sentence=_marked())
def test_offsets_round_trip_for_words_of_any_script(tokenizer: Tokenizer, sentence: Sentence) -> None:
    codec = _codec(tokenizer)
    example = _encode(codec, tokenizer, sentence)
    found = _perfect(codec, example)
    for triple in found:
        for span in (triple.head, triple.tail):
            assert sentence.text[span.start : span.end] == span.text
    if example.lost == 0:
        assert [triple.key for triple in found] == [triple.key for triple in sentence.triples]
    elif not (sentence.text[0] in "\u0301\u093c🏽" or "½" in sentence.text or "ﬁ" in sentence.text):
        heads = sentence.triples[0].head.text, sentence.triples[0].tail.text
        assert any(part[0] in "\u0301\u093c🏽" or part[-1] in "\u200b" for part in heads), heads


def test_a_triple_beyond_the_limit_is_counted_as_lost(tokenizer: Tokenizer) -> None:
    text = "Ada was born, so they say, in London."
    sentence = Sentence(text, "en", (Triple(Span.of(text, 0, 3), "born-in", Span.of(text, 30, 36)),))
    assert _encode(_codec(tokenizer), tokenizer, sentence).lost == 0
    cut = _encode(_codec(tokenizer, max_tokens=6), tokenizer, sentence)
    assert (cut.lost, cut.links) == (1, ())


def test_a_span_inside_a_token_is_lost_but_learned_from(tokenizer: Tokenizer) -> None:
    text = "London calling"
    sentence = Sentence(text, "en", (Triple(Span.of(text, 0, 3), "born-in", Span.of(text, 7, 14)),))
    example = _encode(_codec(tokenizer), tokenizer, sentence)
    assert example.lost == 1
    assert len(example.links) == 1


def test_an_unknown_relation_is_an_error(tokenizer: Tokenizer) -> None:
    text = "Ada likes London"
    sentence = Sentence(text, "en", (Triple(Span.of(text, 0, 3), "likes", Span.of(text, 10, 16)),))
    with pytest.raises(SchemaError, match="'likes'"):
        _encode(_codec(tokenizer), tokenizer, sentence)


def test_an_unknown_language_goes_to_the_shared_sub_module(tokenizer: Tokenizer) -> None:
    codec = _codec(tokenizer)
    assert codec.language_index("de") == 0
    assert codec.languages[codec.language_index("sw")] == "other"


def test_head_and_tail_never_overlap(tokenizer: Tokenizer) -> None:
    codec = _codec(tokenizer)
    text = "Ada London"
    tokens = tokenizer.encode([text])[0]
    size = len(tokens) + 2
    parts = np.full((4, size, size), -np.inf, np.float32)
    parts[:2, 1, 1] = 9.0
    parts[2:, 1:-1, 1:-1] = 9.0
    assert codec.candidates(text, tokens, 1, np.array([1.0, -1.0], np.float32), [0], [EntityScores(*parts)]) == []


def test_of_two_readings_of_a_span_the_better_is_kept(tokenizer: Tokenizer) -> None:
    codec = _codec(tokenizer)
    text = "Ada King was born in London"
    tokens = tokenizer.encode([text])[0]
    size = len(tokens) + 2
    parts = np.full((4, size, size), -5.0, np.float32)
    last = next(i for i in range(len(tokens)) if tokens.ends[i] == 8) + 1
    parts[0, 1, last], parts[0, 1, 1] = 6.0, 5.0  # "Ada King" before "Ada"
    parts[1, size - 2, size - 2] = 5.0
    parts[2:] = 5.0
    found = codec.candidates(text, tokens, 1, np.array([1.0, -1.0], np.float32), [0], [EntityScores(*parts)])
    assert [one.triple.head.text for one in found] == ["Ada King"]


@pytest.mark.parametrize(("logit", "found"), [(-0.5, {"Ada", "Max"}), (-1.5, {"Max"})])
def test_a_further_pair_need_not_be_above_trainings_threshold(
    tokenizer: Tokenizer, logit: float, found: set[str]
) -> None:
    codec = _codec(tokenizer)
    text = "London bore Ada, Max"
    tokens = tokenizer.encode([text])[0]
    ada, last = (next(i for i in range(len(tokens)) if tokens.ends[i] == end) + 1 for end in (15, 20))
    size = len(tokens) + 2
    parts = np.full((4, size, size), -5.0, np.float32)
    parts[0, 1, 1] = parts[1, last, last] = 5.0
    parts[1, ada, ada] = logit
    parts[2:] = 5.0
    candidates = codec.candidates(text, tokens, 1, np.array([3.0, -1.0], np.float32), [0], [EntityScores(*parts)])
    assert {one.triple.tail.text for one in candidates} == found


def test_no_triple_of_the_real_corpus_is_lost(real_data: Path) -> None:
    sentences = list(read_all(sorted((real_data / "smiler").glob("*_dev.tsv"))))
    whole = Tokenizer.of_e5(E5File.bundled("e5-small"))
    codec = _codec(whole, Schema.of(sentences), max_tokens=254)
    tokens = whole.encode([sentence.text for sentence in sentences])
    examples = [codec.encode(sentence, one) for sentence, one in zip(sentences, tokens, strict=True)]
    assert sum(example.lost for example in examples) == 0
    for example in examples:
        assert [triple.key for triple in _perfect(codec, example)] == [t.key for t in example.sentence.triples]
