"""Batches: bucketed by length, languages mixed, the order a pure function of seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mere.arrays import Floats
from mere.inference.codec import Codec, Example
from mere.nn.joint import Batch, Depth

_POOL = 50
"""Batches whose sentences are sorted by length together: enough to save padding, few enough to stay random."""


@dataclass(frozen=True)
class TrainingBatch:
    """A batch with its targets.

    Attributes
    ----------
    inputs:
        B sentences; padded with empty ones to a multiple of k.
    sentences:
        How many of the B are real.
    relations, looked_for:
        B×R gold relations, and which were looked for in a sentence: of the others nothing is known.
    rows, pair_relations, pairs:
        P gold (sentence row, relation) pairs, and their P×4×N×N span and link targets.
    ends, types:
        2L gold spans as (pair, role, first, last), role 0 for heads and 1 for tails, and their 2L entity types, -1 for
        none.
    """

    inputs: Batch
    sentences: int
    relations: Tensor
    looked_for: Tensor
    rows: Tensor
    pair_relations: Tensor
    pairs: Tensor
    ends: Tensor
    types: Tensor


def collate(
    codec: Codec, examples: Sequence[Example], k: int = 1, states: Sequence[Floats] | None = None, depth: Depth = 0
) -> TrainingBatch:
    """Pad ``examples`` and spread their links into dense targets.

    Parameters
    ----------
    k:
        How many neighbouring sentences are joined; the batch is filled with empty ones to a multiple of it.
    states, depth:
        Each example's (n+2)×d states at this depth of the model, where they were computed before.
    """
    rows = -(-len(examples) // k) * k
    arrays = codec.batch([e.tokens for e in examples], [e.language for e in examples], rows=rows, states=states)
    relations = torch.zeros(rows, len(codec.schema.relations), dtype=torch.bool)
    looked_for = torch.ones_like(relations)
    for row, example in enumerate(examples):
        if example.sentence.annotated is not None:
            looked_for[row] = torch.tensor([example.sentence.looked_for(name) for name in codec.schema.relations])
    pairs = [(row, relation) for row, example in enumerate(examples) for relation in example.relations]
    index = {pair: position for position, pair in enumerate(pairs)}
    length = arrays.ids.shape[1]
    targets = torch.zeros(len(pairs), 4, length, length, dtype=torch.bool)
    ends: list[tuple[int, int, int, int]] = []
    types: list[int] = []
    for row, example in enumerate(examples):
        for link in example.links:
            relations[row, link.relation] = True
            number = index[row, link.relation]
            pair = targets[number]
            pair[0][link.head] = True
            pair[1][link.tail] = True
            pair[2, link.head[0], link.tail[0]] = True
            pair[3, link.head[1], link.tail[1]] = True
            ends += [(number, 0, *link.head), (number, 1, *link.tail)]
            types += link.types
    positions = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2)
    inputs = Batch.of(arrays, k, depth)
    return TrainingBatch(
        inputs,
        len(examples),
        relations,
        looked_for,
        positions[:, 0],
        positions[:, 1],
        targets,
        torch.tensor(ends, dtype=torch.long).reshape(-1, 4),
        torch.tensor(types, dtype=torch.long),
    )


class LanguageMixer:
    """Draws the batches of an epoch.

    Parameters
    ----------
    examples:
        The training data.
    batch_size:
        Sentences a batch.
    concatenate:
        K: each batch draws k from 1..K; the sentences that are joined stand next to each other.
    sampling, temperature:
        How often languages are seen (see `mere.training.config.Stage`); an epoch keeps its number of sentences.
    seed:
        With the epoch it fixes everything.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        *,
        batch_size: int,
        concatenate: int = 1,
        sampling: Literal["natural", "uniform", "temperature"] = "natural",
        temperature: float = 2.0,
        seed: int = 1,
    ) -> None:
        self.examples = examples
        self.batch_size = batch_size
        self.concatenate = concatenate
        self.seed = seed
        languages = np.array([example.language for example in examples])
        sizes = np.bincount(languages, minlength=languages.max() + 1).astype(float)
        exponent = {"natural": 1.0, "uniform": 0.0, "temperature": 1.0 / temperature}[sampling]
        weights = np.where(sizes > 0, np.maximum(sizes, 1) ** exponent, 0.0)
        self._weights = None if sampling == "natural" else (weights / np.maximum(sizes, 1))[languages] / weights.sum()

    def __len__(self) -> int:
        """Batches an epoch."""
        return -(-len(self.examples) // self.batch_size)

    def epoch(self, number: int) -> Iterator[tuple[list[int], int]]:
        """Yield the batches of epoch ``number``: indices of examples, and k."""
        random = np.random.default_rng([self.seed, number])
        count = len(self.examples)
        order = random.permutation(count) if self._weights is None else random.choice(count, count, p=self._weights)
        pool = _POOL * self.batch_size
        batches: list[list[int]] = []
        for start in range(0, count, pool):
            lengths = sorted(order[start : start + pool].tolist(), key=lambda i: len(self.examples[i].tokens))
            batches += [lengths[at : at + self.batch_size] for at in range(0, len(lengths), self.batch_size)]
        for position in random.permutation(len(batches)):
            k = int(random.integers(1, self.concatenate + 1))
            batch = batches[position]
            yield interleave(batch, [self.examples[i].language for i in batch], k), k


def interleave(items: list[int], languages: Sequence[int], k: int) -> list[int]:
    """Reorder so that neighbours in groups of ``k`` differ in language as far as the batch allows."""
    if k == 1:
        return items
    by_language = [items[i] for i in sorted(range(len(items)), key=languages.__getitem__)]
    groups = -(-len(items) // k)
    return [by_language[i] for group in range(groups) for i in range(group, len(items), groups)]
