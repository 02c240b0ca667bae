"""The pipeline baseline: a classifier finds the relations, a tagger with an encoder of its own finds their spans."""

from __future__ import annotations

from typing import Any

from mere.arrays import Floats, Integers
from mere.inference.codec import Arrays, EntityScores
from mere.inference.predictor import Scorer


class PipelineScorer:
    """Two models one after the other, as one (a `mere.inference.predictor.Scorer`)."""

    def __init__(self, classifier: Scorer, tagger: Scorer) -> None:
        self.classifier = classifier
        self.tagger = tagger

    def relations(self, arrays: Arrays) -> tuple[Any, Floats]:
        """Return the tagger's states and the classifier's B×R margins."""
        _, margins = self.classifier.relations(arrays)
        states, _ = self.tagger.relations(arrays)
        return states, margins

    def entities(self, states: Any, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        """Return the tagger's entity scores of P (row, relation) pairs."""
        return self.tagger.entities(states, arrays, rows, relations)
