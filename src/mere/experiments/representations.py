"""What the aggregator and the switcher do to the representations of parallel sentences (docs/concepts/method.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mere.arrays import Doubles
from mere.errors import InputError
from mere.nn.joint import Batch, JointModel
from mere.nn.weights import load_artifact
from mere.schema import Sentence
from mere.training.run import encode

_BATCH = 32


@dataclass(frozen=True)
class Representations:
    """Sentence vectors of parallel sentences after the backbone, the aggregator and the switcher.

    Attributes
    ----------
    ids, languages:
        Of every sentence.
    vectors:
        By point of the model: S×d means of the token states.
    """

    ids: list[str]
    languages: list[str]
    vectors: dict[str, Doubles]

    def distance(self, point: str) -> float:
        """Mean cosine distance of translations, divided by that of random pairs of different languages.

        1 says that a translation is no nearer than any other sentence; 0 that it is the same.
        """
        vectors = self.vectors[point] - self.vectors[point].mean(0)
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        distance = 1 - vectors @ vectors.T
        ids, languages = np.array(self.ids), np.array(self.languages)
        other = languages[:, None] != languages[None]
        same = ids[:, None] == ids[None]
        return float(distance[other & same].mean() / distance[other & ~same].mean())

    def plane(self, point: str) -> Doubles:
        """Project the vectors at ``point`` on their first two principal components: S×2."""
        vectors = self.vectors[point] - self.vectors[point].mean(0)
        _, _, axes = np.linalg.svd(vectors, full_matrices=False)
        plane: Doubles = vectors @ axes[:2].T
        return plane


def represent(folder: Path, sentences: Sequence[Sentence]) -> Representations:
    """Run the model in ``folder`` over sentences that share ids across languages.

    Raises `InputError` where no id stands in two languages.
    """
    languages: dict[str, set[str]] = {}
    for sentence in sentences:
        languages.setdefault(sentence.id or "", set()).add(sentence.language)
    # What they state does not matter here, and may be no relation of the model's.
    parallel = [replace(s, triples=()) for s in sentences if s.id and len(languages[s.id]) > 1]
    if not parallel:
        raise InputError("no two of the parallel sentences share an id; translations must have the same 'id'")
    model = load_artifact(folder)
    vectors = _vectors(model, parallel)
    return Representations([s.id or "" for s in parallel], [s.language for s in parallel], vectors)


@torch.inference_mode()
def _vectors(model: JointModel, sentences: Sequence[Sentence]) -> dict[str, Doubles]:
    examples = encode(model, sentences)
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].tokens))
    pooled: dict[str, list[Tensor]] = {}
    for start in range(0, len(order), _BATCH):
        chosen = [examples[index] for index in order[start : start + _BATCH]]
        arrays = model.codec.batch([e.tokens for e in chosen], [e.language for e in chosen])
        batch = Batch.of(arrays)
        points = {"backbone": model.backbone.lower(batch.ids, batch.mask, len(model.backbone.layers))}
        universal = model.universal(batch)
        if model.aggregator is not None:
            points["aggregator"] = universal
        if len(model.switchers):
            points["switcher"] = model.specific(universal, batch)
        visible = batch.mask.unsqueeze(-1)
        for name, states in points.items():
            pooled.setdefault(name, []).append((states * visible).sum(1) / visible.sum(1))
    back = np.argsort(order)
    return {name: torch.cat(parts).double().numpy()[back] for name, parts in pooled.items()}
