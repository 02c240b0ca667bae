"""Saving and loading a model with its weights; what its directory holds: `mere.inference.artifact`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mere.errors import ArtifactError
from mere.inference.artifact import (
    FORMAT,
    MANIFEST,
    WEIGHTS,
    StoredBackbone,
    check_manifest,
    read_config,
    replacing,
    write_config,
    write_manifest,
)
from mere.inference.decoding import Decoding
from mere.inference.model_config import ModelConfig
from mere.nn.backbones import Backbone, PackedEmbedding
from mere.nn.compact import Rounded, compacted, expanded
from mere.nn.joint import JointModel
from mere.schema import Schema

__all__ = ["MANIFEST", "load_artifact", "save_artifact", "write_artifact", "write_manifest"]


def save_artifact(model: JointModel, folder: Path, card: str) -> None:
    """Write ``model`` and its card to ``folder``, whole or not at all; an artifact that is there is replaced."""
    with replacing(folder) as draft:
        write_artifact(model, draft, card, {})


def write_artifact(model: JointModel, folder: Path, card: str, rounded: Mapping[bytes, Rounded]) -> None:
    """Write the files of ``model`` but for the manifest to ``folder``, which must be there.

    Matrices that are ``rounded`` are written so (see `mere.nn.compact`).
    """
    backbone = model.backbone
    table = backbone.word_embeddings
    embeddings = table.file.sha256() if isinstance(table, PackedEmbedding) else None
    layers = backbone.bundled_layers()
    config = {
        "format": FORMAT,
        "schema": model.schema.to_dict(),
        "model": msgspec.to_builtins(model.config),
        "decoding": msgspec.to_builtins(model.codec.decoding),
        "backbone": msgspec.to_builtins(StoredBackbone(backbone.config(), embeddings, layers)),
    }
    write_config(folder, config, card)
    elsewhere = _bundled(backbone, layers)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name not in elsewhere}
    save_file(compacted(state, rounded), folder / WEIGHTS)
    if not backbone.packed:
        backbone.tokenizer.save(folder)


def load_artifact(folder: Path) -> JointModel:
    """Read a model, checking every sum; raises `ArtifactError` that names the file which is missing or damaged."""
    check_manifest(folder)
    config = read_config(folder)
    stored = msgspec.convert(config["backbone"], StoredBackbone)
    model_config = msgspec.convert(config["model"], ModelConfig)
    blank = Backbone.blank(model_config.backbone, stored.config, folder, model_config.backbone_dropout)
    if isinstance(blank.word_embeddings, PackedEmbedding):
        blank.word_embeddings.file.check(stored.embeddings, folder)
    model = JointModel(model_config, Schema.from_dict(config["schema"]), blank)
    path = folder / WEIGHTS
    try:
        saved = expanded(load_file(path))
    except (SafetensorError, KeyError) as error:
        raise ArtifactError(f"{path}: damaged ({error}); copy or train the model again") from error
    missing, unexpected = model.load_state_dict(_bundled(blank, stored.bundled_layers) | saved, strict=False)
    if missing or unexpected:
        name, what = (missing[0], "misses") if missing else (unexpected[0], "has an unknown")
        raise ArtifactError(f"{path}: {what} tensor '{name}'; it does not fit config.json")
    model.codec.decoding = msgspec.convert(config["decoding"], Decoding)
    return model.eval()


def _bundled(backbone: Backbone, layers: int) -> dict[str, Tensor]:
    """Return what a model's file of weights leaves out, since the backbone's package holds it."""
    return {f"backbone.{name}": tensor for name, tensor in backbone.bundled_state(layers).items()}
