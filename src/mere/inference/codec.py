"""The codec: gold triples to token indices, model scores to triples with character offsets.

Everything that turns scores into triples is here, in plain numpy, for training, evaluation, command line and runtime
alike; `mere.inference.decoding` gives them their probabilities and says which are predicted. A sentence of n tokens
goes into the model as n+2 positions: bos, the tokens, eos.

The entity head gives four n×n matrices for a sentence and one of its relations (docs/concepts/method.md):
``head[i, j]`` scores the span of tokens i to j as the head, ``tail[i, j]`` as the tail, ``link_start[i, k]`` says that
a head starting at i goes with a tail starting at k, and ``link_end[j, l]`` the same of their last tokens. Zero is the
threshold of training.

Torch-free.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mere.arrays import Bools, Floats, Integers
from mere.errors import SchemaError
from mere.inference.decoding import Candidate, Decoding, Evidence
from mere.inference.tokenizer import Tokens
from mere.schema import Schema, Sentence, Span, Triple

SHARED_MODULE = "other"
"""Name of the shared sub-module, which languages go through that the schema does not know; its index is the last."""

CANDIDATES = 8
"""How many head spans and tail spans of a relation are paired in decoding."""

LEAST_LOGIT = -1.0
"""Least logit of a relation's further pairs, below training's threshold: which ones count is for the scores to say."""


@dataclass(frozen=True)
class Link:
    """One gold triple in token positions: first and last position of head and tail, and the relation's index.

    ``types`` are the indices of the entity types of head and tail, -1 for none.
    """

    relation: int
    head: tuple[int, int]
    tail: tuple[int, int]
    types: tuple[int, int] = (-1, -1)


@dataclass(frozen=True)
class Example:
    """One sentence, encoded. ``lost`` counts gold triples that no prediction can match (see `Codec.encode`)."""

    sentence: Sentence
    tokens: Tokens
    language: int
    links: tuple[Link, ...]
    lost: int

    @property
    def relations(self) -> tuple[int, ...]:
        """Indices of the sentence's gold relations, each once, sorted."""
        return tuple(sorted({link.relation for link in self.links}))


@dataclass(frozen=True)
class Arrays:
    """A padded batch of B sentences and N positions, as the model takes it.

    Attributes
    ----------
    ids, mask:
        B×N token ids (bos and eos included) and which of them are real.
    spannable:
        B×N: positions that can start or end a span; special, padding and invisible tokens cannot.
    language:
        B indices of `Codec.languages`.
    states:
        B×N×d states that were computed before, if any.
    """

    ids: Integers
    mask: Bools
    spannable: Bools
    language: Integers
    states: Floats | None = None


@dataclass(frozen=True)
class EntityScores:
    """What the entity head says of P (sentence, relation) pairs: four P×N×N arrays (see the module's docstring).

    ``types`` is P×N×2×2×T where the schema has entity types: scores of head and tail by their first and last token.
    """

    head: Floats
    tail: Floats
    link_start: Floats
    link_end: Floats
    types: Floats | None = None

    def of(self, pair: int, size: int) -> EntityScores:
        """Return the size×size scores of one pair, without its padding."""
        parts = (self.head, self.tail, self.link_start, self.link_end)
        head, tail, link_start, link_end = (scores[pair, :size, :size] for scores in parts)
        types = None if self.types is None else self.types[pair, :size]
        return EntityScores(head, tail, link_start, link_end, types)


@dataclass(frozen=True)
class Codec:
    """Encodes and decodes by one schema.

    Parameters
    ----------
    schema:
        Relations and languages.
    bos, eos, pad:
        Ids of the backbone's special tokens.
    max_tokens:
        Longest sentence in tokens; what lies beyond is not seen.
    decoding:
        Gives scores and chooses among candidates.
    only:
        The relations that are looked at; None looks at all.
    """

    schema: Schema
    bos: int
    eos: int
    pad: int
    max_tokens: int
    decoding: Decoding = field(default_factory=Decoding)
    only: frozenset[str] | None = None

    def with_decoding(self, decoding: Decoding) -> Codec:
        """Return a codec that decodes otherwise."""
        return replace(self, decoding=decoding)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The schema's languages and, last, the shared sub-module's name."""
        return (*self.schema.languages, SHARED_MODULE)

    @cached_property
    def _relations(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.schema.relations)}

    @cached_property
    def _languages(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.schema.languages)}

    @cached_property
    def _types(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.schema.entity_types)}

    def language_index(self, language: str) -> int:
        """Index of ``language``, or of the shared sub-module for one that the schema does not know."""
        return self._languages.get(language, len(self._languages))

    def encode(self, sentence: Sentence, tokens: Tokens) -> Example:
        """Express the gold triples in token positions.

        A triple is lost, and counted as such, when a span lies beyond ``max_tokens`` or does not begin and end where
        tokens do; the latter is still learned from, widened to whole tokens. Raises `SchemaError` for a relation that
        the schema does not know.
        """
        tokens = tokens.window(0, self.max_tokens)
        links = []
        lost = 0
        for triple in sentence.triples:
            if triple.relation not in self._relations:
                raise SchemaError(
                    f"relation '{triple.relation}' is not one of the model's {len(self._relations)} relations"
                )
            head, tail = self._positions(tokens, triple.head), self._positions(tokens, triple.tail)
            if head is not None and tail is not None:
                types = (self._types.get(triple.head.type or "", -1), self._types.get(triple.tail.type or "", -1))
                links.append(Link(self._relations[triple.relation], head, tail, types))
            exact = all(
                positions is not None and self._span(sentence.text, tokens, *positions)[:2] == (span.start, span.end)
                for positions, span in ((head, triple.head), (tail, triple.tail))
            )
            lost += not exact
        return Example(sentence, tokens, self.language_index(sentence.language), tuple(links), lost)

    def batch(
        self,
        tokens: Sequence[Tokens],
        languages: Sequence[int],
        *,
        rows: int | None = None,
        states: Sequence[Floats] | None = None,
    ) -> Arrays:
        """Pad sentences to one batch.

        Parameters
        ----------
        tokens, languages:
            Those of each sentence; languages by index.
        rows:
            How many rows there are to be; those beyond the sentences are padding.
        states:
            Each sentence's (n+2)×d states, where they were computed before.
        """
        length = max(map(len, tokens)) + 2
        shape = (rows or len(tokens), length)
        ids = np.full(shape, self.pad, np.int64)
        mask = np.zeros(shape, np.bool_)
        spannable = np.zeros(shape, np.bool_)
        for row, sentence_tokens in enumerate(tokens):
            end = len(sentence_tokens) + 1
            ids[row, 0], ids[row, 1:end], ids[row, end] = self.bos, sentence_tokens.ids, self.eos
            mask[row, : end + 1] = True
            spannable[row, 1:end] = sentence_tokens.ends > sentence_tokens.starts
        padded = [*languages, *[len(self._languages)] * (shape[0] - len(tokens))]
        stacked = None
        if states is not None:
            stacked = np.zeros((*shape, states[0].shape[1]), np.float32)
            for row, row_states in enumerate(states):
                stacked[row, : len(row_states)] = row_states
        return Arrays(ids, mask, spannable, np.array(padded, np.int64), stacked)

    def select(self, margins: Floats) -> tuple[Integers, Integers]:
        """Return P rows and P relation indices of what is worth looking at, where B×R margins are high enough."""
        possible = self.decoding.possible(margins, self.schema.relations)
        if self.only is not None:
            possible &= np.array([relation in self.only for relation in self.schema.relations])
        rows, relations = np.nonzero(possible)
        return rows, relations

    def candidates(
        self,
        text: str,
        tokens: Tokens,
        language: int,
        margins: Floats,
        relations: Sequence[int],
        scores: Sequence[EntityScores],
    ) -> list[Candidate]:
        """Turn the scores of one sentence into candidate triples.

        Parameters
        ----------
        text, tokens, language:
            The sentence; the language's index.
        margins:
            R relation scores above (or below) *no relation*.
        relations, scores:
            The relations looked at and, for each, N×N entity scores.
        """
        judged = []
        for relation, entity in zip(relations, scores, strict=True):
            for rank, pair in enumerate(_pairs(entity)):
                triple = Triple(
                    Span(*self._span(text, tokens, *pair.head), self._type(entity, 0, *pair.head)),
                    self.schema.relations[relation],
                    Span(*self._span(text, tokens, *pair.tail), self._type(entity, 1, *pair.tail)),
                )
                evidence = Evidence(self.languages[language], float(margins[relation]), pair.logit, best=rank == 0)
                judged.append(self.decoding.calibration.judge(triple, evidence))
        return judged

    def decode(self, candidates: Sequence[Candidate], *, precise: bool = False) -> tuple[Triple, ...]:
        """Choose among a sentence's candidates; each triple once, best first (see `Decoding.choose`)."""
        return self.decoding.choose(candidates, precise=precise)

    def _positions(self, tokens: Tokens, span: Span) -> tuple[int, int] | None:
        """First and last position of the tokens that cover ``span``, or None where one end is not covered."""
        visible = tokens.ends > tokens.starts
        touching = np.nonzero(visible & (tokens.starts < span.end) & (tokens.ends > span.start))[0]
        cut_off = len(tokens) == self.max_tokens and tokens.ends[-1] < span.end
        if cut_off or not len(touching):
            return None
        return int(touching[0]) + 1, int(touching[-1]) + 1

    def _span(self, text: str, tokens: Tokens, first: int, last: int) -> tuple[int, int, str]:
        """Offsets and text of the span from position ``first`` to ``last``, marks kept with their letter."""
        start, end = int(tokens.starts[first - 1]), int(tokens.ends[last - 1])
        while end < len(text) and unicodedata.category(text[end]) in ("Mn", "Me", "Mc"):
            end += 1
        while start > 0 and unicodedata.category(text[start]) in ("Mn", "Me", "Mc"):
            start -= 1
        return start, end, text[start:end]

    def _type(self, scores: EntityScores, role: int, first: int, last: int) -> str | None:
        """Entity type of a head (role 0) or tail (role 1), where the schema has any."""
        if scores.types is None:
            return None
        return self.schema.entity_types[int(np.argmax(scores.types[first, role, 0] + scores.types[last, role, 1]))]


@dataclass(frozen=True)
class _Pair:
    """Head and tail in positions; the logit is the weakest of its four scores."""

    head: tuple[int, int]
    tail: tuple[int, int]
    logit: float

    def rivals(self, other: _Pair) -> bool:
        """Whether both say much the same: a span of one overlaps the other's, but is not equal to it."""
        return _crosses(self.head, other.head) or _crosses(self.tail, other.tail)


def _crosses(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first != second and first[0] <= second[1] and second[0] <= first[1]


def _pairs(scores: EntityScores) -> list[_Pair]:
    """Pair head and tail spans, best first: the best always, others where all four scores are above `LEAST_LOGIT`.

    Of rivals only the better one is kept; a head that overlaps its tail is none.
    """
    heads, tails = _best_spans(scores.head), _best_spans(scores.tail)
    parts = np.broadcast_arrays(
        scores.head[heads[0], heads[1]][:, None],
        scores.tail[tails[0], tails[1]][None, :],
        scores.link_start[heads[0][:, None], tails[0][None, :]],
        scores.link_end[heads[1][:, None], tails[1][None, :]],
    )
    total, weakest = np.sum(parts, axis=0), np.min(parts, axis=0)
    overlap = (heads[0][:, None] <= tails[1][None, :]) & (tails[0][None, :] <= heads[1][:, None])
    total = np.where(overlap, -np.inf, total)
    kept: list[_Pair] = []
    for flat in np.argsort(-total, axis=None, kind="stable"):
        h, t = np.unravel_index(flat, total.shape)
        if not np.isfinite(total[h, t]):
            break
        if kept and weakest[h, t] <= LEAST_LOGIT:
            continue
        pair = _Pair((int(heads[0][h]), int(heads[1][h])), (int(tails[0][t]), int(tails[1][t])), float(weakest[h, t]))
        if not any(pair.rivals(better) for better in kept):
            kept.append(pair)
    return kept


def _best_spans(scores: Floats) -> tuple[Integers, Integers]:
    """First and last positions of the best `CANDIDATES` spans of an N×N matrix."""
    flat = scores.reshape(-1)
    best = np.argpartition(flat, -min(CANDIDATES, flat.size))[-CANDIDATES:]
    best = best[np.isfinite(flat[best])]
    first, last = np.unravel_index(best, scores.shape)
    return first, last
