"""A fake for tests: an extractor that finds the facts it was told of, at once, without a model.

>>> from mere.testing import fake_extractor
>>> extractor = fake_extractor([("Ada Lovelace", "birth-place", "London")])
>>> document = extractor.extract("It is cold. Ada Lovelace was born in London.")
>>> [(triple.head.start, triple.relation, triple.tail.text, triple.score) for triple in document.triples]
[(12, 'birth-place', 'London', 0.9)]

Only what a model would say is made up. Texts take the way that they always take: documents, languages, sentences,
normal forms, windows, batches, thresholds and offsets are the real ones, so that code which passes with the fake meets
nothing else with a model. It reads no model file and needs neither torch nor onnxruntime.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from mere.arrays import Floats, Integers
from mere.errors import InputError
from mere.inference.codec import Arrays, Codec, EntityScores
from mere.inference.extractor import Extractor
from mere.inference.normalise import normalise
from mere.inference.tokenizer import Tokens
from mere.schema import Schema

Fact = tuple[str, str, str] | tuple[str, str, str, float]
"""Names of head and tail around a relation and, unless it is `SCORE`, the score that its triples get."""

SCORE = 0.9

_MAX_TOKENS = 254
_BOS, _EOS, _PAD, _UNKNOWN, _FIRST = range(5)
_SURE = 40.0
"""A logit whose probability is 1 in double precision."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
"""Scripts in which a word's end, or the particle behind it, does not show: there every character is a word."""

_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")
_KEYBOARDS = ("ar", "fa")
"""Languages that spell each other's letters in their own way (see `mere.inference.normalise`)."""

Words = tuple[int, ...]
"""A name as the ids of its words."""


def fake_extractor(facts: Iterable[Fact], languages: Sequence[str] = ("en",)) -> Extractor:
    """Return an extractor that finds each fact in every sentence, of any language, that holds both of its names.

    Names are looked for as whole words, in the case in which they are given, and the first of several counts. As with
    a model, a relation brings a sentence eight heads and eight tails at most, of names that overlap but one, and a
    further triple of a relation that is less likely right than about a quarter is left out.

    Parameters
    ----------
    facts:
        Names of head and tail around a relation, and the score if not 0.9: ``("Ada", "birth-place", "London", 0.6)``.
    languages:
        Those that the model is to know; of others a text is told as what it is.

    Raises
    ------
    InputError
        For a fact of another form, a name without a word, or a score that is not above 0 and at most 1.
    SchemaError
        Where there is no fact, and so no relation, or no language.
    """
    checked = [_checked(fact) for fact in facts]
    schema = Schema(tuple(sorted({relation for _, relation, _, _ in checked})), tuple(languages))
    tokenizer = WordTokenizer.of_names(name for head, _, tail, _ in checked for name in (head, tail))
    stated = tuple(
        _Stated(schema.relations.index(relation), tokenizer.spellings(head), tokenizer.spellings(tail), score)
        for head, relation, tail, score in checked
    )
    codec = Codec(schema, bos=_BOS, eos=_EOS, pad=_PAD, max_tokens=_MAX_TOKENS)
    return Extractor(FactScorer(stated, len(schema.relations)), codec, tokenizer)


def _checked(fact: Fact) -> tuple[str, str, str, float]:
    """Return a fact with its score; raises `InputError` for what is none."""
    if isinstance(fact, str) or len(fact) not in (3, 4) or not all(isinstance(name, str) for name in fact[:3]):
        raise InputError(f"a fact must be a head, a relation and a tail, and its score if it has one, not {fact!r}")
    head, relation, tail, score = fact if len(fact) == 4 else (*fact, SCORE)
    if not (_WORD.search(head) and relation and _WORD.search(tail)):
        raise InputError(f"a fact must name a head, a relation and a tail, which {fact!r} does not")
    if not isinstance(score, int | float) or not 0 < score <= 1:
        raise InputError(f"the score of a fact must be above 0 and at most 1, not {score!r}")
    return head, relation, tail, score


class WordTokenizer:
    """Cuts texts into words; those of names have ids of their own (see `mere.inference.reader.Encoder`).

    Parameters
    ----------
    vocabulary:
        The ids of these words.
    """

    word_score = None

    def __init__(self, vocabulary: dict[str, int]) -> None:
        self.vocabulary = vocabulary
        self.bos, self.eos, self.pad = _BOS, _EOS, _PAD

    @classmethod
    def of_names(cls, names: Iterable[str]) -> WordTokenizer:
        """Return a tokenizer that knows the words of ``names`` in all their spellings."""
        words = sorted({word for name in names for form in _forms(name) for word in _WORD.findall(form)})
        return cls({word: number for number, word in enumerate(words, _FIRST)})

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of every text; nothing is cut off."""
        return [self._encode(text) for text in texts]

    def spellings(self, name: str) -> frozenset[Words]:
        """Return the ids of a name's words, in all its spellings."""
        return frozenset(tuple(self._encode(form).ids.tolist()) for form in _forms(name))

    def _encode(self, text: str) -> Tokens:
        matches = list(_WORD.finditer(text))
        ids = [self.vocabulary.get(match.group(), _UNKNOWN) for match in matches]
        starts, ends = [match.start() for match in matches], [match.end() for match in matches]
        return Tokens(*(np.array(values, np.int64) for values in (ids, starts, ends)))


def _forms(name: str) -> set[str]:
    """Return a name as sentences of different languages have it when they are in their normal form."""
    return {normalise(name, language).text for language in ("", *_KEYBOARDS)}


@dataclass(frozen=True)
class _Stated:
    """A fact as the scorer looks for it: the relation's index, and the spellings of its names."""

    relation: int
    heads: frozenset[Words]
    tails: frozenset[Words]
    score: float

    @property
    def logit(self) -> float:
        """What gives the score."""
        return min(math.log(self.score) - math.log1p(-self.score), _SURE) if self.score < 1 else _SURE


@dataclass(frozen=True)
class _Mention:
    """A fact in a sentence: the relation's index, first and last positions of head and tail, and the logit."""

    relation: int
    head: tuple[int, int]
    tail: tuple[int, int]
    logit: float


@dataclass(frozen=True)
class FactScorer:
    """Scores as high as it is told what it is told of, and nothing else (see `mere.inference.predictor.Scorer`).

    Parameters
    ----------
    facts:
        What it is told of.
    relation_count:
        How many relations there are.
    """

    facts: tuple[_Stated, ...]
    relation_count: int

    def relations(self, arrays: Arrays) -> tuple[list[list[_Mention]], Floats]:
        """Return what each of B sentences states, as the states, and B×R relation margins."""
        ids = [row[mask].tolist() for row, mask in zip(arrays.ids, arrays.mask, strict=True)]
        states = [list(self._mentions(row)) for row in ids]
        margins = np.full((len(ids), self.relation_count), -_SURE, np.float32)
        for row, mentions in enumerate(states):
            margins[row, [mention.relation for mention in mentions]] = _SURE
        return states, margins

    def entities(
        self, states: list[list[_Mention]], arrays: Arrays, rows: Integers, relations: Integers
    ) -> EntityScores:
        """Return the entity scores of P (row, relation) pairs; what is not stated is impossible."""
        length = arrays.ids.shape[1]
        parts = np.full((4, len(rows), length, length), -np.inf)  # in double precision, so that scores are as given
        head, tail, starts, ends = parts
        for pair, (row, relation) in enumerate(zip(rows.tolist(), relations.tolist(), strict=True)):
            for mention in states[row]:
                if mention.relation == relation:
                    head[pair][mention.head] = tail[pair][mention.tail] = _SURE
                    starts[pair, mention.head[0], mention.tail[0]] = mention.logit
                    ends[pair, mention.head[1], mention.tail[1]] = mention.logit
        return EntityScores(*parts)

    def _mentions(self, ids: list[int]) -> Iterator[_Mention]:
        present = set(ids)
        for fact in self.facts:
            tails = list(_places(ids, fact.tails, present))
            pairs = ((head, tail) for head in _places(ids, fact.heads, present) for tail in tails)
            apart = ((head, tail) for head, tail in pairs if head[1] < tail[0] or tail[1] < head[0])
            yield from (_Mention(fact.relation, head, tail, fact.logit) for head, tail in islice(apart, 1))


def _places(ids: list[int], names: frozenset[Words], present: set[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last positions of a name, in the order of the sentence."""
    possible = [name for name in names if present.issuperset(name)]
    for start in range(len(ids) if possible else 0):
        for name in possible:
            if tuple(ids[start : start + len(name)]) == name:
                yield start, start + len(name) - 1
