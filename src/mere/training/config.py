"""The training configuration: one TOML file, strictly read."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from mere.errors import ConfigError
from mere.model.joint import ModelConfig

Part = Literal["backbone", "aggregator", "switcher", "heads"]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage of training; a stage is data, not a subclass (design, §2).

    Attributes
    ----------
    name:
        Names the stage in progress bars and files.
    train:
        The parts that learn; all others are frozen.
    epochs, batch_size:
        Passes over the data, and sentences a step.
    learning_rate:
        Peak rate of everything that is not the backbone, in a one-cycle schedule.
    backbone_learning_rate:
        Peak rate of the backbone's top layer.
    layer_decay:
        Each backbone layer learns at this multiple of the rate of the layer above.
    frozen_layers:
        How many of the backbone's lowest layers stay frozen, embeddings included; 0 trains all layers.
    train_embeddings:
        Whether the word embeddings learn (never the bundled backbone's, which are packed).
    weight_decay, clip, warmup:
        AdamW's weight decay, the largest gradient norm, and the share of steps before the peak rate.
    concatenate:
        K: the number of sentences that LA joins is drawn from 1..K for every batch.
    sampling, temperature:
        How often languages are seen: ``natural``; ``uniform``; or ``temperature``, in proportion to size^(1/T).
    relation_weight, entity_weight:
        Weights of the two losses in the sum.
    shared:
        Share of the sentences that go through the switcher's shared sub-module in place of their language's.
    overlap_weight:
        Weight of the penalty on languages that share a module, for learned routing.
    languages:
        The sub-modules of the switcher that learn; empty means all.
    average:
        Decay of the running average of the weights that is evaluated and saved; 0 keeps the last weights.
    patience:
        Epochs without a better dev score after which the stage stops.
    """

    name: str = "unified"
    train: tuple[Part, ...] = ("backbone", "aggregator", "heads")
    epochs: int = 8
    batch_size: int = 32
    learning_rate: float = 1e-3
    backbone_learning_rate: float = 1.5e-4
    layer_decay: float = 1.0
    frozen_layers: int = 0
    train_embeddings: bool = False
    weight_decay: float = 0.01
    clip: float = 1.0
    warmup: float = 0.1
    concatenate: int = 1
    sampling: Literal["natural", "uniform", "temperature"] = "natural"
    temperature: float = 2.0
    relation_weight: float = 1.0
    entity_weight: float = 1.0
    shared: float = 0.0
    overlap_weight: float = 0.1
    languages: tuple[str, ...] = ()
    average: float = 0.0
    patience: int = 3

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        positive = ("epochs", "batch_size", "concatenate", "patience", "learning_rate", "temperature", "clip")
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"'{name}' must be above 0, not {getattr(self, name)}")
        if not self.train:
            raise ValueError("'train' must name at least one part")
        if not 0 <= self.average < 1:
            raise ValueError(f"'average' must be at least 0 and below 1, not {self.average}")


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole training.

    Attributes
    ----------
    model:
        Shape of the model.
    stages:
        What is trained, one after the other; each starts from the best of the one before.
    seed:
        Seeds weights, order and dropout.
    languages:
        Languages to keep of the data; empty keeps all.
    precision:
        ``fp32``, ``bf16`` autocast, or ``auto``, which times both on the first batch and takes the faster.
    """

    model: ModelConfig = ModelConfig()
    stages: tuple[Stage, ...] = (Stage(),)
    seed: int = 1
    languages: tuple[str, ...] = ()
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    def __post_init__(self) -> None:
        """Refuse a training without stages."""
        if not self.stages:
            raise ValueError("'stages' must hold at least one stage")


def shipped() -> dict[str, Path]:
    """Return the configurations that come with mere, by name."""
    folder = Path(str(resources.files("mere.training"))) / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_config(name: str) -> TrainingConfig:
    """Read a configuration file, or a shipped one by name; raises `ConfigError` naming the key that is wrong."""
    path = shipped().get(name, Path(name))
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(shipped())
        raise ConfigError(f"{name}: no such configuration; give a TOML file or one of: {known}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from error
    try:
        return msgspec.convert(values, TrainingConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}") from error
