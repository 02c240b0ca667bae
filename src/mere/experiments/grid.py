"""A grid: which variants are trained, on how much data, with which seeds."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from mere.errors import ConfigError
from mere.schema import Sentence
from mere.training.config import TrainingConfig, load_config


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the table: something that is trained, or a second look at what another variant trained.

    Attributes
    ----------
    config, changes:
        The training: a configuration by name, and what differs from it (in a configuration's own form).
    first_stage:
        Name of a variant whose first stage is taken over, so that the training starts at its second.
    each_language:
        Train one model a language on that language's data alone, and pool their predictions.
    share:
        Share of the training data, by sentence id.
    of:
        Name of a variant whose trained model is looked at; nothing is trained.
    stage:
        With ``of``: the stage after which it is looked at; the last where empty.
    module:
        With ``of``: the sub-module that sentences go through: their language's ``own``, the ``shared`` one, or a
        ``wrong`` one, the next language's.
    tagger:
        With ``of``: name of the variant whose model finds the spans of the relations that ``of`` finds (a pipeline).
    shown:
        Whether it is a row of the table.
    family:
        Variants of one family are joined by a line in the figures over training size and k; its own name where empty.
    """

    config: str = ""
    changes: dict[str, Any] = {}
    first_stage: str = ""
    each_language: bool = False
    share: float = 1.0
    of: str = ""
    stage: str = ""
    module: Literal["own", "shared", "wrong"] = "own"
    tagger: str = ""
    shown: bool = True
    family: str = ""

    def __post_init__(self) -> None:
        """Refuse a variant that is neither trained nor a look at another."""
        if bool(self.config) == bool(self.of):
            raise ValueError("a variant names either a 'config' to train or the variant 'of' which it is a look")
        if not 0 < self.share <= 1:
            raise ValueError(f"'share' must be above 0 and at most 1, not {self.share}")


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A grid of variants and seeds.

    Attributes
    ----------
    variants:
        By name, each after those that it builds on.
    baseline:
        The variant that the others are compared with.
    seeds:
        Seeds of the trainings.
    changes:
        What differs from every variant's configuration.
    sentences, dev_sentences:
        Sentences a language to keep of the training and the dev data, chosen by id, so that translations stay
        together; 0 keeps all.
    """

    variants: dict[str, Variant]
    baseline: str
    seeds: tuple[int, ...] = (1,)
    changes: dict[str, Any] = {}
    sentences: int = 0
    dev_sentences: int = 0

    def __post_init__(self) -> None:
        """Refuse names that are no variant, or come too late."""
        if self.baseline not in self.variants:
            raise ValueError(f"the baseline '{self.baseline}' is none of the variants")
        earlier: set[str] = set()
        for name, variant in self.variants.items():
            for key in ("of", "tagger", "first_stage"):
                other = getattr(variant, key)
                if other and other not in earlier:
                    raise ValueError(f"variant '{name}': '{key}' names '{other}', which is no variant above it")
            earlier.add(name)

    def training(self, name: str, seed: int, backbone: str = "") -> TrainingConfig:
        """Return the training of a variant with ``seed``, on another backbone if one is named."""
        variant = self.variants[name]
        config = load_config(variant.config, self.changes, variant.changes, {"seed": seed})
        if not backbone:
            return config
        return msgspec.structs.replace(config, model=msgspec.structs.replace(config.model, backbone=backbone))


def shipped_grids() -> dict[str, Path]:
    """Return the grids that come with mere, by name."""
    folder = Path(str(resources.files("mere.experiments"))) / "grids"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_grid(name: str) -> Grid:
    """Read a grid file, or a shipped one by name; raises `ConfigError` naming the key that is wrong."""
    path = shipped_grids().get(name, Path(name))
    try:
        grid = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Grid)
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(shipped_grids())
        raise ConfigError(f"{name}: no such grid; give a TOML file or one of: {names}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}") from error
    for label, variant in grid.variants.items():
        if variant.config:  # builds it once, so that a wrong one is told before hours of training
            grid.training(label, grid.seeds[0])
    return grid


def by_id(sentences: Sequence[Sentence], *, count: int = 0, share: float = 1.0) -> list[Sentence]:
    """Keep ``count`` sentences a language (0 for all), or a ``share`` of them, always those of the same ids."""
    ranked = sorted(range(len(sentences)), key=lambda index: _rank(sentences[index]))
    languages: dict[str, list[int]] = {}
    for index in ranked:
        languages.setdefault(sentences[index].language, []).append(index)
    kept = {
        index
        for indices in languages.values()
        for index in indices[: count or len(indices)][: max(1, round(share * len(indices)))]
    }
    return [sentence for index, sentence in enumerate(sentences) if index in kept]


def _rank(sentence: Sentence) -> bytes:
    key = sentence.text if sentence.id is None else sentence.id
    return hashlib.blake2b(key.encode(), digest_size=8).digest()
