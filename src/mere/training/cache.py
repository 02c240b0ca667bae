"""States below the part that learns, computed once and kept on disk: what makes stage two cheap.

docs/concepts/method.md says how much.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from mere.arrays import Floats
from mere.data.files import atomic_write
from mere.data.locks import locked
from mere.errors import InputError
from mere.inference.codec import Example
from mere.nn.backbones import PackedEmbedding
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

    Filling it can be interrupted and goes on where it stopped. The file belongs to one run, which has it locked;
    `remove` deletes it, `close` leaves it to a later run.

    Parameters
    ----------
    path:
        The file; a small JSON file beside it says what it holds the states of, and how far it is filled.
    model, depth:
        Whose states, and up to where.
    examples:
        The sentences.

    Raises
    ------
    InputError
        Where the disk has no room for it, or another process has it.
    """

    def __init__(self, path: Path, model: JointModel, examples: Sequence[Example], depth: Depth) -> None:
        self.path = path
        self.depth = depth
        self._description = path.with_suffix(".json")
        sizes = [len(example.tokens) + 2 for example in examples]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        shape = (int(self._starts[-1]), model.backbone.width)
        self._fingerprint = _fingerprint(model, examples, depth)
        self._held = ExitStack()
        with self._held:
            with _told(path):
                path.touch()
                self._held.enter_context(locked(path))
                done = self._done(4 * shape[0] * shape[1])
                if not done:
                    _reserve(path, 4 * shape[0] * shape[1])
                self._states: NDArray[np.float32] | None = np.memmap(path, np.float32, "r+", shape=shape)
            self._fill(model, examples, done)
            self._held = self._held.pop_all()  # from here on until it is closed

    @staticmethod
    def fits(model: JointModel, examples: Sequence[Example]) -> bool:
        """Whether the states of ``examples`` stay under `LIMIT`."""
        return sum(len(example.tokens) + 2 for example in examples) * model.backbone.width * 4 <= LIMIT

    def __getitem__(self, index: int) -> Floats:
        """Return the (n+2)×d states of one example."""
        assert self._states is not None, "the cache is closed"
        return np.asarray(self._states[self._starts[index] : self._starts[index + 1]])

    def close(self) -> None:
        """Leave the file to whoever goes on with this run."""
        self._states = None
        self._held.close()

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        self._description.unlink(missing_ok=True)
        self.close()

    def _done(self, size: int) -> int:
        """Return how many sentences the file holds the states of, in the order of filling: none if of anything else."""
        try:
            values = json.loads(self._description.read_text("utf-8"))
            own = values["fingerprint"] == self._fingerprint and self.path.stat().st_size == size
            return int(values["done"]) if own else 0
        except (OSError, ValueError, KeyError, TypeError):  # missing, empty or torn
            return 0

    def _describe(self, done: int) -> None:
        """Say how far the file is filled, once that is on the disk."""
        assert isinstance(self._states, np.memmap)
        self._states.flush()
        with atomic_write(self._description) as handle:
            json.dump({"fingerprint": self._fingerprint, "done": done}, handle)

    @torch.inference_mode()
    def _fill(self, model: JointModel, examples: Sequence[Example], done: int) -> None:
        assert self._states is not None
        model.eval()
        order = sorted(range(len(examples)), key=lambda index: len(examples[index].tokens))
        for start in range(done, len(order), _BATCH):
            if start % (100 * _BATCH) == 0:
                self._describe(start)
            chosen = order[start : start + _BATCH]
            arrays = model.codec.batch([examples[i].tokens for i in chosen], [examples[i].language for i in chosen])
            states = model.below(Batch.of(arrays), self.depth).float().numpy()
            for row, index in enumerate(chosen):
                size = len(examples[index].tokens) + 2
                self._states[self._starts[index] : self._starts[index + 1]] = states[row, :size]
        self._describe(len(order))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the system refuses into one line."""
    try:
        yield
    except BlockingIOError as error:
        raise InputError("another process is training here; wait for it or choose another output", path=path) from error
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}); choose another output folder", path=path) from error


def _reserve(path: Path, size: int) -> None:
    """Take ``size`` bytes of the disk: a mapped file on a full one would end the process with SIGBUS.

    Raises `InputError` where there are not so many.
    """
    try:
        with path.open("wb") as handle:
            if size and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle.fileno(), 0, size)
            else:
                handle.truncate(size)
    except OSError as error:
        path.unlink(missing_ok=True)
        problem = (
            f"no room for {size / 2**20:,.0f} MiB of states that are computed once ({error.strerror}); "
            "free some space there, or choose another output folder"
        )
        raise InputError(problem, path=path) from error


def _fingerprint(model: JointModel, examples: Sequence[Example], depth: Depth) -> str:
    """Sum of all that the states depend on: the weights below ``depth``, the tokens and their languages."""
    digest = hashlib.sha256(repr((depth, msgspec.json.encode(model.config), model.codec.schema)).encode())
    above = () if depth == "switcher" else model.backbone.layers[depth:]
    learning = {id(parameter) for layer in above for parameter in layer.parameters()}
    parts = [model.backbone, *([model.aggregator] if depth == "switcher" and model.aggregator is not None else [])]
    for module in parts:
        for name, parameter in module.named_parameters():
            if id(parameter) not in learning:
                digest.update(name.encode() + parameter.detach().contiguous().numpy().tobytes())
    table = model.backbone.word_embeddings
    if isinstance(table, PackedEmbedding):
        digest.update(table.file.sha256().encode())
    for example in examples:
        digest.update(repr((example.language, len(example.tokens))).encode() + example.tokens.ids.tobytes())
    return digest.hexdigest()
