"""The state of an interrupted training on disk: safetensors and JSON, written whole or not at all.

Knows no trainer: what it keeps is a `State`, which a trainer gives and takes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from mere.errors import ArtifactError, InputError


@dataclass(frozen=True)
class State:
    """What a training needs to go on: tensors by name, and plain values."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]


class Checkpoint:
    """One file that holds a `State`.

    Parameters
    ----------
    path:
        The file.
    fingerprint:
        What the stage was started with; a checkpoint of another one is refused.
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

    def save(self, state: State) -> None:
        """Write to a temporary file and rename it; raises `InputError` where it cannot be written."""
        metadata = {"fingerprint": self.fingerprint, "progress": json.dumps(state.values)}
        draft = self.path.with_suffix(".draft")
        try:
            save_file(dict(state.tensors), draft, metadata=metadata)
            with draft.open("rb") as handle:
                os.fsync(handle.fileno())
            os.replace(draft, self.path)
        except (SafetensorError, OSError) as error:  # the former is the library's word for a full disk
            draft.unlink(missing_ok=True)
            problem = f"cannot be written ({error}); free some space there, and the same command goes on"
            raise InputError(problem, path=self.path) from error
        self._saved = time.monotonic()

    def load(self) -> State | None:
        """Return what was saved, if anything; raises `ArtifactError` for a damaged file and for another run's."""
        if not self.path.exists():
            return None
        try:
            metadata = self._metadata()
            tensors = load_file(self.path)
            values = json.loads(metadata["progress"])
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise ArtifactError(f"{self.path}: damaged ({error}); delete it to start the stage again") from error
        if metadata.get("fingerprint") != self.fingerprint:
            raise ArtifactError(
                f"{self.path}: belongs to a run with other data or another configuration; "
                "choose another output folder, or delete it to start again"
            )
        return State(tensors, values)

    def discard(self) -> bool:
        """Delete the file, and a draft of it, unless it is another stage's; return whether it is not."""
        self.path.with_suffix(".draft").unlink(missing_ok=True)
        try:
            other = self.path.exists() and self._metadata().get("fingerprint") != self.fingerprint
        except (SafetensorError, OSError):  # damaged: whoever needs it will say so
            return False
        if not other:
            self.path.unlink(missing_ok=True)
        return not other

    def _metadata(self) -> dict[str, str]:
        with safe_open(self.path, framework="pt") as file:
            return file.metadata() or {}
