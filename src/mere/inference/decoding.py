"""From what the model says of a candidate to a probability, and from probabilities to predictions.

Two logistic curves calibrate the model's logits: one gives the probability that a relation is *stated* in the sentence,
by its margin over *no relation*; the other that a pair of spans is the right one, given that it is, by the pair's
logit. Their product, a triple's score, is the probability that the triple is right.

A candidate is predicted when its score reaches the floor, which is fitted to triples, and its worth a threshold. Models
of version 0.1 were fitted by worth, to relations and triples at once: a relation's best pair says two things, that the
relation is stated and between which spans, and is worth the mean of their probabilities; its other pairs say only the
latter and are worth their score.

All of it is part of the artifact's configuration. Torch-free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mere.errors import InputError
from mere.schema import Triple, best_of_each

LOWEST = 0.02
"""Relations that are less likely stated are never looked at: it would take time and bring next to nothing."""

Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Evidence:
    """What the model says of a candidate.

    Attributes
    ----------
    language:
        Language of the sentence; `mere.inference.codec.SHARED_MODULE` for one that the schema does not know.
    margin:
        The relation's logit over *no relation*.
    logit:
        The pair's logit, the weakest of its four scores.
    best:
        Whether the pair is its relation's best.
    """

    language: str
    margin: float
    logit: float
    best: bool


@dataclass(frozen=True)
class Candidate:
    """A triple that may be predicted; ``stated`` is the probability that its relation is stated at all."""

    triple: Triple
    evidence: Evidence
    stated: float

    @property
    def worth(self) -> float:
        """What a prediction would bring, 0..1: see the module's docstring."""
        return (self.stated + self.triple.score) / 2 if self.evidence.best else self.triple.score


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A logistic curve over a logit; it never falls."""

    bias: float = 0.0
    slope: NotNegative = 1.0

    def at(self, logit: ArrayLike, shift: float = 0.0) -> NDArray[np.float64]:
        """Return the probability at ``logit``, with ``shift`` added to the bias."""
        return np.exp(-np.logaddexp(0.0, -(self.bias + shift + self.slope * np.asarray(logit, np.float64))))


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two curves; as they start, they take the model's logits at their word.

    Attributes
    ----------
    stated, pair:
        See the module's docstring.
    other:
        What a pair that is not its relation's best loses in logits.
    languages:
        What a language's pairs gain or lose in logits, where there were enough of them to tell.
    """

    stated: Curve = Curve()
    pair: Curve = Curve()
    other: NotNegative = 0.0
    languages: dict[str, float] = {}

    def judge(self, triple: Triple, evidence: Evidence) -> Candidate:
        """Give a triple its score."""
        shift = self.languages.get(evidence.language, 0.0) - (0.0 if evidence.best else self.other)
        stated = float(self.stated.at(evidence.margin))
        return Candidate(replace(triple, score=stated * float(self.pair.at(evidence.logit, shift))), evidence, stated)


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A threshold, and those of relations that have their own."""

    default: Probability
    relations: dict[str, Probability] = {}

    def of(self, relation: str) -> float:
        """Threshold of a relation."""
        return self.relations.get(relation, self.default)


class Precise(Thresholds, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thresholds of the score that reach a wished ``precision``."""

    precision: Probability


class Decoding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How candidates become predictions.

    Attributes
    ----------
    calibration:
        What gives scores.
    thresholds:
        Those of a candidate's worth; as it starts, a relation that is as likely stated as not brings its best pair,
        whatever that is.
    floor, floors:
        The threshold of every score, besides: a relation that is stated for certain brings no pair that is surely
        wrong. ``floors`` are those of relations that have their own.
    precise:
        Thresholds of the score on top of that, where only sure triples are asked for; None where the model has none.
    """

    calibration: Calibration = Calibration()
    thresholds: Thresholds = Thresholds(0.25)
    floor: Probability = msgspec.field(default=0.0, name="least")  # the name in artifacts of format 2
    precise: Precise | None = None
    floors: dict[str, Probability] = {}

    def above(self, threshold: float | Mapping[str, float]) -> Decoding:
        """Return a decoding that predicts every candidate whose score, 0..1, reaches a threshold.

        One number takes the place of all the model's own thresholds; by relation, of those that are named.
        """
        if isinstance(threshold, Mapping):
            worth = Thresholds(self.thresholds.default, {**self.thresholds.relations, **_open(threshold)})
            return msgspec.structs.replace(self, thresholds=worth, floors={**self.floors, **threshold}, precise=None)
        return Decoding(self.calibration, Thresholds(max(threshold, LOWEST)), threshold)

    def threshold(self, relation: str = "") -> float:
        """Return what a triple of ``relation``, or of one without a threshold of its own, has to reach at least."""
        return max(self.thresholds.of(relation), self.floors.get(relation, self.floor))

    @property
    def names(self) -> set[str]:
        """Relations and languages that have something of their own."""
        precise = self.precise.relations if self.precise else {}
        return {*self.thresholds.relations, *self.floors, *precise, *self.calibration.languages}

    def possible(self, margins: NDArray[np.float32], relations: Sequence[str]) -> NDArray[np.bool_]:
        """Tell, of B×R, where a triple can come out at all: none is worth more, or likelier, than its relation.

        Parameters
        ----------
        margins:
            B×R scores of the relations over *no relation*.
        relations:
            Names of the R relations.
        """
        thresholds = np.array([self.thresholds.of(relation) for relation in relations])
        return np.asarray(self.calibration.stated.at(margins) >= thresholds)

    def choose(self, candidates: Iterable[Candidate], *, precise: bool = False) -> tuple[Triple, ...]:
        """Return a sentence's predictions, each triple once, best first.

        Raises `InputError` where ``precise`` thresholds are asked for and there are none.
        """
        if precise and self.precise is None:
            raise InputError(
                "the model has no precise thresholds; give a threshold in their place, or fit some with: "
                "mere calibrate MODEL FILE"
            )
        return best_of_each(candidate.triple for candidate in candidates if self._predicts(candidate, precise))

    def _predicts(self, candidate: Candidate, precise: bool) -> bool:
        relation = candidate.triple.relation
        floor = self.floors.get(relation, self.floor)
        if precise and self.precise is not None:
            floor = max(floor, self.precise.of(relation))
        return candidate.worth >= self.thresholds.of(relation) and candidate.triple.score >= floor


def _open(threshold: Mapping[str, float]) -> dict[str, float]:
    """Let the score alone decide: a triple is never worth less than its score."""
    return {relation: max(score, LOWEST) for relation, score in threshold.items()}
