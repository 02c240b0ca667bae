"""The files of a saved model: one directory, no pickle, every file under a SHA-256 sum.

::

    config.json         format version, schema, shape of the model, calibration and thresholds, the backbone's shape
    model.safetensors   weights; what still is as in the bundled backbone's package stays there, its word embeddings and
                        the lowest layers that never learned; `mere.nn.compact` tells how they are made small
    tokenizer.json, special_ids.json   only where the backbone is not a bundled one
    onnx/               graphs for the runtime, where the model was exported (see `mere.export.graphs`)
    relations.toml      what the relations mean, where the package does not say it (see `mere.data.catalogue`)
    README.md           the model card
    manifest.json       SHA-256 of every other file

Torch-free: the runtime reads a model with what is here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from mere.errors import ArtifactError, InputError, MereError
from mere.inference.codec import SHARED_MODULE
from mere.inference.decoding import Decoding
from mere.inference.model_config import ModelConfig
from mere.schema import Schema

FORMAT = 2
CONFIG, MANIFEST, WEIGHTS, CARD = "config.json", "manifest.json", "model.safetensors", "README.md"

DEFAULT = "default"
PACKAGED = Path(str(resources.files("mere"))) / "default_model"
"""The model that comes with mere: its name, and its folder."""

GRAPH_FORMAT = 1
FOLDER, GRAPHS = "onnx", "graphs.json"
ENCODER, INT8, ENTITIES = "encoder.onnx", "encoder.int8.onnx", "entities.onnx"
"""Files of the folder that ``mere export`` adds."""


class Graphs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the runtime has to know of a model's ONNX graphs.

    Attributes
    ----------
    inputs:
        Whether the encoder takes rows of the word embedding table or token ids.
    max_tokens:
        Longest sentence in tokens, special tokens not counted.
    shares_weights:
        Whether the 8-bit encoder refers to matrices in the model's own file of weights.
    format:
        Version of the graphs' inputs and outputs.
    """

    inputs: Literal["words", "ids"]
    max_tokens: int
    shares_weights: bool = False
    format: int = GRAPH_FORMAT

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Graphs:
        """Read from JSON; raises `ArtifactError` for another version or a file that is no such description."""
        try:
            values = json.loads(path.read_text("utf-8"))
            version = values["format"]
            if version == GRAPH_FORMAT:
                return msgspec.convert(values, cls)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path}: not a description of graphs: {error!r}; export the model again") from error
        raise ArtifactError(
            f"{path}: graphs of format {version}, this version of mere runs {GRAPH_FORMAT}; export the model again"
        )


class StoredBackbone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``config.json`` says of the backbone.

    Attributes
    ----------
    config:
        Its shape.
    embeddings:
        SHA-256 of the bundled file that it was made from; None for a backbone that is not a bundled one.
    bundled_layers:
        How many of its lowest layers, and if any then its embeddings, are read from that file.
    """

    config: dict[str, Any]
    embeddings: str | None
    bundled_layers: Annotated[int, msgspec.Meta(ge=0)] = 0


@dataclass(frozen=True)
class ArtifactConfig:
    """What ``config.json`` holds: the schema, the model's shape, its calibration and thresholds, its backbone."""

    schema: Schema
    model: ModelConfig
    decoding: Decoding
    backbone: StoredBackbone

    @classmethod
    def read(cls, folder: Path) -> ArtifactConfig:
        """Read the configuration of the model in ``folder``.

        Raises `ArtifactError` for another format, an unknown key, an ill-typed value, or a decoding of relations or
        languages that the schema does not know.
        """
        path = folder / CONFIG
        try:
            values = json.loads(path.read_text("utf-8"))
            version = values.pop("format")
            if version != FORMAT or isinstance(version, bool) or not isinstance(version, int):
                raise ArtifactError(f"{path}: format {version}, this version of mere reads format {FORMAT}")
            unknown = set(values) - {field.name for field in fields(cls)}
            if unknown:
                raise ArtifactError(f"{path}: unknown key '{min(unknown)}'")
            config = cls(
                Schema.from_dict(values["schema"]),
                msgspec.convert(values["model"], ModelConfig),
                msgspec.convert(values["decoding"], Decoding),
                msgspec.convert(values["backbone"], StoredBackbone),
            )
        except ArtifactError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MereError) as error:
            problem = f"not a model's configuration: {error!r}; copy or train the model again"
            raise ArtifactError(f"{path}: {problem}") from error
        strange = config.decoding.names - {*config.schema.relations, *config.schema.languages, SHARED_MODULE}
        if strange:
            raise ArtifactError(f"{path}: 'decoding' names '{min(strange)}', which the schema does not know")
        return config

    def write(self, folder: Path) -> None:
        """Write ``config.json`` into ``folder``."""
        values = {
            "format": FORMAT,
            "schema": self.schema.to_dict(),
            **{name: msgspec.to_builtins(getattr(self, name)) for name in ("model", "decoding", "backbone")},
        }
        (folder / CONFIG).write_text(json.dumps(values, indent=1, ensure_ascii=False), "utf-8")


def find_model(name: str | Path) -> Path:
    """Return the folder of a model: ``name`` itself, or for `DEFAULT`, unless there is such a folder, the packaged one.

    Raises `ArtifactError` where the package holds none.
    """
    folder = Path(name)
    if str(name) != DEFAULT or folder.is_dir():
        return folder
    if not PACKAGED.is_dir():
        raise ArtifactError("this mere comes without a model; train one with mere train and name its folder")
    return PACKAGED


def in_place(folder: Path) -> Path:
    """Return a model's folder, which is to be written anew; raises `InputError` for the packaged one."""
    if folder.resolve() == PACKAGED.resolve():
        raise InputError("the model in the package stays as it is; name another folder with --output", path=folder)
    return folder


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a draft directory that becomes ``folder`` when all went well; an artifact that is there is replaced."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}); choose another folder", path=folder) from error
    try:
        yield draft
        write_manifest(draft)
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def save_decoding(folder: Path, decoding: Decoding, card: str, output: Path | None = None) -> None:
    """Give the model in ``folder``, or a copy at ``output``, another decoding and card; all else stays as it is."""
    config = ArtifactConfig.read(folder)
    with replacing(output or folder) as draft:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        replace(config, decoding=decoding).write(draft)
        (draft / CARD).write_text(card, "utf-8")


def save_card(folder: Path, card: str) -> None:
    """Give the model in ``folder`` another card."""
    with replacing(folder) as draft:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        (draft / CARD).write_text(card, "utf-8")


def check_manifest(folder: Path, names: Collection[str] | None = None) -> None:
    """Compare all files, or those called ``names``, with their sums; `ArtifactError` for one missing or changed."""
    path = folder / MANIFEST
    if not folder.is_dir() or not path.is_file():
        raise ArtifactError(f"{folder}: no model here (a model is a directory with a {MANIFEST}); check the path")
    try:
        sums: dict[str, str] = json.loads(path.read_text("utf-8"))
        files = sorted((name, sums[name]) for name in (sums if names is None else names))
    except KeyError as error:
        raise ArtifactError(f"{path}: does not name {error}; copy the model again or export it again") from error
    except (ValueError, TypeError) as error:
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
