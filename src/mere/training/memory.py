"""What a stage will need of memory, told before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mere.inference.codec import Example
from mere.nn.joint import JointModel
from mere.training.config import Stage

_FLOAT = 4
_PER_LAYER = 20
"""Activations that a Transformer layer keeps for the backward pass, in widths a token: four of attention, eight of the
feed-forward part before and after its GELU, the others of norms, dropout and residuals."""


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes by purpose.

    Attributes
    ----------
    weights:
        All weights in memory.
    state:
        Gradients, two moments, moving average and best weights of what learns.
    activations:
        The largest batch's activations in the layers that learn.
    """

    weights: int
    state: int
    activations: int

    def __str__(self) -> str:
        parts = {"weights": self.weights, "training state": self.state, "largest batch": self.activations}
        return ", ".join(f"{name} {size / 2**20:,.0f} MiB" for name, size in parts.items())


def plan_memory(model: JointModel, stage: Stage, examples: Sequence[Example]) -> MemoryPlan:
    """Add up what ``stage`` needs; call it once the stage's parts are set to learn."""
    learning = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    lengths = sorted((len(example.tokens) + 2 for example in examples), reverse=True)
    tokens = lengths[0] * min(stage.batch_size, len(examples)) * (2 if stage.consistency else 1)
    layers = len(model.backbone.layers) - stage.frozen_layers if "backbone" in stage.train else 0
    layers += model.aggregator is not None and "aggregator" in stage.train
    return MemoryPlan(
        weights=sum(parameter.numel() for parameter in model.parameters()) * _FLOAT,
        state=5 * learning * _FLOAT,
        activations=tokens * model.backbone.width * (_PER_LAYER * layers + 8) * _FLOAT,
    )
