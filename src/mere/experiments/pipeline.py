"""Scorers of the comparison: two models one after the other, and sentences sent through another sub-module."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

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


class Rerouted:
    """Sends sentences through another sub-module of the switcher than their language's.

    Parameters
    ----------
    scorer:
        The model.
    module:
        ``own``, the ``shared`` one, or ``wrong``, the next language's.
    languages:
        How many languages the model knows; the shared sub-module's index.
    """

    def __init__(self, scorer: Scorer, module: Literal["own", "shared", "wrong"], languages: int) -> None:
        self.scorer = scorer
        self.module = module
        self.languages = languages

    def relations(self, arrays: Arrays) -> tuple[Any, Floats]:
        """Return the model's states and B×R margins."""
        language = arrays.language
        if self.module == "shared":
            language = np.full_like(language, self.languages)
        elif self.module == "wrong":
            language = (language + 1) % self.languages
        return self.scorer.relations(replace(arrays, language=language))

    def entities(self, states: Any, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        """Return the model's entity scores of P (row, relation) pairs."""
        return self.scorer.entities(states, arrays, rows, relations)
