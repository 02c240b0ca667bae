"""Saving and loading a model with its weights; what its directory holds: `mere.inference.artifact`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mere.errors import ArtifactError
from mere.inference.artifact import (
    CARD,
    CONFIG,
    MANIFEST,
    WEIGHTS,
    ArtifactConfig,
    StoredBackbone,
    check_manifest,
    replacing,
    write_manifest,
)
from mere.nn.backbones import Backbone, PackedEmbedding
from mere.nn.compact import Rounded, compacted, expanded
from mere.nn.joint import JointModel

__all__ = ["MANIFEST", "load_artifact", "save_artifact", "write_artifact", "write_manifest"]


def save_artifact(model: JointModel, folder: Path, card: str) -> None:
    """Write ``model`` and its card to ``folder``, whole or not at all; an artifact that is there is replaced."""
    with replacing(folder) as draft:
        write_artifact(model, draft, card, {})


def write_artifact(model: JointModel, folder: Path, card: str, rounded: Mapping[bytes, Rounded]) -> None:
    """Write the files of ``model`` but for the manifest to ``folder``, which must be there.

    Matrices that are ``rounded`` are written so (see `mere.nn.compact`). Raises `OSError` where the disk is full.
    """
    backbone = model.backbone
    table = backbone.word_embeddings
    embeddings = table.file.sha256() if isinstance(table, PackedEmbedding) else None
    layers = backbone.bundled_layers()
    stored = StoredBackbone(backbone.config(), embeddings, layers)
    ArtifactConfig(model.schema, model.config, model.codec.decoding, stored).write(folder)
    (folder / CARD).write_text(card, "utf-8")
    elsewhere = _bundled(backbone, layers)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name not in elsewhere}
    try:
        save_file(compacted(state, rounded), folder / WEIGHTS)
    except SafetensorError as error:  # the library's word for a full disk too
        raise OSError(str(error)) from error
    if not backbone.packed:
        backbone.tokenizer.save(folder)


def load_artifact(folder: Path) -> JointModel:
    """Read a model, checking every sum; raises `ArtifactError` that names the file which is missing or damaged."""
    check_manifest(folder)
    config = ArtifactConfig.read(folder)
    path = folder / WEIGHTS
    try:
        size = path.stat().st_size
        saved = expanded(load_file(path))
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        raise ArtifactError(f"{path}: damaged ({error}); copy or train the model again") from error
    model = _blank(config, folder, size)
    state = _bundled(model.backbone, config.backbone.bundled_layers) | saved
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # a tensor of another shape
        reason = str(error).splitlines()[-1].strip()
        raise ArtifactError(f"{path}: does not fit {CONFIG} ({reason}); copy or train the model again") from error
    if missing or unexpected:
        name, what = (missing[0], "misses") if missing else (unexpected[0], "has an unknown")
        raise ArtifactError(f"{path}: {what} tensor '{name}'; it does not fit {CONFIG}")
    model.codec = model.codec.with_decoding(config.decoding)
    return model.eval()


def _blank(config: ArtifactConfig, folder: Path, size: int) -> JointModel:
    """Build a model of this shape, whose file of weights has ``size`` bytes; raises `ArtifactError` where none can be.

    A shape with more parameters than the file has bytes is refused before it takes any memory.
    """
    stored, path = config.backbone, folder / CONFIG
    try:
        blank = Backbone.blank(config.model.backbone, stored.config, folder, config.model.backbone_dropout, size)
        table = blank.word_embeddings
        if isinstance(table, PackedEmbedding):
            table.file.check(stored.embeddings, folder)
        elif int(table.weight.shape[0]) < blank.tokenizer.pieces:  # type: ignore[index]
            raise ArtifactError(f"{path}: the backbone knows fewer pieces than the tokenizer; save the model again")
        with torch.device("meta"):
            outline = JointModel(config.model, config.schema, blank)
        parameters = outline.named_parameters()
        heads = sum(parameter.numel() for name, parameter in parameters if not name.startswith("backbone."))
        if heads > size:
            raise ArtifactError(f"{path}: describes a larger model than {WEIGHTS} holds; copy or train the model again")
        return JointModel(config.model, config.schema, blank)
    except ArtifactError:
        raise
    except Exception as error:  # whatever the libraries say of a shape that cannot be
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ArtifactError(f"{path}: no model has this shape ({reason}); copy or train the model again") from error


def _bundled(backbone: Backbone, layers: int) -> dict[str, Tensor]:
    """Return what a model's file of weights leaves out, since the backbone's package holds it."""
    return {f"backbone.{name}": tensor for name, tensor in backbone.bundled_state(layers).items()}
