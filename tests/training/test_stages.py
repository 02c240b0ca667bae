"""Two stages: the second starts from the first one's artifact, and only the switcher learns, from cached states."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mere.inference.decoding import Decoding
from mere.nn.joint import AggregatorConfig, ModelConfig, SwitcherConfig
from mere.nn.weights import load_artifact
from mere.schema import Sentence
from mere.training.cache import StateCache
from mere.training.config import Stage, TrainingConfig
from mere.training.memory import MemoryPlan
from mere.training.reports import EpochReport, StepReport
from mere.training.run import encode, train
from mere.training.trainer import predict_examples


def _silent(_: StepReport | EpochReport | MemoryPlan) -> None:
    pass


@pytest.fixture(scope="module")
def few(sample: list[Sentence]) -> list[Sentence]:
    """Five sentences a language: it is not the point here that something is learned."""
    return sample[::4]


def _config(backbone: str, switcher: SwitcherConfig, reading: str = "states") -> TrainingConfig:
    unified = Stage(name="unified", epochs=1, batch_size=16, concatenate=3)
    specific = Stage(name="specific", train=("switcher",), epochs=2, batch_size=16, learning_rate=1e-2, shared=0.2)
    aggregator = AggregatorConfig(reading=reading, heads=2)  # type: ignore[arg-type]
    model = ModelConfig(backbone=backbone, hidden=16, span=8, aggregator=aggregator, switcher=switcher)
    return TrainingConfig(model, (unified, specific), precision="fp32")


@pytest.mark.parametrize(
    "switcher",
    [
        SwitcherConfig(width=4),
        SwitcherConfig(width=4, routing="learned", modules=3),
        SwitcherConfig(width=4, routing="random"),
        SwitcherConfig(width=4, layers=1),
    ],
    ids=["language", "learned", "random", "inside"],
)
def test_stage_two_changes_the_switcher_alone(
    switcher: SwitcherConfig, tiny_backbone: str, few: list[Sentence], tmp_path: Path
) -> None:
    model = train(_config(tiny_backbone, switcher), few, few[:14], tmp_path, _silent)
    first, second = (load_file(folder / "model.safetensors") for folder in (tmp_path / "unified", model))
    changed = {name for name in first if not torch.equal(first[name], second[name])}
    assert changed
    assert all(name.startswith("switchers.") for name in changed)
    assert not list(tmp_path.glob("cache-*"))
    loaded = load_artifact(model)
    assert all(gate.is_hard for gate in loaded.gates)
    assert len(loaded.gates) == (switcher.routing == "learned")


def test_inputs_can_be_joined_before_the_backbone(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    short = [sentence for sentence in sample if len(sentence.text) < 60]
    config = _config(tiny_backbone, SwitcherConfig(width=4), reading="inputs")
    assert load_artifact(train(config, short, short[:20], tmp_path, _silent)).config.aggregator is not None


@pytest.fixture(scope="module")
def trained(tiny_backbone: str, few: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that has gone through both stages."""
    config = _config(tiny_backbone, SwitcherConfig(width=4))
    return train(config, few, few[:14], tmp_path_factory.mktemp("run"), _silent)


@pytest.mark.parametrize("depth", [1, 2, "switcher"])
def test_cached_states_predict_as_computed_ones(depth: int, trained: Path, few: list[Sentence], tmp_path: Path) -> None:
    model = load_artifact(trained)
    model.relation_head.scores.bias.data[0] -= 1.0
    model.codec = model.codec.with_decoding(Decoding())  # so little trained, it is sure of nothing
    examples = encode(model, few[:60])
    cache = StateCache(tmp_path / "cache.f32", model, examples, depth)
    cached, computed = predict_examples(model, examples, cache=cache), predict_examples(model, examples)
    assert [[t.key for t in one] for one in cached] == [[t.key for t in one] for one in computed]
    assert any(computed)
    cache.remove()
    assert not list(tmp_path.glob("cache.*"))


def test_an_interrupted_second_stage_ends_with_the_same_weights(
    tiny_backbone: str, few: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mere.training.checkpoint.Checkpoint.due", lambda self: True)
    config = _config(tiny_backbone, SwitcherConfig(width=4, routing="learned", modules=3))
    whole = train(config, few, few[:14], tmp_path / "whole", _silent)

    def stop(report: StepReport | EpochReport | MemoryPlan) -> None:
        if isinstance(report, StepReport) and (report.stage, report.step) == ("specific", 7):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, few, few[:14], tmp_path / "cut", stop)
    assert (tmp_path / "cut" / "unified").exists()
    resumed = train(config, few, few[:14], tmp_path / "cut", _silent)
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
