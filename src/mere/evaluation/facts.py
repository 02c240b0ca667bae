"""Scores of facts: what is said, whichever way round (docs/concepts/evaluation.md).

A triple that is turned round by its relation's inverse or symmetry states the same fact, and relations may state the
same with the same tail; the catalogue of relations tells. *Strict* wants both spans exact, *lenient* both overlapping,
where one predicted fact matches at most one gold fact and the other way round. Torch-free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mere.arrays import Integers
from mere.data.catalogue import Catalogue
from mere.evaluation.bootstrap import Breakdown, Score, breakdowns, score_all
from mere.schema import Sentence, Triple

Place = tuple[int, int]
"""Start and end of a span."""

KINDS = ("strict", "lenient")


class Fact(NamedTuple):
    """A triple in canonical form; equal facts are the same fact of a sentence."""

    relation: str
    head: Place
    tail: Place
    symmetric: bool = False

    def overlaps(self, other: Fact) -> bool:
        """Whether both say the same of spans that overlap."""
        if self.relation != other.relation:
            return False
        straight = _overlap(self.head, other.head) and _overlap(self.tail, other.tail)
        crosswise = self.symmetric and _overlap(self.head, other.tail) and _overlap(self.tail, other.head)
        return straight or crosswise


@dataclass(frozen=True)
class Alarms:
    """Sentences that state nothing, and in how many of them something was predicted."""

    sentences: int
    with_triple: int

    @property
    def share(self) -> float | None:
        """The share with a triple, 0..1; None where no sentence states nothing."""
        return self.with_triple / self.sentences if self.sentences else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"sentences": self.sentences, "with_triple": self.with_triple, "share": self.share}


@dataclass(frozen=True)
class FactScores:
    """How well the facts of sentences are found.

    Attributes
    ----------
    strict, lenient:
        Scores over all sentences, by language, and their mean.
    relations:
        By kind of `KINDS`, the score of each canonical relation that is stated or predicted.
    forms:
        By canonical relation, all relations that state its facts.
    stated:
        By canonical relation, how many gold facts there are.
    empty:
        By language, the sentences that state nothing; only those that were annotated for all relations count.
    sentences:
        Number of sentences.
    """

    strict: Breakdown
    lenient: Breakdown
    relations: Mapping[str, Mapping[str, Score]]
    forms: Mapping[str, tuple[str, ...]]
    stated: Mapping[str, int]
    empty: Mapping[str, Alarms]
    sentences: int

    @property
    def all_empty(self) -> Alarms:
        """The sentences of all languages that state nothing."""
        return Alarms(
            sum(alarms.sentences for alarms in self.empty.values()),
            sum(alarms.with_triple for alarms in self.empty.values()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; a relation goes by its canonical name, ``forms`` lists what that covers."""

        def plain(kind: str, breakdown: Breakdown) -> dict[str, Any]:
            return {
                "micro": breakdown.micro.to_dict(),
                "macro": breakdown.macro.to_dict(),
                "languages": {name: score.to_dict() for name, score in breakdown.languages.items()},
                "relations": {name: score.to_dict() for name, score in self.relations[kind].items()},
            }

        empty = {language: alarms.to_dict() for language, alarms in self.empty.items()}
        return {
            "strict": plain("strict", self.strict),
            "lenient": plain("lenient", self.lenient),
            "empty_with_triple": {**self.all_empty.to_dict(), "languages": empty},
            "forms": {name: list(forms) for name, forms in self.forms.items()},
            "stated": dict(self.stated),
            "sentences": self.sentences,
        }


def score_facts(
    gold: Sequence[Sentence],
    predicted: Sequence[Sequence[Triple]],
    catalogue: Catalogue | None = None,
    *,
    seed: int = 0,
) -> FactScores:
    """Score ``predicted`` triples, one sequence a sentence, as facts; the package's catalogue, unless another is given.

    Where a sentence was annotated for some relations only, predictions of others are left out: whether they are right
    is unknown. A relation was looked for where any that states its facts was.
    """
    catalogue = Catalogue.default() if catalogue is None else catalogue
    pairs = [
        (facts_of(sentence.triples, catalogue), _looked_for(facts_of(triples, catalogue), sentence, catalogue))
        for sentence, triples in zip(gold, predicted, strict=True)
    ]
    names = sorted({fact.relation for pair in pairs for side in pair for fact in side})
    counts = _count(pairs, names)
    languages = [sentence.language for sentence in gold]
    strict, lenient = breakdowns(counts.sum(1), languages, seed)
    by_relation = score_all(counts.reshape(len(gold), len(names) * len(KINDS), 3), seed)
    return FactScores(
        strict,
        lenient,
        {kind: dict(zip(names, by_relation[index :: len(KINDS)], strict=True)) for index, kind in enumerate(KINDS)},
        {name: catalogue.equivalents(name) for name in names},
        dict(zip(names, counts[:, :, 0, 2].sum(0).tolist(), strict=True)),
        _alarms(gold, [have for _, have in pairs]),
        len(gold),
    )


def facts_of(triples: Iterable[Triple], catalogue: Catalogue) -> frozenset[Fact]:
    """Return the facts that triples of one sentence state, each once."""
    return frozenset(_fact(triple, catalogue) for triple in triples)


def matches(gold: Collection[Fact], predicted: Collection[Fact]) -> int:
    """Return how many pairs of overlapping facts can be made, each fact in one pair at most."""
    wanted = sorted(gold)
    taken: dict[int, Fact] = {}

    def place(fact: Fact, seen: set[int]) -> bool:
        """Give ``fact`` a gold fact, for which another may have to move to its second choice."""
        for index, candidate in enumerate(wanted):
            if index in seen or not fact.overlaps(candidate):
                continue
            seen.add(index)
            if index not in taken or place(taken[index], seen):
                taken[index] = fact
                return True
        return False

    return sum(place(fact, set()) for fact in sorted(predicted))


def _fact(triple: Triple, catalogue: Catalogue) -> Fact:
    form = catalogue.canonical(triple.relation)
    head, tail = ((span.start, span.end) for span in (triple.head, triple.tail))
    if form.turned or (form.symmetric and tail < head):
        head, tail = tail, head
    return Fact(form.relation, head, tail, form.symmetric)


def _overlap(a: Place, b: Place) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _looked_for(facts: frozenset[Fact], sentence: Sentence, catalogue: Catalogue) -> frozenset[Fact]:
    if sentence.annotated is None:
        return facts
    names = {catalogue.canonical(relation).relation for relation in sentence.annotated}
    return frozenset(fact for fact in facts if fact.relation in names)


def _count(pairs: Sequence[tuple[frozenset[Fact], frozenset[Fact]]], names: Sequence[str]) -> Integers:
    """Return S×R×2×3 counts by sentence, relation and kind of `KINDS` of facts that are right, predicted and gold."""
    counts = np.zeros((len(pairs), len(names), len(KINDS), 3), np.int64)
    columns = {name: column for column, name in enumerate(names)}
    for row, (want, have) in enumerate(pairs):
        for name in {fact.relation for fact in want | have}:
            wanted = {fact for fact in want if fact.relation == name}
            had = {fact for fact in have if fact.relation == name}
            right = (len(wanted & had), matches(wanted, had))
            counts[row, columns[name]] = [(number, len(had), len(wanted)) for number in right]
    return counts


def _alarms(gold: Sequence[Sentence], predicted: Sequence[Collection[Fact]]) -> dict[str, Alarms]:
    """Count by language, of all languages, the sentences that state nothing, and those with a prediction."""
    sentences: Counter[str] = Counter()
    with_triple: Counter[str] = Counter()
    for sentence, facts in zip(gold, predicted, strict=True):
        if sentence.annotated is None and not sentence.triples:
            sentences[sentence.language] += 1
            with_triple[sentence.language] += bool(facts)
    languages = sorted({sentence.language for sentence in gold})
    return {name: Alarms(sentences[name], with_triple[name]) for name in languages}
