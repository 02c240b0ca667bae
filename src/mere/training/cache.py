"""States below the part that learns, computed once and kept on disk: what makes stage 2 cheap (design, §2.8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mere.arrays import Floats
from mere.inference.codec import Example
from mere.nn.joint import Batch, Depth, JointModel
from mere.training.config import Stage

LIMIT = 8 << 30
"""Largest cache in bytes; beyond it states are computed anew in every epoch."""

_BATCH = 32


def frozen_depth(model: JointModel, stage: Stage) -> Depth:
    """How much of the model stays as it is in ``stage``, whatever sentences are joined; 0 where nothing does."""
    aggregator, switcher = model.config.aggregator, model.config.switcher
    inside = switcher.layers if switcher is not None else 0
    if aggregator is not None and aggregator.reading == "inputs" and stage.concatenate > 1:
        return 0
    if "backbone" in stage.train:
        return min(stage.frozen_layers, len(model.backbone.layers) - inside)
    if inside or (aggregator is not None and ("aggregator" in stage.train or stage.concatenate > 1)):
        return len(model.backbone.layers) - inside
    return "switcher"


class StateCache:
    """The states of ``examples`` at ``depth``, in one memory-mapped file.

    Filling it can be interrupted and goes on where it stopped. The file belongs to one run and `remove` deletes it.

    Parameters
    ----------
    path:
        The file; a small JSON file beside it says how far it is filled.
    model, depth:
        Whose states, and up to where.
    examples:
        The sentences.
    """

    def __init__(self, path: Path, model: JointModel, examples: Sequence[Example], depth: Depth) -> None:
        self.path = path
        self.depth = depth
        self._progress = path.with_suffix(".json")
        sizes = [len(example.tokens) + 2 for example in examples]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        shape = (int(self._starts[-1]), model.backbone.width)
        resumed = path.exists() and self._progress.exists() and path.stat().st_size == 4 * shape[0] * shape[1]
        self._states = np.memmap(path, np.float32, "r+" if resumed else "w+", shape=shape)
        self._fill(model, examples, json.loads(self._progress.read_text("utf-8")) if resumed else 0)

    @staticmethod
    def fits(model: JointModel, examples: Sequence[Example]) -> bool:
        """Whether the states of ``examples`` stay under `LIMIT`."""
        return sum(len(example.tokens) + 2 for example in examples) * model.backbone.width * 4 <= LIMIT

    def __getitem__(self, index: int) -> Floats:
        """Return the (n+2)×d states of one example."""
        return np.asarray(self._states[self._starts[index] : self._starts[index + 1]])

    def remove(self) -> None:
        """Delete the file."""
        del self._states
        self.path.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)

    @torch.inference_mode()
    def _fill(self, model: JointModel, examples: Sequence[Example], done: int) -> None:
        model.eval()
        order = sorted(range(len(examples)), key=lambda index: len(examples[index].tokens))
        for start in range(done, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            arrays = model.codec.batch([examples[i].tokens for i in chosen], [examples[i].language for i in chosen])
            states = model.below(Batch.of(arrays), self.depth).float().numpy()
            for row, index in enumerate(chosen):
                size = len(examples[index].tokens) + 2
                self._states[self._starts[index] : self._starts[index + 1]] = states[row, :size]
            if start % (100 * _BATCH) == 0:
                self._states.flush()
                self._progress.write_text(str(start), "utf-8")
        self._states.flush()
        self._progress.write_text(str(len(order)), "utf-8")
