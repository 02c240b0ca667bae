"""Other entities in the sentences of a corpus, so that training learns how a relation is stated rather than of whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from mere.data.patterns.generate import is_generated
from mere.model.codec import Codec, Example
from mere.model.tokenizer import Tokenizer
from mere.schema import Sentence, Span, Triple

ENOUGH = 8
"""Sentences that must state a relation in a language for its entities to be swapped there."""


class EntitySwapper:
    """Puts the head, the tail or both of another sentence with the same relation and language into a sentence.

    Only sentences with a single triple are changed: of several triples one could become false. Generated ones are left
    alone; their entities vary as it is.

    Parameters
    ----------
    examples:
        The training data, which entities are drawn from.
    share:
        How many of the sentences that can be changed are, 0..1.
    seed:
        With the number of the step it fixes everything.
    """

    def __init__(
        self, examples: Sequence[Example], codec: Codec, tokenizer: Tokenizer, *, share: float, seed: int
    ) -> None:
        self._codec, self._tokenizer = codec, tokenizer
        self._share, self._seed = share, seed
        self._known: defaultdict[tuple[str, str], list[Triple]] = defaultdict(list)
        for example in examples:
            if _can_change(example.sentence):
                self._known[_kind(example.sentence)].append(example.sentence.triples[0])

    def swap(self, examples: Sequence[Example], step: int) -> list[Example]:
        """Return the batch of a ``step`` with a share of its sentences changed."""
        random = np.random.default_rng([self._seed, step])
        return [self._changed(one, random) if random.random() < self._share else one for one in examples]

    def _changed(self, example: Example, random: np.random.Generator) -> Example:
        sentence = example.sentence
        known = self._known[_kind(sentence)] if _can_change(sentence) else ()
        if len(known) < ENOUGH:
            return example
        own, other = sentence.triples[0], known[random.integers(len(known))]
        pairs = ((other.head, other.tail), (other.head, own.tail), (own.head, other.tail))
        head, tail = pairs[random.integers(len(pairs))]
        changed = replaced(sentence, head.text, tail.text)
        encoded = self._codec.encode(changed, self._tokenizer.encode([changed.text])[0])
        return encoded if encoded.links else example


def replaced(sentence: Sentence, head: str, tail: str) -> Sentence:
    """Return a sentence with one triple with another ``head`` and ``tail`` in it."""
    (triple,) = sentence.triples
    spans = [(triple.head, head), (triple.tail, tail)]
    text, end, found = "", 0, {}
    for old, new in sorted(spans, key=lambda pair: pair[0].start):
        text += sentence.text[end : old.start]
        found[old] = Span(len(text), len(text) + len(new), new, old.type)
        text, end = text + new, old.end
    text += sentence.text[end:]
    changed = Triple(found[triple.head], triple.relation, found[triple.tail])
    return Sentence(text, sentence.language, (changed,), sentence.id)


def _can_change(sentence: Sentence) -> bool:
    if len(sentence.triples) != 1 or is_generated(sentence):
        return False
    head, tail = sentence.triples[0].head, sentence.triples[0].tail
    return head.end <= tail.start or tail.end <= head.start


def _kind(sentence: Sentence) -> tuple[str, str]:
    return sentence.language, sentence.triples[0].relation if sentence.triples else ""
