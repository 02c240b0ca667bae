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

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from mere.errors import ArtifactError, InputError, MereError
from mere.inference import replacing as folders
from mere.inference.codec import SHARED_MODULE
from mere.inference.decoding import Decoding
from mere.inference.hub import fetch, is_hub_name
from mere.inference.manifest import CARD, MANIFEST, check_manifest, read_json, sha256, write_manifest
from mere.inference.model_config import ModelConfig
from mere.inference.replacing import copy_files
from mere.schema import Schema

__all__ = ["CARD", "MANIFEST", "check_manifest", "sha256", "write_manifest"]

FORMAT = 2
CONFIG, WEIGHTS = "config.json", "model.safetensors"

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
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    shares_weights: bool = False
    format: int = GRAPH_FORMAT

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Graphs:
        """Read from JSON; raises `ArtifactError` for another version or a file that is no such description."""
        fault, mend = "not a description of graphs", "export the model again"
        values = read_json(path, fault, mend)
        version = values.get("format")
        if type(version) is not int or version != GRAPH_FORMAT:  # 1.0 and true are equal to 1
            raise ArtifactError(
                f"{path}: graphs of format {version}, this version of mere runs {GRAPH_FORMAT}; export the model again"
            )
        try:
            return msgspec.convert(values, cls)
        except (msgspec.ValidationError, RecursionError) as error:
            raise ArtifactError(f"{path}: {fault} ({error}); {mend}") from error


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
        fault, mend = "not a model's configuration", "copy or train the model again"
        values = read_json(path, fault, mend)
        version = values.pop("format", None)
        if type(version) is not int or version != FORMAT:  # 2.0 is equal to 2
            raise ArtifactError(f"{path}: format {version}, this version of mere reads format {FORMAT}")
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ArtifactError(f"{path}: unknown key '{min(unknown)}'")
        try:
            config = cls(
                Schema.from_dict(values["schema"]),
                msgspec.convert(values["model"], ModelConfig),
                msgspec.convert(values["decoding"], Decoding),
                msgspec.convert(values["backbone"], StoredBackbone),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MereError) as error:
            reason = f"misses the key {error}" if isinstance(error, KeyError) else error
            raise ArtifactError(f"{path}: {fault} ({reason}); {mend}") from error
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
    """Return the folder of a model.

    That is ``name`` itself; for `DEFAULT`, unless there is such a folder, the packaged one; and for a name on the Hub
    (see `mere.inference.hub`), that which was fetched.

    Raises `ArtifactError` where the package holds none, or the Hub has no such model.
    """
    folder = Path(name)
    if isinstance(name, str) and not folder.exists() and is_hub_name(name):
        return fetch(name)
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
    """Give a draft directory that becomes the model ``folder`` when all went well; one that is there is replaced.

    Raises `InputError` where it cannot be written or holds what is no model; what was there stays.
    """
    with folders.replacing(folder, write_manifest, lambda there: (there / MANIFEST).is_file()) as draft:
        yield draft


def save_decoding(folder: Path, decoding: Decoding, card: str, output: Path | None = None) -> None:
    """Give the model in ``folder``, or a copy at ``output``, another decoding and card; all else stays as it is."""
    config = ArtifactConfig.read(folder)
    with replacing(output or folder) as draft:
        copy_files(folder, draft, without=[CARD])
        replace(config, decoding=decoding).write(draft)
        (draft / CARD).write_text(card, "utf-8")


def save_card(folder: Path, card: str) -> None:
    """Give the model in ``folder`` another card."""
    with replacing(folder) as draft:
        copy_files(folder, draft, without=[CARD])
        (draft / CARD).write_text(card, "utf-8")


class Card(NamedTuple):
    """A model's card; ``problem`` is one line where there was none to be read and this is a new one, else empty."""

    text: str
    problem: str


def read_card(folder: Path) -> Card:
    """Read the card of the model in ``folder``; a model does not depend on it, so for one that is damaged a new one."""
    path = folder / CARD
    try:
        text = path.read_text("utf-8")
        reason = "holds NUL bytes" if "\0" in text else ""
    except OSError as error:
        text, reason = "", error.strerror or str(error)
    except UnicodeDecodeError:
        text, reason = "", "not UTF-8"
    if not reason:
        return Card(text, "")
    return Card("# mere model\n", f"{path}: the model card cannot be read ({reason}); a new one is made")
