"""Fits a codec's decoding to dev data, and measures how far its scores can be trusted. Torch-free.

Dev data is small, so everything is held back by what is true without it: curves by the model's own logits, a
language's shift by none, a relation's precise threshold by the one of all relations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import msgspec
import numpy as np
from numpy.typing import NDArray

from mere.arrays import Bools, Doubles
from mere.data.splits import split_by_id
from mere.evaluation.logistic import fit_logistic
from mere.evaluation.scores import count, micro_f1
from mere.inference.decoding import LOWEST, Calibration, Candidate, Curve, Decoding, Precise, Thresholds
from mere.schema import Sentence, Triple

Names = NDArray[np.object_]
Judged = Sequence[Sequence[Candidate]]
"""Candidates with their scores, a sequence a sentence."""

PRECISION = 0.9
"""Precision that the precise thresholds are to reach, where nothing else is wished."""

BINS = 10
"""Bins of equal width in which scores are compared with the share of right triples."""

LEAST = 30
"""Candidates that a language or a relation must have for anything of its own."""

UNFITTED = Decoding(thresholds=Thresholds(0.5))
"""What epochs are compared by, before anything is fitted."""

OPEN = Decoding(thresholds=Thresholds(0.1))
"""Decodes what is to be fitted to: relations that are less likely stated are not looked at."""

_GRID = tuple(round(0.1 + 0.02 * step, 2) for step in range(31))
"""Thresholds that are tried: coarse, so that small dev data is not fitted."""

_LANGUAGE_RIDGE = 8.0
"""Inverse variance of the languages' shifts, in logits."""

_RELATION_PRIOR, _PRECISION_PRIOR = 200, 50
"""Candidates that the shared threshold, and the scores themselves, count for beside those that were seen."""


@dataclass(frozen=True)
class Bin:
    """Triples whose scores lie between ``low`` and ``high``: how many, their mean score, the share that is right."""

    low: float
    high: float
    count: int
    score: float
    right: float


@dataclass(frozen=True)
class Reliability:
    """How far scores can be trusted; each half of the data was judged by a decoding fitted on the other.

    Attributes
    ----------
    bins:
        The predicted triples by score; empty bins are left out.
    ece:
        Expected calibration error: the mean of the bins' differences between score and share, by their counts.
    f1:
        Micro F1 of triples and of relations.
    precise:
        Precision and recall of triples at the precise thresholds; None where there are none.
    wished:
        The precision that they were to reach.
    """

    bins: tuple[Bin, ...]
    ece: float
    f1: tuple[float, float]
    precise: tuple[float, float] | None
    wished: float


def fit_decoding(
    judged: Judged, gold: Sequence[Sentence], precision: float = PRECISION
) -> tuple[Decoding, Reliability]:
    """Fit a decoding to the candidates of dev data, and tell how far it can be trusted.

    Parameters
    ----------
    judged:
        The candidates of every sentence, by a codec that decodes by `OPEN` (see
        `mere.evaluation.predictions.gold_candidates`).
    gold:
        The sentences.
    precision:
        What the precise thresholds are to reach.
    """
    return fit(judged, gold, precision), cross_fit(judged, gold, precision)


def fit(judged: Judged, gold: Sequence[Sentence], precision: float = PRECISION) -> Decoding:
    """Return the decoding that does best on ``gold``, given the candidates of every sentence.

    The threshold of the score is that with the best triple F1.
    """
    calibration = _calibration(_Table.of(judged, gold))
    judged = _judge(judged, calibration)
    tried = [Decoding(calibration, Thresholds(LOWEST), threshold) for threshold in _GRID]
    best = max(
        tried, key=lambda decoding: micro_f1(gold, [decoding.choose(candidates) for candidates in judged], "triple")
    )
    table = _Table.of(judged, gold)
    return msgspec.structs.replace(best, precise=_precise(table.where(table.score >= best.floor), precision))


def cross_fit(judged: Judged, gold: Sequence[Sentence], precision: float = PRECISION) -> Reliability:
    """Fit on each half of the data, by id, and judge the other."""
    # By id, which translations share: no sentence is judged by a fit to its own translation.
    first = [name == "first" for name, _ in split_by_id(gold, {"first": 0.5, "second": 0.5})]
    default: list[tuple[Triple, ...]] = [()] * len(gold)
    sure: list[tuple[Triple, ...]] = [()] * len(gold)
    reached = True
    for half in (True, False):
        here = [index for index, is_first in enumerate(first) if is_first == half]
        there = [index for index, is_first in enumerate(first) if is_first != half]
        decoding = fit([judged[i] for i in here], [gold[i] for i in here], precision)
        reached &= decoding.precise is not None
        for index, candidates in zip(there, _judge([judged[i] for i in there], decoding.calibration), strict=True):
            default[index] = decoding.choose(candidates)
            sure[index] = decoding.choose(candidates, precise=True) if decoding.precise else ()
    right, predicted, wanted = count(gold, sure, "triple").sum(0).tolist()
    bins = triple_bins(gold, default)
    return Reliability(
        bins,
        expected_calibration_error(bins),
        (micro_f1(gold, default, "triple"), micro_f1(gold, default, "relation")),
        (right / max(predicted, 1), right / max(wanted, 1)) if reached else None,
        precision,
    )


def triple_bins(gold: Sequence[Sentence], predicted: Sequence[Sequence[Triple]]) -> tuple[Bin, ...]:
    """Sort the triples that were predicted, one sequence a sentence, by their scores; as `bins_of`."""
    scores = np.array([triple.score for triples in predicted for triple in triples])
    right = [
        triple.key in {stated.key for stated in sentence.triples}
        for sentence, triples in zip(gold, predicted, strict=True)
        for triple in triples
    ]
    return bins_of(scores, np.array(right, np.bool_))


def bins_of(scores: Doubles, right: Bools) -> tuple[Bin, ...]:
    """Sort scores into `BINS` bins of equal width; bins without any are left out.

    Parameters
    ----------
    scores:
        S numbers, 0..1.
    right:
        S answers.
    """
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(b / BINS, (b + 1) / BINS, int(here.sum()), float(scores[here].mean()), float(right[here].mean()))
        for b in range(BINS)
        if (here := place == b).any()
    )


def expected_calibration_error(bins: Iterable[Bin]) -> float:
    """Return the mean difference of score and share of right ones, 0..1; 0 where there is nothing."""
    bins = list(bins)
    return sum(abs(b.score - b.right) * b.count for b in bins) / max(1, sum(b.count for b in bins))


@dataclass(frozen=True)
class _Table:
    """Candidates as columns; ``right`` and ``stated`` are the truth, of the triple and of its relation."""

    relation: Names
    language: Names
    margin: Doubles
    logit: Doubles
    best: Bools
    score: Doubles
    right: Bools
    stated: Bools

    @classmethod
    def of(cls, judged: Judged, gold: Sequence[Sentence]) -> _Table:
        rows = [
            (candidate, candidate.evidence, sentence.triples)
            for candidates, sentence in zip(judged, gold, strict=True)
            for candidate in candidates
        ]
        return cls(
            np.array([candidate.triple.relation for candidate, _, _ in rows], object),
            np.array([evidence.language for _, evidence, _ in rows], object),
            np.array([evidence.margin for _, evidence, _ in rows], float),
            np.array([evidence.logit for _, evidence, _ in rows], float),
            np.array([evidence.best for _, evidence, _ in rows], bool),
            np.array([candidate.triple.score for candidate, _, _ in rows], float),
            np.array([candidate.triple.key in {t.key for t in triples} for candidate, _, triples in rows], bool),
            np.array(
                [candidate.triple.relation in {t.relation for t in triples} for candidate, _, triples in rows], bool
            ),
        )

    def __len__(self) -> int:
        return len(self.relation)

    def where(self, kept: Bools) -> _Table:
        """Keep some of the rows."""
        return _Table(*(getattr(self, column.name)[kept] for column in fields(self)))

    def each_relation(self) -> Iterator[tuple[str, _Table]]:
        """Yield relations that have at least `LEAST` candidates, and these."""
        for name in sorted(set(self.relation)):
            own = self.where(self.relation == name)
            if len(own) >= LEAST:
                yield name, own


def _judge(judged: Judged, calibration: Calibration) -> list[list[Candidate]]:
    return [
        [calibration.judge(candidate.triple, candidate.evidence) for candidate in candidates] for candidates in judged
    ]


def _calibration(table: _Table) -> Calibration:
    """Fit both curves: one to whether relations are stated, the other to pairs of those that are."""
    best, stated = table.where(table.best), table.where(table.stated)
    columns = np.column_stack([np.ones(len(best)), best.margin])
    of_relation = fit_logistic(columns, best.stated, np.array([0.0, 1.0]), np.ones(2), rising=[1])
    spoken = sorted(set(stated.language))
    languages = [language for language in spoken if (stated.language == language).sum() >= LEAST]
    shifts = [(stated.language == language) * 1.0 for language in languages]
    # Negative, so that its weight may be held at or above zero: a pair that is not the best can only lose by it.
    columns = np.column_stack([np.ones(len(stated)), stated.logit, -1.0 * ~stated.best, *shifts])
    prior = np.array([0.0, 1.0, 0.0, *[0.0] * len(languages)])
    ridge = np.array([1.0, 1.0, 1.0, *[_LANGUAGE_RIDGE] * len(languages)])
    bias, slope, other, *gains = fit_logistic(columns, stated.right, prior, ridge, rising=[1, 2]).tolist()
    return Calibration(
        Curve(*of_relation.tolist()), Curve(bias, slope), other, dict(zip(languages, gains, strict=True))
    )


def _precise(table: _Table, precision: float) -> Precise | None:
    """Find the score above which so many are right, for all relations and, as above, for each."""
    shared = _cut(table, precision)
    if shared is None:
        return None
    own = {name: (_cut(rows, precision), len(rows)) for name, rows in table.each_relation()}
    relations = {name: _between(cut, shared, seen) for name, (cut, seen) in own.items() if cut is not None}
    return Precise(shared, relations, precision=precision)


def _cut(table: _Table, precision: float) -> float | None:
    """Return the threshold of the score from which precision suffices, by what was seen and the scores themselves."""
    order = np.argsort(-table.score, kind="stable")
    seen = np.arange(1, len(order) + 1)
    expected = np.cumsum(table.score[order]) / seen
    estimate = (np.cumsum(table.right[order]) + _PRECISION_PRIOR * expected) / (seen + _PRECISION_PRIOR)
    reached = np.nonzero((estimate >= precision) & (seen >= LEAST))[0]
    return float(table.score[order][reached[-1]]) if len(reached) else None


def _between(own: float, shared: float, seen: int) -> float:
    return round(float((seen * own + _RELATION_PRIOR * shared) / (seen + _RELATION_PRIOR)), 4)
