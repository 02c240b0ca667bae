"""The commands on the model that comes with mere: read without being named, and never changed in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mere.cli.commands import build
from mere.data.formats.jsonl import write_jsonl
from mere.errors import InputError
from mere.inference import artifact as files
from mere.inference.artifact import ArtifactConfig
from mere.schema import Sentence

Run = Callable[..., Result]


@pytest.fixture
def run(exported_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command where a tiny model is the packaged one."""
    monkeypatch.setattr(files, "PACKAGED", Path(exported_model))
    monkeypatch.chdir(tmp_path)
    return lambda command, *arguments: CliRunner().invoke(build(command), [command, *arguments], catch_exceptions=False)


def test_extraction_needs_no_name(run: Run) -> None:
    done = run("extract", "Ada Lovelace was born in London.", "--format", "jsonl", "--output", "triples.jsonl")
    assert done.exit_code == 0
    (record,) = map(json.loads, Path("triples.jsonl").read_text("utf-8").splitlines())
    assert record["triples"]


def test_calibration_makes_a_copy(run: Run, sample: list[Sentence], exported_model: str) -> None:
    write_jsonl(sample, Path("dev.jsonl"))
    before = ArtifactConfig.read(Path(exported_model))
    with pytest.raises(InputError, match="--output"):
        run("calibrate", "default", "dev.jsonl")
    assert run("calibrate", "default", "dev.jsonl", "--output", "mine").exit_code == 0
    assert ArtifactConfig.read(Path(exported_model)) == before
    assert ArtifactConfig.read(Path("mine")) != before
    assert run("extract", "Ada was here.", "--model", "mine").exit_code == 0


def test_export_is_refused_in_place(run: Run) -> None:
    with pytest.raises(InputError, match="--output"):
        run("export", "default", "--compact")
