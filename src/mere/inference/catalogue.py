"""The catalogue of relations of a saved model: its own ``relations.toml`` where it has one. Torch-free."""

from __future__ import annotations

import shutil
from pathlib import Path

from mere.data.catalogue import FILE, Catalogue
from mere.errors import ArtifactError, InputError
from mere.inference.artifact import ArtifactConfig, check_manifest, replacing


def load_catalogue(folder: Path) -> Catalogue:
    """Return what the relations of the model in ``folder`` mean, in the order of its schema.

    A model without a file of its own is taken to use the package's relations in the package's sense. Relations that the
    catalogue does not hold are left out.

    Raises
    ------
    ArtifactError
        Where the model cannot be read, or its file is damaged or does not match its checksum.
    """
    relations = ArtifactConfig.read(folder).schema.relations
    path = folder / FILE
    if not path.exists():
        return Catalogue.default().subset(relations)
    check_manifest(folder, [FILE])
    try:
        return Catalogue.read(path).subset(relations)
    except InputError as error:
        raise ArtifactError(str(error)) from error


def write_catalogue(catalogue: Catalogue, folder: Path) -> None:
    """Write ``relations.toml`` into ``folder``, a draft of a model whose manifest is still to be written."""
    catalogue.write(folder / FILE)


def save_catalogue(folder: Path, catalogue: Catalogue, output: Path | None = None) -> None:
    """Give the model in ``folder``, or a copy at ``output``, a catalogue of its own; all else stays as it is.

    Raises `InputError` for a relation that the model does not have, or where the folder cannot be written.
    """
    schema = ArtifactConfig.read(folder).schema
    strange = [name for name in catalogue.relations if name not in schema.relations]
    if strange:
        raise InputError("the model has no such relation; leave it out", field=strange[0])
    with replacing(output or folder) as draft:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        write_catalogue(catalogue, draft)
