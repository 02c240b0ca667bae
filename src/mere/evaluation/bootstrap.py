"""Precision, recall and F1 from counts, with 95 % bootstrap intervals: sentences are drawn with replacement.

Counts are integers S×…×3: a sentence a row, whatever is counted apart, and last how many items are right, predicted and
gold. The same seed draws the same sentences, so that scores of one data set can be compared. Torch-free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mere.arrays import Doubles, Integers

RESAMPLES = 1000
_DRAWN_AT_ONCE = 10_000_000


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


@dataclass(frozen=True)
class Breakdown:
    """Scores over all sentences (``micro``), by language, and the mean over languages (``macro``)."""

    micro: Score
    macro: Score
    languages: Mapping[str, Score]


def breakdowns(counts: Integers, languages: Sequence[str], seed: int = 0) -> list[Breakdown]:
    """Score K things that were counted apart, over all sentences and by language.

    Parameters
    ----------
    counts:
        S×K×3: right, predicted and gold ones of each sentence.
    languages:
        Those of the S sentences.
    seed:
        Seeds the drawing; the same one draws the same sentences.
    """
    names = sorted(set(languages))
    of_sentence = np.array(languages)
    drawn: list[Doubles] = []
    by_language: list[list[Score]] = []
    for index, name in enumerate(names):
        rows = counts[of_sentence == name]
        drawn.append(resampled_f1(rows, np.random.default_rng([seed, index])))
        by_language.append(scores(rows.sum(0), drawn[-1]))
    micro = score_all(counts, seed)
    return [
        Breakdown(
            micro[kind],
            _mean([of_kind[kind] for of_kind in by_language], [samples[:, kind] for samples in drawn]),
            {name: of_kind[kind] for name, of_kind in zip(names, by_language, strict=True)},
        )
        for kind in range(counts.shape[1])
    ]


def score_all(counts: Integers, seed: int = 0) -> list[Score]:
    """Score K things that were counted apart over all sentences; ``counts`` are S×K×3."""
    return scores(counts.sum(0), resampled_f1(counts, np.random.default_rng(seed)))


def scores(totals: Integers, samples: Doubles) -> list[Score]:
    """Return K scores.

    Parameters
    ----------
    totals:
        K×3: right, predicted and gold ones.
    samples:
        R×K F1 scores of resampled sentences.
    """
    return [_score(total, samples[:, kind]) for kind, total in enumerate(totals)]


def resampled_f1(counts: Integers, random: np.random.Generator) -> Doubles:
    """Return R×… F1 scores of resampled sentences from S×…×3 counts; zeros where there is no sentence."""
    if not len(counts):
        return np.zeros((RESAMPLES, *counts.shape[1:-1]))
    return f1(resampled(counts, random))


def resampled(counts: Integers, random: np.random.Generator, resamples: int = RESAMPLES) -> Doubles:
    """Return R×…×3 totals of as many sentences as there are, drawn with replacement from S×…×3 counts; S is not 0."""
    size = len(counts)
    flat = counts.reshape(size, -1).astype(float)  # whole numbers all the same, and many times faster to multiply
    rows = max(1, _DRAWN_AT_ONCE // size)
    totals = [
        random.multinomial(size, np.full(size, 1 / size), size=min(rows, resamples - start)).astype(float) @ flat
        for start in range(0, resamples, rows)
    ]
    return np.concatenate(totals).reshape(resamples, *counts.shape[1:])


def f1(counts: Integers | Doubles) -> Doubles:
    """F1 from right, predicted and gold counts (last axis); with nothing to find and nothing predicted it is 1."""
    right, predicted, gold = np.moveaxis(counts, -1, 0).astype(float)
    total = predicted + gold
    return np.where(total > 0, 2 * right / np.maximum(total, 1), 1.0)


def _score(total: Integers, samples: Doubles) -> Score:
    right, predicted, gold = (int(value) for value in total)
    precision = right / predicted if predicted else float(gold == 0)
    recall = right / gold if gold else float(predicted == 0)
    return Score(precision, recall, float(f1(total)), _interval(samples))


def _mean(scores: Sequence[Score], samples: Sequence[Doubles]) -> Score:
    if not scores:
        return Score(0.0, 0.0, 0.0, (0.0, 0.0))
    precision, recall, mean = (
        float(np.mean([getattr(score, name) for score in scores])) for name in ("precision", "recall", "f1")
    )
    return Score(precision, recall, mean, _interval(np.mean(samples, axis=0)))


def _interval(samples: Doubles) -> tuple[float, float]:
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)
