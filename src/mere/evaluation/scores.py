"""Scores of predicted against gold triples, by the protocol of the design, §7.

A triple is right when its relation, its head offsets and its tail offsets all are. Scores are computed over all gold
triples, those lost to length limits included. Torch-free.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mere.arrays import Integers
from mere.schema import Sentence, Triple

_RESAMPLES = 1000
_DRAWN_AT_ONCE = 10_000_000

_KEYS: dict[str, Callable[[Triple], Hashable]] = {
    "triple": lambda triple: triple.key,
    "relation": lambda triple: triple.relation,
    "entity": lambda triple: triple.key[1:],
    "triple_surface": lambda triple: (triple.head.text, triple.relation, triple.tail.text),
    "entity_surface": lambda triple: (triple.head.text, triple.tail.text),
}
"""What counts as the same: ``entity`` is the pair of spans in order; ``…_surface`` compares strings, not offsets."""


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, each 0..1, with the 95 % bootstrap interval of F1."""

    precision: float
    recall: float
    f1: float
    ci95: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, "ci95": list(self.ci95)}


Scores = dict[str, Score]


@dataclass(frozen=True)
class Evaluation:
    """Scores by kind (`triple`, `relation`, `entity`, and by surface string), micro, macro and per language."""

    micro: Scores
    macro: Scores
    languages: dict[str, Scores]
    sentences: int
    lost_to_length: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as ``mere evaluate --json`` writes them."""

        def plain(scores: Scores) -> dict[str, Any]:
            return {kind: score.to_dict() for kind, score in scores.items()}

        return {
            "micro": plain(self.micro),
            "macro": plain(self.macro),
            "languages": {language: plain(scores) for language, scores in self.languages.items()},
            "sentences": self.sentences,
            "lost_to_length": self.lost_to_length,
        }


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
    gold: Sequence[Sentence], predicted: Sequence[Sequence[Triple]], *, lost_to_length: int = 0, seed: int = 0
) -> Evaluation:
    """Score ``predicted`` triples, one sequence a sentence, against ``gold``."""
    languages = sorted({sentence.language for sentence in gold})
    rows = {
        language: np.array([i for i, sentence in enumerate(gold) if sentence.language == language])
        for language in languages
    }
    micro: Scores = {}
    macro: Scores = {}
    per_language: dict[str, Scores] = {language: {} for language in languages}
    for kind in _KEYS:
        counts = count(gold, predicted, kind)
        samples = {
            language: resample(counts[rows[language]], np.random.default_rng([seed, index]))
            for index, language in enumerate(languages)
        }
        micro[kind] = _score(counts.sum(0), resample(counts, np.random.default_rng(seed)))
        for language in languages:
            per_language[language][kind] = _score(counts[rows[language]].sum(0), samples[language])
        macro[kind] = _mean([per_language[language][kind] for language in languages], list(samples.values()))
    return Evaluation(micro, macro, per_language, len(gold), lost_to_length)


def resample(counts: Integers, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw bootstrap F1 scores: sentences with replacement from S×3 counts."""
    size = len(counts)
    if not size:
        return np.zeros(_RESAMPLES)
    rows = max(1, _DRAWN_AT_ONCE // size)
    totals = [
        random.multinomial(size, np.full(size, 1 / size), size=min(rows, _RESAMPLES - start)) @ counts
        for start in range(0, _RESAMPLES, rows)
    ]
    return f1(np.concatenate(totals))


def micro_f1(gold: Sequence[Sentence], predicted: Sequence[Sequence[Triple]], kind: str) -> float:
    """F1 over all sentences, without an interval."""
    return float(f1(count(gold, predicted, kind).sum(0)))


def f1(counts: Integers) -> NDArray[np.float64]:
    """F1 from right, predicted and gold counts (last axis); with nothing to find and nothing found it is 1."""
    right, predicted, gold = np.moveaxis(counts, -1, 0).astype(float)
    total = predicted + gold
    return np.where(total > 0, 2 * right / np.maximum(total, 1), 1.0)


def _score(total: Integers, samples: NDArray[np.float64]) -> Score:
    right, predicted, gold = (int(value) for value in total)
    precision = right / predicted if predicted else float(gold == 0)
    recall = right / gold if gold else float(predicted == 0)
    return Score(precision, recall, float(f1(total)), _interval(samples))


def _mean(scores: Sequence[Score], samples: Sequence[NDArray[np.float64]]) -> Score:
    if not scores:
        return Score(0.0, 0.0, 0.0, (0.0, 0.0))
    precision, recall, mean = (
        float(np.mean([getattr(score, part) for score in scores])) for part in ("precision", "recall", "f1")
    )
    return Score(precision, recall, mean, _interval(np.mean(samples, axis=0)))


def _interval(samples: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)
