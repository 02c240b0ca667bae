"""Models by their names on the Hub: asked for by name alone, and told in one line where they cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mere.errors import ArtifactError, MissingExtraError
from mere.inference.artifact import find_model
from mere.inference.hub import is_hub_name


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, Any]]:
    """A stand-in for huggingface_hub that notes what it is asked for; it has one model."""
    calls: list[tuple[str, Any]] = []

    def snapshot_download(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        calls.append((name, revision))
        if name != "someone/model":
            raise OSError("404: no such\nrepository")
        return str(tmp_path)

    hub = ModuleType("huggingface_hub")
    vars(hub)["snapshot_download"] = snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.chdir(tmp_path)
    return calls


def test_a_name_is_fetched_with_its_revision(asked: list[tuple[str, Any]], tmp_path: Path) -> None:
    assert find_model("someone/model") == tmp_path
    assert find_model("someone/model@v1") == tmp_path
    assert asked == [("someone/model", None), ("someone/model", "v1")]


def test_paths_are_never_asked_for(asked: list[tuple[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    for name in ("runs/mine", "runs/other", "./someone/model", "/someone/model", "model", "a/b/c", "default"):
        find_model(name)
    assert not asked
    assert not is_hub_name("../someone")


def test_what_cannot_be_had_is_one_line(asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArtifactError, match=r"nobody/nothing: neither a folder .*404: no such repository"):
        find_model("nobody/nothing")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mere\[hub\]'"):
        find_model("someone/model")
