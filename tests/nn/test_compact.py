"""Compact models: every matrix of a linear layer is saved once, rounded, and both runtimes use it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import onnx
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from mere.errors import ArtifactError, ExportError
from mere.export import gate
from mere.export.gate import export
from mere.export.graphs import write_graphs
from mere.inference.artifact import ENCODER, FOLDER, INT8, WEIGHTS
from mere.inference.extractor import Backend, Extractor
from mere.inference.model_config import AggregatorConfig, ModelConfig, SwitcherConfig
from mere.inference.onnx_scorer import OnnxScorer
from mere.nn.compact import Rounded
from mere.nn.joint import JointModel
from mere.nn.weights import load_artifact, save_artifact, write_manifest
from mere.schema import Schema, Sentence
from mere.training.run import add_language
from tests.training.test_languages import STAGE, _margins, _silent


@pytest.fixture(scope="module")
def plain(tiny_backbone: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with every part, all of it random, that predicts something."""
    torch.manual_seed(4)
    config = ModelConfig(
        backbone=tiny_backbone, aggregator=AggregatorConfig(heads=2), switcher=SwitcherConfig(4), hidden=16, span=8
    )
    known = [sentence for sentence in sample if sentence.language != "uk"]
    model = JointModel(config, Schema.of(known)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
        model.relation_head.scores.bias[0] -= 0.5
    folder = tmp_path_factory.mktemp("models") / "plain"
    save_artifact(model, folder, "# card\n")
    return folder


def _expected(plain: Path, sentences: list[Sentence]) -> list[Sentence]:
    """Sentences whose gold triples are what the model finds."""
    extractor = Extractor.from_pretrained(plain)
    return [replace(one, triples=extractor.extract(one.text, language=one.language).triples) for one in sentences]


class Written:
    """Writes a model's graphs, and again without making them anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, model: JointModel, folder: Path) -> dict[bytes, Rounded]:
        self.rounded = write_graphs(model, folder)
        shutil.copytree(folder, self.folder)
        return self.rounded

    def again(self, _: JointModel, folder: Path) -> dict[bytes, Rounded]:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return self.rounded


@pytest.fixture(scope="module")
def written(plain: Path) -> Written:
    return Written(plain.parent / "graphs")


@pytest.fixture(scope="module")
def compact(plain: Path, written: Written, sample: list[Sentence]) -> Path:
    folder = plain.parent / "compact"
    gold = _expected(plain, [one for one in sample if one.language != "uk"][::20])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "write_graphs", written)
        rows = export(plain, gold, OnnxScorer, output=folder, force=True, compact=True)
    assert rows[0].torch == 100, "the gate must hold what is rounded against the model as it was"
    assert set(rows[0].exported) == {WEIGHTS, INT8}
    return folder


def test_what_the_graph_rounds_is_rounded_as_there(plain: Path, compact: Path) -> None:
    before, after = load_artifact(plain), load_artifact(compact)
    parts = [before.backbone.layers, before.aggregator]
    linear = {id(module.weight) for part in parts for module in part.modules() if isinstance(module, nn.Linear)}  # type: ignore[union-attr]
    expected = {name for name, parameter in before.named_parameters() if id(parameter) in linear}
    old, new, saved = before.state_dict(), after.state_dict(), load_file(compact / WEIGHTS)
    assert {name for name in old if not torch.equal(old[name], new[name])} == expected
    assert any(f"{name}.inputs" not in saved for name in expected), "what follows a GELU is not evened out"
    for name in expected:
        inputs, outputs = saved.get(f"{name}.inputs", torch.ones(1)), saved[f"{name}.outputs"].unsqueeze(1)
        assert ((old[name] - new[name]).abs() * inputs <= outputs * 0.51).all(), name


def test_each_matrix_is_there_once(compact: Path) -> None:
    assert {path.name for path in (compact / FOLDER).iterdir()} == {INT8, "entities.onnx", "graphs.json"}
    graph = onnx.load(compact / FOLDER / INT8, load_external_data=False).graph
    matrices = [constant for constant in graph.initializer if constant.data_type == onnx.TensorProto.INT8]
    assert len(matrices) >= 2 * 6 + 4  # two layers of the backbone, and the aggregator
    assert all(constant.external_data and not constant.raw_data for constant in matrices)


def test_both_runtimes_find_about_the_same(compact: Path, sample: list[Sentence]) -> None:
    texts = [sentence.text for sentence in sample[::10]]
    with_graphs, with_torch = (
        Extractor.from_pretrained(compact, backend=backend).extract(texts) for backend in get_args(Backend)[1:]
    )
    found, expected = (
        {(one.text, *triple.key) for one in sentences for triple in one.triples}
        for sentences in (with_graphs, with_torch)
    )
    assert len(expected) > 20
    assert len(found & expected) > 0.8 * len(found | expected)


def test_the_gate_judges_the_rounded_weights(
    plain: Path,
    compact: Path,
    written: Written,
    sample: list[Sentence],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "write_graphs", written.again)
    monkeypatch.setattr(gate, "MOST_LOST", -101.0)  # so that whatever is judged first is refused
    with pytest.raises(ExportError, match=rf"{WEIGHTS} loses"):
        export(plain, sample[:5], OnnxScorer, output=tmp_path / "compact", compact=True)
    assert list(tmp_path.iterdir()) == []


def test_a_language_is_added_and_the_others_stay(compact: Path, sample: list[Sentence], tmp_path: Path) -> None:
    mine = [sentence for sentence in sample if sentence.language == "uk"]
    add_language(
        compact, "uk", mine, mine[:5], tmp_path / "new", _silent, stage=msgspec.structs.replace(STAGE, epochs=3)
    )
    before, after = load_artifact(compact), load_artifact(tmp_path / "new" / "model")
    others = [sentence for sentence in sample if sentence.language != "uk"]
    assert torch.equal(_margins(before, others), _margins(after, others))
    assert not torch.equal(_margins(before, mine), _margins(after, mine))


def test_a_plain_export_of_it_has_both_graphs_again(compact: Path, tmp_path: Path) -> None:
    export(compact, [], OnnxScorer, output=tmp_path / "model")
    assert {ENCODER, INT8} < {path.name for path in (tmp_path / "model" / FOLDER).iterdir()}
    old, new = (load_artifact(folder).state_dict() for folder in (compact, tmp_path / "model"))
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert Extractor.from_pretrained(tmp_path / "model").extract("Ada Lovelace was born in London.")


def _without_scales(folder: Path) -> None:
    state = {name: tensor for name, tensor in load_file(folder / WEIGHTS).items() if not name.endswith(".outputs")}
    save_file(state, folder / WEIGHTS)
    write_manifest(folder)


@pytest.mark.parametrize(
    ("damage", "runtime", "message"),
    [
        (_without_scales, "torch", r"model.safetensors: damaged \('.*outputs'\)"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b""), "onnx", "model.safetensors: does not match its checksum"),
        (lambda folder: (folder / WEIGHTS).unlink(), "onnx", "model.safetensors: missing"),
    ],
)
def test_damage_is_named(
    damage: Callable[[Path], object], runtime: str, message: str, compact: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(compact, tmp_path / "model"))
    damage(folder)
    with pytest.raises(ArtifactError, match=message):
        Extractor.from_pretrained(folder, backend=runtime)  # type: ignore[arg-type]


def test_the_graphs_say_that_they_share_weights(compact: Path) -> None:
    assert json.loads((compact / FOLDER / "graphs.json").read_text())["shares_weights"] is True
