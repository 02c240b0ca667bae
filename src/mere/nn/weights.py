"""Saving and loading a model with its weights; what its directory holds: `mere.inference.artifact`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mere.errors import ArtifactError
from mere.inference.artifact import (
    CARD,
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

    Matrices that are ``rounded`` are written so (see `mere.nn.compact`).
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
    save_file(compacted(state, rounded), folder / WEIGHTS)
    if not backbone.packed:
        backbone.tokenizer.save(folder)


def load_artifact(folder: Path) -> JointModel:
    """Read a model, checking every sum; raises `ArtifactError` that names the file which is missing or damaged."""
    check_manifest(folder)
    config = ArtifactConfig.read(folder)
    stored = config.backbone
    blank = Backbone.blank(config.model.backbone, stored.config, folder, config.model.backbone_dropout)
    if isinstance(blank.word_embeddings, PackedEmbedding):
        blank.word_embeddings.file.check(stored.embeddings, folder)
    model = JointModel(config.model, config.schema, blank)
    path = folder / WEIGHTS
    try:
        saved = expanded(load_file(path))
    except (SafetensorError, KeyError) as error:
        raise ArtifactError(f"{path}: damaged ({error}); copy or train the model again") from error
    missing, unexpected = model.load_state_dict(_bundled(blank, stored.bundled_layers) | saved, strict=False)
    if missing or unexpected:
        name, what = (missing[0], "misses") if missing else (unexpected[0], "has an unknown")
        raise ArtifactError(f"{path}: {what} tensor '{name}'; it does not fit config.json")
    model.codec = model.codec.with_decoding(config.decoding)
    return model.eval()


def _bundled(backbone: Backbone, layers: int) -> dict[str, Tensor]:
    """Return what a model's file of weights leaves out, since the backbone's package holds it."""
    return {f"backbone.{name}": tensor for name, tensor in backbone.bundled_state(layers).items()}
