"""Adding a language: it learns, and nothing else changes by a single bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mere.errors import InputError, SchemaError
from mere.nn.joint import AggregatorConfig, Batch, JointModel, ModelConfig, SwitcherConfig
from mere.nn.weights import load_artifact, save_artifact
from mere.schema import Schema, Sentence, Span, Triple
from mere.training.config import Stage
from mere.training.memory import MemoryPlan
from mere.training.reports import EpochReport, StepReport
from mere.training.run import add_language, encode

STAGE = Stage(name="add-language", train=("switcher",), epochs=30, batch_size=8, learning_rate=5e-2, patience=30)


def _silent(_: StepReport | EpochReport | MemoryPlan) -> None:
    pass


@pytest.fixture(scope="module")
def source(tiny_backbone: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of all languages but Ukrainian, every part of it random."""
    torch.manual_seed(4)
    known = [sentence for sentence in sample if sentence.language != "uk"]
    config = ModelConfig(
        backbone=tiny_backbone, aggregator=AggregatorConfig(heads=2), switcher=SwitcherConfig(width=4), hidden=16
    )
    model = JointModel(config, Schema.of(known)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    folder = tmp_path_factory.mktemp("models") / "source"
    save_artifact(model, folder, "# card\n")
    return folder


def _margins(model: JointModel, sentences: list[Sentence]) -> torch.Tensor:
    examples = encode(model, sentences)
    with torch.inference_mode():
        margins: torch.Tensor = model(
            Batch.of(model.codec.batch([e.tokens for e in examples], [e.language for e in examples]))
        )[1]
    return margins


@pytest.mark.parametrize("language", ["uk", "de"])
def test_only_the_language_changes(language: str, source: Path, sample: list[Sentence], tmp_path: Path) -> None:
    mine = [sentence for sentence in sample if sentence.language == language]
    add_language(source, language, mine, mine[:5], tmp_path / "new", _silent, stage=STAGE)
    before, after = load_artifact(source), load_artifact(tmp_path / "new" / "model")
    assert language in after.schema.languages
    for other in (one for one in before.schema.languages if one != language):
        sentences = [sentence for sentence in sample if sentence.language == other]
        assert torch.equal(_margins(before, sentences), _margins(after, sentences)), other
    stranger = [Sentence("Habari ya dunia.", "sw")]
    assert torch.equal(_margins(before, stranger), _margins(after, stranger))
    assert not torch.equal(_margins(before, mine), _margins(after, mine))
    old, new = load_file(source / "model.safetensors"), load_file(tmp_path / "new" / "model" / "model.safetensors")
    changed = {name for name in new if name not in old or not torch.equal(old[name], new[name])}
    assert changed
    assert all(f".parts.{language}." in name for name in changed)


def test_the_language_is_learned(source: Path, sample: list[Sentence], tmp_path: Path) -> None:
    mine = [sentence for sentence in sample if sentence.language == "uk"]
    reports: list[EpochReport] = []

    def watch(report: StepReport | EpochReport | MemoryPlan) -> None:
        if isinstance(report, EpochReport):
            reports.append(report)

    add_language(source, "uk", mine, mine, tmp_path / "new", watch, stage=STAGE)
    assert reports[-1].loss < 0.95 * reports[0].loss
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"history.jsonl", "model", "run.json"}
    assert len((tmp_path / "new" / "history.jsonl").read_text().splitlines()) == len(reports)


def test_what_cannot_be_added_is_said(source: Path, sample: list[Sentence], tmp_path: Path) -> None:
    text = "Тарас любить Київ"
    liked = Triple(Span.of(text, 0, 5), "likes", Span.of(text, 13, 17))
    new = [Sentence(text, "uk", (liked,))]
    with pytest.raises(SchemaError, match="'likes'"):
        add_language(source, "uk", new, new, tmp_path / "new", _silent)
    with pytest.raises(InputError, match="no triples in 'sw'"):
        add_language(source, "sw", sample, sample, tmp_path / "new", _silent)


def test_a_model_without_switcher_is_refused(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    model = JointModel(ModelConfig(backbone=tiny_backbone, hidden=16), Schema.of(sample))
    save_artifact(model, tmp_path / "plain", "# card\n")
    with pytest.raises(InputError, match="configuration 'mere'"):
        add_language(tmp_path / "plain", "uk", sample, sample, tmp_path / "new", _silent)
