"""Saving and loading a model with its weights; what its directory holds: `mere.model.files`."""

from __future__ import annotations

from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mere.errors import ArtifactError
from mere.model.backbones import Backbone, PackedEmbedding
from mere.model.config import ModelConfig
from mere.model.decoding import Decoding
from mere.model.files import FORMAT, MANIFEST, check_manifest, read_config, replacing, write_config, write_manifest
from mere.model.joint import JointModel
from mere.schema import Schema

__all__ = ["MANIFEST", "load_artifact", "save_artifact", "write_manifest"]


def save_artifact(model: JointModel, folder: Path, card: str) -> None:
    """Write ``model`` and its card to ``folder``, whole or not at all; an artifact that is there is replaced."""
    with replacing(folder) as draft:
        _write(model, draft, card)


def load_artifact(folder: Path) -> JointModel:
    """Read a model, checking every sum; raises `ArtifactError` that names the file which is missing or damaged."""
    check_manifest(folder)
    config = read_config(folder)
    backbone = config["backbone"]
    model_config = msgspec.convert(config["model"], ModelConfig)
    blank = Backbone.blank(model_config.backbone, backbone["config"], folder)
    if isinstance(blank.word_embeddings, PackedEmbedding):
        blank.word_embeddings.file.check(backbone["embeddings"], folder)
    model = JointModel(model_config, Schema.from_dict(config["schema"]), blank)
    try:
        state = load_file(folder / "model.safetensors")
    except SafetensorError as error:
        raise ArtifactError(
            f"{folder / 'model.safetensors'}: damaged ({error}); copy or train the model again"
        ) from error
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing or unexpected:
        name, what = (missing[0], "misses") if missing else (unexpected[0], "has an unknown")
        raise ArtifactError(f"{folder / 'model.safetensors'}: {what} tensor '{name}'; it does not fit config.json")
    model.codec.decoding = msgspec.convert(config["decoding"], Decoding)
    return model.eval()


def _write(model: JointModel, folder: Path, card: str) -> None:
    backbone = model.backbone
    table = backbone.word_embeddings
    embeddings = table.file.sha256() if isinstance(table, PackedEmbedding) else None
    config = {
        "format": FORMAT,
        "schema": model.schema.to_dict(),
        "model": msgspec.to_builtins(model.config),
        "decoding": msgspec.to_builtins(model.codec.decoding),
        "backbone": {"config": backbone.config(), "embeddings": embeddings},
    }
    write_config(folder, config, card)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    if not backbone.packed:
        backbone.tokenizer.save(folder)
