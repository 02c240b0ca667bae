"""Scores of predicted against gold triples, by the protocol of docs/concepts/evaluation.md.

A triple is right when its relation, its head offsets and its tail offsets all are. Scores are computed over all gold
triples, those lost to length limits included. `mere.evaluation.facts` has what counts besides as the same. Torch-free.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mere.arrays import Integers
from mere.data.catalogue import Catalogue
from mere.evaluation.bootstrap import Score, breakdowns, f1
from mere.evaluation.facts import FactScores, score_facts
from mere.schema import Sentence, Triple

_KEYS: dict[str, Callable[[Triple], Hashable]] = {
    "triple": lambda triple: triple.key,
    "relation": lambda triple: triple.relation,
    "entity": lambda triple: triple.key[1:],
    "triple_surface": lambda triple: (triple.head.text, triple.relation, triple.tail.text),
    "entity_surface": lambda triple: (triple.head.text, triple.tail.text),
}
"""What counts as the same: ``entity`` is the pair of spans in order; ``…_surface`` compares strings, not offsets."""

Scores = Mapping[str, Score]


@dataclass(frozen=True)
class Evaluation:
    """How well triples are found.

    Attributes
    ----------
    micro, macro, languages:
        Scores by kind (`triple`, `relation`, `entity`, and by surface string): over all sentences, the mean over
        languages, and of each language.
    sentences, lost_to_length:
        Number of sentences, and of gold triples that the model could not see.
    facts:
        The same triples as facts.
    fully_annotated:
        Facts of the sentences that were annotated for all relations, the only ones in which precision means what a
        reader takes it to mean; None where there are none.
    """

    micro: Scores
    macro: Scores
    languages: Mapping[str, Scores]
    sentences: int
    lost_to_length: int
    facts: FactScores
    fully_annotated: FactScores | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as ``mere evaluate --json`` writes them.

        ``facts_fully_annotated`` is there only where that differs from ``facts``.
        """

        def plain(scores: Scores) -> dict[str, Any]:
            return {kind: score.to_dict() for kind, score in scores.items()}

        values = {
            "micro": plain(self.micro),
            "macro": plain(self.macro),
            "languages": {language: plain(scores) for language, scores in self.languages.items()},
            "sentences": self.sentences,
            "lost_to_length": self.lost_to_length,
            "facts": self.facts.to_dict(),
        }
        if self.fully_annotated is not None and self.mixed:
            values["facts_fully_annotated"] = self.fully_annotated.to_dict()
        return values

    @property
    def mixed(self) -> bool:
        """Whether some of the sentences were annotated for all relations, and others for some only."""
        return self.fully_annotated is not None and self.fully_annotated.sentences < self.sentences


def count(gold: Sequence[Sentence], predicted: Sequence[Sequence[Triple]], kind: str) -> Integers:
    """Return S×3 counts of right, predicted and gold items, a sentence a row; ``kind`` is a key of `Scores`."""
    key = _KEYS[kind]
    rows = []
    for sentence, triples in zip(gold, predicted, strict=True):
        want = {key(triple) for triple in sentence.triples}
        have = {key(triple) for triple in triples if sentence.looked_for(triple.relation)}
        rows.append((len(want & have), len(have), len(want)))
    return np.array(rows, np.int64).reshape(-1, 3)


def evaluate(
    gold: Sequence[Sentence],
    predicted: Sequence[Sequence[Triple]],
    *,
    lost_to_length: int = 0,
    seed: int = 0,
    catalogue: Catalogue | None = None,
) -> Evaluation:
    """Score ``predicted`` triples, one sequence a sentence, against ``gold``.

    ``catalogue`` tells which triples are the same fact; without one, the package's does.
    """
    counts = np.stack([count(gold, predicted, kind) for kind in _KEYS], axis=1)
    by_kind = dict(zip(_KEYS, breakdowns(counts, [sentence.language for sentence in gold], seed), strict=True))
    facts = score_facts(gold, predicted, catalogue, seed=seed)
    full = [row for row, sentence in enumerate(gold) if sentence.annotated is None]
    fully_annotated = None
    if full:
        mixed = len(full) < len(gold)
        chosen = [gold[row] for row in full], [predicted[row] for row in full]
        fully_annotated = score_facts(*chosen, catalogue, seed=seed) if mixed else facts
    return Evaluation(
        {kind: scores.micro for kind, scores in by_kind.items()},
        {kind: scores.macro for kind, scores in by_kind.items()},
        {
            language: {kind: scores.languages[language] for kind, scores in by_kind.items()}
            for language in by_kind["triple"].languages
        },
        len(gold),
        lost_to_length,
        facts,
        fully_annotated,
    )


def micro_f1(gold: Sequence[Sentence], predicted: Sequence[Sequence[Triple]], kind: str) -> float:
    """F1 over all sentences, without an interval."""
    return float(f1(count(gold, predicted, kind).sum(0)))
