"""A saved model's catalogue of relations: its own, or the package's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mere.data.catalogue import FILE, Catalogue
from mere.errors import ArtifactError, InputError
from mere.inference.artifact import ArtifactConfig, check_manifest, write_manifest
from mere.inference.catalogue import load_catalogue, save_catalogue
from mere.inference.extractor import Extractor

OWN = Catalogue.from_dict({"is-where": {"definition": "Here is there.", "head": ["place"], "tail": ["planet"]}})


@pytest.fixture
def folder(tiny_model: str, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "model")


def test_a_model_without_one_has_the_packages(folder: Path) -> None:
    assert not (folder / FILE).exists()
    catalogue = load_catalogue(folder)
    assert tuple(catalogue.relations) == ArtifactConfig.read(folder).schema.relations
    assert catalogue.relations["is-where"] == Catalogue.default().relations["is-where"]


def test_a_model_may_bring_its_own(folder: Path, tmp_path: Path) -> None:
    save_catalogue(folder, OWN, tmp_path / "other")
    assert load_catalogue(tmp_path / "other") == OWN, "of the model's other relations nothing is known"
    assert not (folder / FILE).exists()
    check_manifest(tmp_path / "other")
    save_catalogue(folder, OWN)
    assert load_catalogue(folder) == OWN
    assert Extractor.from_pretrained(folder).relations == ArtifactConfig.read(folder).schema.relations


def test_relations_that_the_model_does_not_have_are_refused(folder: Path) -> None:
    entry = {"definition": "d", "head": ["a"], "tail": ["b"]}
    with pytest.raises(InputError, match="field 'likes': the model has no such relation"):
        save_catalogue(folder, Catalogue.from_dict({"likes": entry}))
    assert not (folder / FILE).exists()


def test_a_changed_or_damaged_file_is_told(folder: Path) -> None:
    save_catalogue(folder, OWN)
    (folder / FILE).write_text("[is-where]\n", "utf-8")
    with pytest.raises(ArtifactError, match=f"{FILE}: does not match its checksum"):
        load_catalogue(folder)
    write_manifest(folder)
    with pytest.raises(ArtifactError, match=f"{FILE}, field 'is-where': Object missing required field"):
        load_catalogue(folder)
