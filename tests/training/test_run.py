"""Training: it learns, it is repeatable, and an interrupted run ends as an uninterrupted one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from mere.data.formats.jsonl import write_jsonl
from mere.errors import ArtifactError, InputError
from mere.evaluation.scores import evaluate
from mere.nn.joint import JointModel, ModelConfig
from mere.nn.weights import load_artifact
from mere.schema import Schema, Sentence
from mere.training.config import Stage, TrainingConfig
from mere.training.memory import MemoryPlan
from mere.training.reports import EpochReport, StepReport
from mere.training.run import encode, train
from mere.training.trainer import predict_examples


class Stop(Exception):
    """Stands for whatever ends a run."""


def _silent(_: StepReport | EpochReport | MemoryPlan) -> None:
    pass


def _config(backbone: str, **stage: object) -> TrainingConfig:
    values = {"epochs": 3, "batch_size": 16, "learning_rate": 3e-3, "backbone_learning_rate": 3e-3, "average": 0.9}
    model = ModelConfig(backbone=backbone, hidden=16, span=8)
    return TrainingConfig(model, (Stage(**{**values, **stage}),), precision="fp32")  # type: ignore[arg-type]


def test_a_tiny_model_learns_its_training_data(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    chosen = [sentence for sentence in sample if sentence.language in ("de", "en")]
    # Learning by heart: no dropout, and wide enough. A triple within a token of the small vocabulary is out of reach.
    stages = _config(tiny_backbone, epochs=60, patience=60, batch_size=8, learning_rate=2e-2).stages
    shape = ModelConfig(backbone=tiny_backbone, hidden=48, span=16, dropout=0.0, backbone_dropout=0.0)
    config = TrainingConfig(shape, stages, precision="fp32")
    model = load_artifact(train(config, chosen, chosen, tmp_path / "run", _silent))
    scores = evaluate(chosen, predict_examples(model, encode(model, chosen))).micro
    assert scores["triple"].f1 > 0.6
    assert scores["relation"].f1 > 0.8


def test_the_same_seed_gives_the_same_weights(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    config = _config(tiny_backbone, epochs=1)
    first, second = (train(config, sample, sample[:20], tmp_path / name, _silent) for name in "ab")
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()


@pytest.mark.parametrize("at", [9, 18, 37])
def test_a_run_interrupted_at_any_step_ends_with_the_same_weights(
    tiny_backbone: str, sample: list[Sentence], tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mere.training.checkpoint.Checkpoint.due", lambda self: True)
    config = _config(tiny_backbone)
    whole = train(config, sample, sample[:20], tmp_path / "whole", _silent)

    def stop(report: StepReport | EpochReport | MemoryPlan) -> None:
        if isinstance(report, StepReport) and report.step == at:
            raise Stop

    with pytest.raises(Stop):
        train(config, sample, sample[:20], tmp_path / "cut", stop)
    resumed = train(config, sample, sample[:20], tmp_path / "cut", _silent)
    expected, found = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(bool((expected[name] == found[name]).all()) for name in expected)
    assert not (tmp_path / "cut" / "checkpoint.safetensors").exists()


def test_an_interrupted_run_keeps_the_precision_it_chose(
    tiny_backbone: str, sample: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mere.training.checkpoint.Checkpoint.due", lambda self: True)
    config = msgspec.structs.replace(_config(tiny_backbone, epochs=1, consistency=0.5), precision="auto")

    def stop(report: StepReport | EpochReport | MemoryPlan) -> None:
        if isinstance(report, StepReport) and report.step == 5:
            raise Stop

    monkeypatch.setattr("mere.training.run._prefers_bf16", lambda *_: True)
    whole = train(config, sample, sample[:20], tmp_path / "whole", _silent)
    with pytest.raises(Stop):
        train(config, sample, sample[:20], tmp_path / "cut", stop)
    monkeypatch.setattr("mere.training.run._prefers_bf16", lambda *_: False)
    resumed = train(config, sample, sample[:20], tmp_path / "cut", _silent)
    other = train(config, sample, sample[:20], tmp_path / "other", _silent)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, resumed, other)]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_killed_process_resumes(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    write_jsonl(sample, tmp_path / "train.jsonl")
    write_jsonl(sample[:20], tmp_path / "dev.jsonl")
    (tmp_path / "config.toml").write_text(
        f'precision = "fp32"\n[model]\nbackbone = "{tiny_backbone}"\nhidden = 16\n'
        "[[stages]]\nepochs = 40\npatience = 40\n"
    )
    command = [sys.executable, "-m", "mere", "train", str(tmp_path / "config.toml")]
    command += ["--train", str(tmp_path / "train.jsonl"), "--dev", str(tmp_path / "dev.jsonl"), "--output"]
    process = subprocess.Popen([*command, str(tmp_path / "cut")], stderr=subprocess.DEVNULL)
    history = tmp_path / "cut" / "history.jsonl"
    deadline = time.monotonic() + 120
    while not (history.exists() and history.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut" / "model").exists(), "the run ended before it could be killed"
    for name in ("cut", "whole"):
        subprocess.run([*command, str(tmp_path / name)], check=True, stderr=subprocess.DEVNULL)
    weights = [(tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("cut", "whole")]
    assert weights[0] == weights[1]


def test_another_run_in_the_same_folder_is_refused(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    train(_config(tiny_backbone, epochs=1), sample, sample[:20], tmp_path, _silent)
    with pytest.raises(ArtifactError, match="another configuration"):
        train(_config(tiny_backbone, epochs=2), sample, sample[:20], tmp_path, _silent)


def _epochs(config: TrainingConfig, sentences: list[Sentence], output: Path) -> list[float]:
    """Train and return the dev score of every epoch."""
    scores: list[float] = []

    def watch(report: StepReport | EpochReport | MemoryPlan) -> None:
        if isinstance(report, EpochReport):
            scores.append(report.triple)

    train(config, sentences, sentences, output, watch)
    assert len((output / "history.jsonl").read_text().splitlines()) == len(scores)
    return scores


def test_training_stops_when_it_gets_no_better(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    chosen = [sentence for sentence in sample if sentence.language in ("de", "en")]
    config = _config(tiny_backbone, epochs=200, patience=2, batch_size=8, learning_rate=2e-2)
    scores = _epochs(config, chosen, tmp_path)
    assert len(scores) < 200
    assert max(scores) == max(scores[:-2]) > 0


def test_training_goes_on_until_it_finds_something(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    config = _config(tiny_backbone, epochs=5, patience=1, learning_rate=1e-5, backbone_learning_rate=1e-6)
    assert _epochs(config, sample[:40], tmp_path) == [0.0] * 5


def test_frozen_parts_do_not_move(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    config = _config(tiny_backbone, epochs=1, frozen_layers=1)
    torch.manual_seed(config.seed)  # what the checkpoint lacks starts at random
    before = JointModel(config.model, Schema.of(sample)).backbone.state_dict()
    after = load_artifact(train(config, sample, sample[:20], tmp_path, _silent)).backbone.state_dict()
    moved = {name for name in before if not bool((before[name] == after[name]).all())}
    assert moved
    assert all("layer.1" in name for name in moved)


def test_data_without_triples_is_refused(tiny_backbone: str, tmp_path: Path) -> None:
    empty = [Sentence("Nothing here.", "en")]
    with pytest.raises(InputError, match="no triple"):
        train(_config(tiny_backbone), empty, empty, tmp_path, _silent)


def test_the_card_names_languages_relations_and_scores(
    tiny_backbone: str, sample: list[Sentence], tmp_path: Path
) -> None:
    model = train(_config(tiny_backbone, epochs=1), sample, sample[:20], tmp_path, _silent)
    card = (model / "README.md").read_text()
    assert all(word in card for word in ("birth-place", "uk", "micro", "280 sentences", "calibration error"))
    assert json.loads((model / "config.json").read_text())["format"] == 2
