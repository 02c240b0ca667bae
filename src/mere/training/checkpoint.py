"""The state of an interrupted training on disk: safetensors and JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from mere.errors import ArtifactError

if TYPE_CHECKING:
    from mere.training.trainer import StageTrainer


@dataclass
class Progress:
    """Where a stage stands: whole epochs done, batches done of the current one, steps in all, best dev score.

    Also the precision it began with, since timing both anew might choose the other.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    best: float = -1.0
    stale: int = 0
    bf16: bool = False


class Checkpoint:
    """One file that holds a stage's weights, gates, optimizer moments, average and best weights, and its progress.

    Parameters
    ----------
    path:
        The file.
    fingerprint:
        What the run was started with; a checkpoint of another run is refused.
    interval:
        Seconds between saves inside an epoch.
    """

    def __init__(self, path: Path, fingerprint: str, interval: float = 300.0) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.interval = interval
        self._saved = time.monotonic()

    def due(self) -> bool:
        """Whether the interval has passed since the last save."""
        return time.monotonic() - self._saved >= self.interval

    def save(self, trainer: StageTrainer) -> None:
        """Write the state of ``trainer`` to a temporary file and rename it."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in trainer.parameters.items():
            tensors[f"weight/{name}"] = parameter.detach()
            tensors[f"average/{name}"] = trainer.average[name]
            tensors[f"best/{name}"] = trainer.best[name]
            for key, value in trainer.optimizer.state[parameter].items():
                tensors[f"{key}/{name}"] = value
        for name, buffer in trainer.model.switchers.named_buffers():  # whether gates are hardened, and how
            tensors[f"buffer/{name}"] = buffer
        metadata = {"fingerprint": self.fingerprint, "progress": json.dumps(asdict(trainer.progress))}
        draft = self.path.with_suffix(".draft")
        save_file(tensors, draft, metadata=metadata)
        os.replace(draft, self.path)
        self._saved = time.monotonic()

    def load(self, trainer: StageTrainer) -> None:
        """Bring ``trainer`` to the saved state, if there is one; raises `ArtifactError` for another run's."""
        if not self.path.exists():
            return
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata()
            tensors = load_file(self.path)
        except SafetensorError as error:
            raise ArtifactError(f"{self.path}: damaged ({error}); delete it to start the stage again") from error
        if metadata.get("fingerprint") != self.fingerprint:
            raise ArtifactError(
                f"{self.path}: belongs to a run with other data or another configuration; "
                "choose another output folder, or delete it to start again"
            )
        trainer.progress = Progress(**json.loads(metadata["progress"]))
        with torch.no_grad():
            for name, parameter in trainer.parameters.items():
                parameter.copy_(tensors[f"weight/{name}"])
                trainer.average[name].copy_(tensors[f"average/{name}"])
                trainer.best[name].copy_(tensors[f"best/{name}"])
                moments = {key: tensors.get(f"{key}/{name}") for key in ("step", "exp_avg", "exp_avg_sq")}
                if all(value is not None for value in moments.values()):
                    trainer.optimizer.state[parameter].update(moments)
            for name, buffer in trainer.model.switchers.named_buffers():
                buffer.copy_(tensors[f"buffer/{name}"])
