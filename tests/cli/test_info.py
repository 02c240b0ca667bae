"""``mere info`` and ``mere evaluate`` as a user meets them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mere.data.formats.jsonl import write_jsonl
from mere.inference.artifact import PACKAGED
from mere.schema import Sentence

NO_TORCH = "import sys; sys.modules.update(dict.fromkeys(('torch', 'transformers', 'safetensors')))\n"
NO_TORCH += "from mere.cli.main import main; main()"


def _mere(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NO_TORCH, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def folder(tiny_model: str, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "mine")


@pytest.mark.skipif(not PACKAGED.is_dir(), reason="the package holds no model")
def test_the_packaged_model_tells_all_of_itself() -> None:
    done = _mere("info", "default", "--json", "-")
    assert done.returncode == 0, done.stderr
    about = json.loads(done.stdout)
    assert (about["name"], about["format"]) == ("default", 2)
    assert about["checksums"] == {"ok": True, "problem": None}
    assert "CC BY-SA" in about["licences"]["weights"]
    assert "SMiLER" in about["licences"]["data"]
    assert about["bytes"]["total"] == sum(about["bytes"]["files"].values())
    assert about["thresholds"]["thresholds"]["default"] > 0
    assert None not in about["relations"].values()
    parent = about["relations"]["has-parent"]
    assert (parent["wikidata"], parent["wikidata_turned"], parent["inverse"]) == ("P40", True, "has-child")
    for example in parent["examples"]:
        for role in ("head", "tail"):
            span = example[role]
            assert example["text"][span["start"] : span["end"]] == span["text"]
    shown = _mere("info").stdout
    assert "The person (head) was born in the place" in shown
    assert "Wikidata P19" in shown


def test_a_folder_is_shown_with_what_is_not_known_of_it(folder: Path) -> None:
    done = _mere("info", str(folder))
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout
    assert "the model card does not say" in done.stdout


def test_a_damaged_file_is_told(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"other weights")
    done = _mere("info", str(folder), "--json", "-")
    assert done.returncode == 1
    checksums = json.loads(done.stdout)["checksums"]
    assert not checksums["ok"]
    assert "model.safetensors: does not match its checksum" in checksums["problem"]
    assert "model.safetensors:doesnotmatch" in "".join(_mere("info", str(folder)).stdout.split())


@pytest.mark.parametrize("spoil", ["none", "empty", "config"])
def test_no_model_is_one_line(folder: Path, tmp_path: Path, spoil: str) -> None:
    if spoil == "config":
        (folder / "config.json").write_text("{}")
    elif spoil == "empty":
        folder = tmp_path / "empty"
        folder.mkdir()
    else:
        folder = tmp_path / "nowhere"
    done = _mere("info", str(folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {folder}")
    assert done.stderr.count("\n") == 1


def test_evaluation_needs_no_torch_and_shows_facts_first(
    exported_model: str, sample: list[Sentence], tmp_path: Path
) -> None:
    write_jsonl(sample[::5], tmp_path / "gold.jsonl")
    out = tmp_path / "scores.json"
    done = _mere("evaluate", exported_model, str(tmp_path / "gold.jsonl"), "--relations", "--json", str(out))
    assert done.returncode == 0, done.stderr
    assert 0 < done.stdout.index("strict P") < done.stdout.index("has-occupation") < done.stdout.index("triple P")
    values = json.loads(out.read_text())
    assert set(values["facts"]) >= {"strict", "lenient", "empty_with_triple"}
    assert "has-occupation" not in _mere("evaluate", exported_model, str(tmp_path / "gold.jsonl")).stdout
