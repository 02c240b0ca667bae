"""Swapped entities: the sentence says the same of others, its offsets hold, and what must not change does not."""

from __future__ import annotations

import pytest

from mere.model.codec import Codec, Example
from mere.model.e5 import E5File
from mere.model.tokenizer import Tokenizer
from mere.schema import Schema, Sentence, Span, Triple
from mere.training.swapping import ENOUGH, EntitySwapper, replaced

SCHEMA = Schema(("birth-place",), ("de", "en"))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.of_e5(E5File.bundled("e5-small-enpt"))


@pytest.fixture(scope="module")
def codec(tokenizer: Tokenizer) -> Codec:
    return Codec(SCHEMA, bos=tokenizer.bos, eos=tokenizer.eos, pad=tokenizer.pad, max_tokens=100)


def _sentence(text: str, head: str, tail: str, language: str = "en", id: str | None = None) -> Sentence:
    first, second = (Span.of(text, text.index(part), text.index(part) + len(part)) for part in (head, tail))
    return Sentence(text, language, (Triple(first, "birth-place", second),), id)


def _encode(codec: Codec, tokenizer: Tokenizer, sentences: list[Sentence]) -> list[Example]:
    tokens = tokenizer.encode([sentence.text for sentence in sentences])
    return [codec.encode(sentence, one) for sentence, one in zip(sentences, tokens, strict=True)]


def _people(language: str, count: int = ENOUGH) -> list[Sentence]:
    said = "was born in" if language == "en" else "kam zur Welt in"
    pairs = [(f"Person {language}{i}x", f"Town {language}{i}x") for i in range(count)]
    return [_sentence(f"{head} {said} {tail}.", head, tail, language) for head, tail in pairs]


def test_head_and_tail_are_replaced_wherever_they_stand() -> None:
    text = "In 🌲Ulm, his Köln, was Max née Bo born."
    sentence = _sentence(text, "Max née Bo", "🌲Ulm")
    changed = replaced(sentence, "Ida", "Bad Ems")
    assert changed.text == "In Bad Ems, his Köln, was Ida born."
    (triple,) = changed.triples
    assert [changed.text[span.start : span.end] for span in (triple.head, triple.tail)] == ["Ida", "Bad Ems"]
    assert (triple.head.text, triple.relation, triple.tail.text) == ("Ida", "birth-place", "Bad Ems")


def test_entities_come_from_the_same_relation_and_language(codec: Codec, tokenizer: Tokenizer) -> None:
    examples = _encode(codec, tokenizer, _people("en") + _people("de"))
    swapper = EntitySwapper(examples, codec, tokenizer, share=1.0, seed=1)
    kinds = set()
    for step in range(20):
        for old, new in zip(examples, swapper.swap(examples, step), strict=True):
            (before,), (after,) = old.sentence.triples, new.sentence.triples
            language = old.sentence.language
            assert after.head.text.startswith(f"Person {language}")
            assert after.tail.text.startswith(f"Town {language}")
            assert new.sentence.text == old.sentence.text.replace(before.head.text, after.head.text).replace(
                before.tail.text, after.tail.text
            )
            assert (new.lost, len(new.links), new.language) == (0, 1, old.language)
            kinds.add((before.head.text == after.head.text, before.tail.text == after.tail.text))
    assert len(kinds) == 4


def test_what_could_become_false_stays(codec: Codec, tokenizer: Tokenizer) -> None:
    two = _sentence("Ada and Bo were born in Ulm.", "Ada", "Ulm")
    two = Sentence(two.text, "en", (*two.triples, *_sentence(two.text, "Bo", "Ulm").triples))
    generated = _sentence("Ada is from Ulm.", "Ada", "Ulm", id="en/birth-place/3/1-17")
    nothing = Sentence("It rains.", "en")
    rare = _people("de", ENOUGH - 1)
    kept = [two, generated, nothing, *rare]
    examples = _encode(codec, tokenizer, [*kept, *_people("en")])
    swapper = EntitySwapper(examples, codec, tokenizer, share=1.0, seed=1)
    for step in range(5):
        swapped = [example.sentence for example in swapper.swap(examples, step)]
        assert swapped[: len(kept)] == kept
        assert swapped[len(kept) :] != [example.sentence for example in examples[len(kept) :]]


def test_the_step_fixes_what_is_swapped(codec: Codec, tokenizer: Tokenizer) -> None:
    examples = _encode(codec, tokenizer, _people("en", 200))

    def texts(step: int, share: float = 0.3) -> list[str]:
        swapper = EntitySwapper(examples, codec, tokenizer, share=share, seed=1)
        return [example.sentence.text for example in swapper.swap(examples, step)]

    assert texts(3) == texts(3) != texts(4)
    before = [example.sentence.text for example in examples]
    assert texts(3, share=0.0) == before
    assert 30 < sum(old != new for old, new in zip(before, texts(3), strict=True)) < 90
