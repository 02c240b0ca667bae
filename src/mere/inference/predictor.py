"""From tokenised sentences to triples, through any `Scorer`: the one path that evaluation and extraction share.

Torch-free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mere.arrays import Floats, Integers
from mere.inference.codec import Arrays, Codec, EntityScores
from mere.inference.decoding import Candidate
from mere.inference.tokenizer import Tokens
from mere.schema import Triple

SQUARE = 1 << 17
"""Most cells of a token by token matrix in a batch, over its sentences: it bounds memory, where batches of long pieces
of text that state many relations would take gigabytes."""


@dataclass(frozen=True)
class Item:
    """One piece of text to look at: at most ``max_tokens`` tokens, the index of its language, states if known."""

    text: str
    tokens: Tokens
    language: int
    states: Floats | None = None


class Scorer(Protocol):
    """What computes the scores of a batch: torch while training, ONNX in the runtime."""

    def relations(self, arrays: Arrays) -> tuple[Any, Floats]:
        """Return states, opaque to the caller, and relation margins.

        Parameters
        ----------
        arrays:
            B sentences of N positions.

        Returns
        -------
        states:
            What `entities` is to be given again, such as B×N×d.
        margins:
            B×R scores of the relations over *no relation*.
        """
        ...

    def entities(self, states: Any, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        """Return the entity scores of P (row, relation) pairs.

        Parameters
        ----------
        states, arrays:
            What `relations` has returned, and for which sentences.
        rows:
            P rows of sentences.
        relations:
            P relation indices.
        """
        ...


def predict(
    scorer: Scorer, codec: Codec, items: Sequence[Item], *, batch_size: int = 32, precise: bool = False
) -> list[tuple[Triple, ...]]:
    """Return the triples of every item, in the order of ``items``; ``precise`` keeps only sure ones."""
    judged = candidates(scorer, codec, items, batch_size=batch_size)
    return [codec.decode(candidates_of_item, precise=precise) for candidates_of_item in judged]


def candidates(
    scorer: Scorer, codec: Codec, items: Sequence[Item], *, batch_size: int = 32
) -> list[Sequence[Candidate]]:
    """Return the candidate triples of every item, in the order of ``items``.

    Batches hold items of like length, at most ``batch_size`` and, but for a single longer one, `SQUARE` cells.
    """
    results: list[Sequence[Candidate]] = [()] * len(items)
    for chosen in _batches([len(item.tokens) + 2 for item in items], batch_size):
        for index, judged in zip(chosen, _of_batch(scorer, codec, [items[i] for i in chosen]), strict=True):
            results[index] = judged
    return results


def _batches(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if batch and (len(batch) == batch_size or (len(batch) + 1) * lengths[index] ** 2 > SQUARE):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _of_batch(scorer: Scorer, codec: Codec, items: Sequence[Item]) -> Iterator[list[Candidate]]:
    states_before = [item.states for item in items if item.states is not None]
    arrays = codec.batch(
        [item.tokens for item in items], [item.language for item in items], states=states_before or None
    )
    states, margins = scorer.relations(arrays)
    rows, relations = codec.select(margins)
    scores = scorer.entities(states, arrays, rows, relations) if len(rows) else None
    for row, item in enumerate(items):
        pairs = np.nonzero(rows == row)[0]
        size = len(item.tokens) + 2
        row_scores = [scores.of(int(pair), size) for pair in pairs] if scores is not None else []
        yield codec.candidates(
            item.text, item.tokens, item.language, margins[row], relations[pairs].tolist(), row_scores
        )
