"""Which folder a model's name means, and which one is never written in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mere.errors import ArtifactError, InputError
from mere.inference import artifact as files
from mere.inference.artifact import find_model, in_place
from mere.inference.extractor import Extractor


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the packaged model would be; the working directory is an empty one beside it."""
    folder = tmp_path / "package" / "default_model"
    monkeypatch.setattr(files, "PACKAGED", folder)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


def test_default_is_the_packaged_model(packaged: Path) -> None:
    packaged.mkdir(parents=True)
    assert find_model("default") == packaged
    Path("runs/mine").mkdir(parents=True)  # a name of two parts that is no folder is one of the Hub
    assert find_model("runs/mine") == Path("runs/mine")


def test_a_folder_of_that_name_comes_first(packaged: Path) -> None:
    packaged.mkdir(parents=True)
    Path("default").mkdir()
    assert find_model("default") == Path("default")


def test_a_package_without_a_model_says_so(packaged: Path) -> None:
    with pytest.raises(ArtifactError, match="comes without a model"):
        find_model("default")
    with pytest.raises(ArtifactError, match="comes without a model"):
        Extractor.from_pretrained()


def test_the_extractor_loads_it_unnamed(packaged: Path, exported_model: str) -> None:
    packaged.parent.mkdir()
    packaged.symlink_to(exported_model)
    assert Extractor.from_pretrained().languages == Extractor.from_pretrained(exported_model).languages


def test_the_packaged_model_is_not_written_in_place(packaged: Path) -> None:
    assert in_place(Path("mine")) == Path("mine")
    for folder in (packaged, Path("../package/default_model")):
        with pytest.raises(InputError, match="--output"):
            in_place(folder)
