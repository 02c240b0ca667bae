"""Batches: every sentence once, languages mixed, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from mere.inference.codec import Codec, Example
from mere.inference.e5 import E5File
from mere.inference.tokenizer import Tokenizer
from mere.schema import Schema, Sentence
from mere.training.batches import LanguageMixer, interleave


@pytest.fixture(scope="module")
def examples(sample: list[Sentence]) -> list[Example]:
    tokenizer = Tokenizer.of_e5(E5File.bundled("e5-small-enpt"))
    codec = Codec(Schema.of(sample), bos=0, eos=2, pad=1, max_tokens=200)
    tokens = tokenizer.encode([sentence.text for sentence in sample])
    return [codec.encode(sentence, one) for sentence, one in zip(sample, tokens, strict=True)]


def _texts(mixer: LanguageMixer, epoch: int) -> list[list[str]]:
    return [[mixer.examples[i].sentence.text for i in batch] for batch, _ in mixer.epoch(epoch)]


def test_an_epoch_has_every_sentence_once(examples: list[Example]) -> None:
    seen = Counter(text for batch in _texts(LanguageMixer(examples, batch_size=16, concatenate=4), 0) for text in batch)
    assert seen == Counter(example.sentence.text for example in examples)


def test_the_order_follows_from_seed_and_epoch(examples: list[Example]) -> None:
    def epoch(seed: int, number: int) -> list[list[str]]:
        return _texts(LanguageMixer(examples, batch_size=16, concatenate=4, seed=seed), number)

    assert epoch(1, 0) == epoch(1, 0)
    assert epoch(1, 0) != epoch(1, 1)
    assert epoch(1, 0) != epoch(2, 0)


def test_batches_hold_sentences_of_like_length(examples: list[Example]) -> None:
    mixer = LanguageMixer(examples, batch_size=16)
    padded = sum(len(batch) * max(len(examples[i].tokens) for i in batch) for batch, _ in mixer.epoch(0))
    assert padded < 1.15 * sum(len(example.tokens) for example in examples)


def test_neighbours_differ_in_language(examples: list[Example]) -> None:
    batch = list(range(0, 280, 9))
    for k in (2, 3, 4):
        mixed = interleave(batch, [examples[i].language for i in batch], k)
        assert sorted(mixed) == batch
        for start in range(0, len(mixed) - k + 1, k):
            assert len({examples[i].language for i in mixed[start : start + k]}) == k


def test_uniform_sampling_evens_the_languages_out(examples: list[Example]) -> None:
    german = [e for e in examples if e.sentence.language == "de"]
    skewed = german * 20 + [e for e in examples if e.sentence.language == "ko"]

    def share(sampling: str) -> float:
        mixer = LanguageMixer(skewed, batch_size=16, sampling=sampling)  # type: ignore[arg-type]
        drawn = [skewed[i].sentence.language for batch, _ in mixer.epoch(0) for i in batch]
        assert len(drawn) == len(skewed)
        return drawn.count("ko") / len(drawn)

    assert share("natural") == pytest.approx(1 / 21)
    assert share("uniform") == pytest.approx(0.5, abs=0.1)
    assert share("natural") < share("temperature") < share("uniform")
