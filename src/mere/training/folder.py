"""The folder of a run: whose it is, where its stages keep what they need to go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mere.data.files import atomic_write
from mere.data.locks import lock_file
from mere.errors import ArtifactError, InputError
from mere.inference.manifest import MANIFEST
from mere.training.checkpoint import Checkpoint
from mere.training.config import Stage
from mere.training.history import History
from mere.training.memory import MemoryPlan
from mere.training.reports import EpochReport, StepReport, Watch
from mere.training.trainer import StageTrainer, cache_paths

RUN, LOCK, HISTORY, CHECKPOINT = "run.json", ".lock", "history.jsonl", "checkpoint.safetensors"


class RunFolder:
    """The folder of a run that this process has locked; made by `claimed`."""

    def __init__(self, path: Path, fingerprint: str, description: Mapping[str, Any]) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.description = description
        self.history = History(path / HISTORY)

    @classmethod
    @contextmanager
    def claimed(cls, path: Path, fingerprint: str, description: Mapping[str, Any]) -> Iterator[RunFolder]:
        """Have the folder locked for as long as the block runs; one that was made for nothing is taken away.

        Its ``run.json``, which keeps other runs away, is written by `train` when nothing can fail any more.

        Raises
        ------
        InputError
            Where it cannot be written, is a model, or another process trains in it.
        ArtifactError
            Where it holds a run that was started otherwise.
        """
        made = [place for place in (path, *path.parents) if not place.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            with lock_file(path / LOCK):  # the folder's own lock is for who replaces a model in it
                folder = cls(path, fingerprint, description)
                folder._check()
                yield folder
        except BlockingIOError as error:
            problem = "another process is training here; wait for it or choose another folder"
            raise InputError(problem, path=path) from error
        except OSError as error:
            reason = error.strerror or error
            problem = f"cannot be written ({reason}); free some space there, or choose another folder"
            raise InputError(problem, path=path) from error
        finally:
            _remove_empty(made)

    def checkpoint(self, stage: Stage) -> Checkpoint:
        """Return where ``stage`` keeps its state."""
        return Checkpoint(self.path / CHECKPOINT, f"{stage.name} {self.fingerprint}")

    def has_finished(self, stage: Stage, target: Path) -> bool:
        """Whether the artifact of ``stage`` is there; what a process left that was killed just then is taken away."""
        if not (target / MANIFEST).exists():
            return False
        self.close(stage)
        return True

    def recording(self, watch: Watch) -> Watch:
        """Return a watch that also writes every epoch to the history."""

        def record(report: StepReport | EpochReport | MemoryPlan) -> None:
            if isinstance(report, EpochReport):
                self.history.add(asdict(report))
            watch(report)

        return record

    def train(self, trainer: StageTrainer) -> None:
        """Train, and make this the trainer's run once it can start."""
        trainer.prepare()
        try:
            self.history.cut(trainer.stage.name, trainer.progress.epoch)
            if self._owner() != self.fingerprint:
                with atomic_write(self.path / RUN) as handle:
                    json.dump({"fingerprint": self.fingerprint, **self.description}, handle, indent=1)
            trainer.run()
        finally:
            trainer.close()

    def close(self, stage: Stage) -> None:
        """Take away what ``stage`` needed to go on."""
        checkpoint = self.checkpoint(stage)
        if checkpoint.discard():
            for cache in cache_paths(self.path):
                cache.unlink(missing_ok=True)
                cache.with_suffix(".json").unlink(missing_ok=True)

    def _check(self) -> None:
        """Raise where the folder is another run's; a start that failed has left nothing that counts."""
        if (self.path / MANIFEST).exists():
            raise InputError("is a model; name another folder, for the run and its new model", path=self.path)
        if not (self.path / RUN).exists():
            return
        owner = self._owner()
        if owner == self.fingerprint or not self._holds_work():
            return
        if owner is None:
            raise ArtifactError(f"{self.path / RUN}: damaged; choose another output folder")
        raise ArtifactError(
            f"{self.path}: holds a run with other data or another configuration; choose another output folder"
        )

    def _owner(self) -> str | None:
        """Return the fingerprint of the run that is here; None where none is or that cannot be read."""
        try:
            values = json.loads((self.path / RUN).read_text("utf-8"))
            return str(values["fingerprint"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _holds_work(self) -> bool:
        kept = (self.path / CHECKPOINT, self.path / HISTORY)
        return any(path.exists() for path in kept) or any(self.path.glob(f"*/{MANIFEST}"))


def _remove_empty(folders: list[Path]) -> None:
    """Take away folders, the innermost first, as far as they hold nothing."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
