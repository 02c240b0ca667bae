"""What a training tells of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mere.training.memory import MemoryPlan


@dataclass(frozen=True)
class StepReport:
    """What a progress bar shows."""

    stage: str
    epoch: int
    step: int
    steps: int
    loss: float
    sentences: int


@dataclass(frozen=True)
class EpochReport:
    """One line of a training's history.

    Scores are micro F1 on the dev data; ``seconds`` is the time of the training steps, without the evaluation.
    """

    stage: str
    epoch: int
    loss: float
    triple: float
    relation: float
    entity: float
    seconds: float


Watch = Callable[[StepReport | EpochReport | MemoryPlan], None]
