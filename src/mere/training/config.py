"""The training configuration: one TOML file, strictly read, or one that says how it differs from another."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import reduce
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from mere.errors import ConfigError
from mere.nn.joint import ModelConfig

Part = Literal["backbone", "aggregator", "switcher", "heads"]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage of training; a stage is data, not a subclass (docs/concepts/method.md).

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
    consistency:
        R-Drop (arXiv:2106.14448): weight of how far two passes with different dropout are apart; 0 makes one pass, in
        half the time.
    shared:
        Share of the sentences that go through the switcher's shared sub-module in place of their language's.
    overlap_weight:
        Weight of the penalty on languages that share a module, for learned routing.
    languages:
        The sub-modules of the switcher that learn; empty means all.
    average:
        Decay of the exponential moving average (EMA) of the weights, which is evaluated and saved; 0 keeps the last
        weights.
    patience:
        Epochs without a better dev score after which the stage stops, counted from the first score above zero.
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
    consistency: float = 0.0
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
        if not self.name or self.name in (".", "..", "model") or {"/", "\\", "\0"} & set(self.name):
            raise ValueError(f"'name' must do for a folder beside 'model', not {self.name!r}")
        if not self.train:
            raise ValueError("'train' must name at least one part")
        if self.consistency < 0:
            raise ValueError(f"'consistency' must be at least 0, not {self.consistency}")
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
    marked_only:
        Whether SMiLER's rows count as annotated for the one relation alone that each marks; they teach no other.
    precision:
        Of numbers, not the score: ``fp32``, ``bf16`` autocast, or ``auto``, which times both on the first batch and
        takes the faster.
    """

    model: ModelConfig = ModelConfig()
    stages: tuple[Stage, ...] = (Stage(),)
    seed: int = 1
    languages: tuple[str, ...] = ()
    marked_only: bool = False
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    def __post_init__(self) -> None:
        """Refuse a training without stages, and stages of one name."""
        if not self.stages:
            raise ValueError("'stages' must hold at least one stage")
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):  # each has a folder of its own
            raise ValueError("'stages' must have different names")


def shipped() -> dict[str, Path]:
    """Return the configurations that come with mere, by name."""
    folder = Path(str(resources.files("mere.training"))) / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_config(name: str, *changes: Mapping[str, Any]) -> TrainingConfig:
    """Read a configuration file, or a shipped one by name, and apply ``changes``, which have the form of a file.

    A file may start from another one, ``extends = "mere"``, and hold only what differs: tables are merged, stages are
    merged by their names, ``aggregator = false`` (or ``switcher``) leaves the part out and ``epochs = 0`` the stage.

    Raises `ConfigError` naming the key that is wrong.
    """
    values = reduce(_merge, changes, _read(name))
    if isinstance(values.get("model"), dict):
        values["model"] = {key: _none_if_left_out(key, value) for key, value in values["model"].items()}
    if isinstance(values.get("stages"), list):
        values["stages"] = [stage for stage in values["stages"] if not _is_left_out(stage)]
    try:
        return msgspec.convert(values, TrainingConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}") from error


def _read(name: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read the values of a file, on top of those of the file that it extends."""
    path = shipped().get(name, Path(name))
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not UTF-8; save the file as UTF-8 text") from error
    except (OSError, ValueError) as error:  # the latter for a name that holds a NUL
        reason = "" if isinstance(error, FileNotFoundError) else f" ({getattr(error, 'strerror', None) or error})"
        choice = ", ".join(shipped())
        raise ConfigError(f"{name}: no such configuration{reason}; give a TOML file or one of: {choice}") from error
    if "extends" not in values:
        return values
    base = values.pop("extends")
    if not isinstance(base, str):
        raise ConfigError(f"{name}: Expected `str`, got `{type(base).__name__}` - at `$.extends`")
    if base not in shipped():
        base = str(path.parent / base)
    if base in (*above, name):
        raise ConfigError(f"{name}: 'extends' goes round in a circle through {base}")
    return _merge(_read(base, (*above, name)), values)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the values ``above`` over those ``below``."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            merged[key] = _merge(old, value)
        elif key == "stages" and isinstance(old, list) and isinstance(value, list):
            merged[key] = _merge_stages(old, value)
        else:
            merged[key] = value
    return merged


def _merge_stages(below: list[Any], above: list[Any]) -> list[Any]:
    """Lay stages over those of the same names; what is no stage at all is kept, for `load_config` to say so."""
    changes = {stage.get("name"): stage for stage in above if isinstance(stage, dict)}
    names = [stage.get("name") for stage in below if isinstance(stage, dict)]
    merged = [
        _merge(stage, changes.get(stage.get("name"), {})) if isinstance(stage, dict) else stage for stage in below
    ]
    return merged + [stage for stage in above if not isinstance(stage, dict) or stage.get("name") not in names]


def _none_if_left_out(key: str, value: object) -> object:
    return None if key in ("aggregator", "switcher") and value is False else value


def _is_left_out(stage: object) -> bool:
    return isinstance(stage, dict) and stage.get("epochs") == 0 and "name" in stage
