"""ONNX graphs: they say what torch says, whatever is in a model and whatever stands beside a sentence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from mere.arrays import Floats
from mere.errors import InputError
from mere.export.graphs import write_graphs
from mere.inference.artifact import ENCODER, FOLDER, INT8, write_manifest
from mere.inference.model_config import AggregatorConfig, ModelConfig, SwitcherConfig
from mere.inference.onnx_scorer import OnnxScorer
from mere.inference.predictor import Scorer
from mere.nn.joint import JointModel, TorchScorer
from mere.nn.weights import save_artifact
from mere.schema import Schema, Sentence

FLOAT_TOLERANCE = 1e-4
INT8_TOLERANCE = 0.15
"""Of margins and entity scores, which are of the order of 1."""

MODELS = {
    "aggregator, a sub-module a language, entity types": ModelConfig(
        aggregator=AggregatorConfig("states", heads=2), switcher=SwitcherConfig(4)
    ),
    "joined inputs, hardened routing, switchers inside": ModelConfig(
        aggregator=AggregatorConfig("inputs", heads=2),
        switcher=SwitcherConfig(4, routing="learned", modules=3, layers=2),
        conditioned=False,
    ),
}


def _model(config: ModelConfig, sample: list[Sentence], backbone: str) -> JointModel:
    """Random weights everywhere, those that training starts at zero included."""
    torch.manual_seed(1)
    schema = Schema.of(sample)
    if config.switcher is not None and config.switcher.routing == "learned":
        schema = Schema(schema.relations, schema.languages)
    model = JointModel(msgspec.structs.replace(config, backbone=backbone, hidden=16, span=8), schema).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("backbone"):
                parameter.normal_(std=0.2)
        for gate in model.gates:
            gate.harden()
    return model


def _exported(model: JointModel, folder: Path) -> Path:
    save_artifact(model, folder, "# card\n")
    (folder / FOLDER).mkdir()
    write_graphs(model, folder / FOLDER)
    write_manifest(folder)
    return folder


@pytest.fixture(scope="module", params=MODELS)
def exported(
    request: pytest.FixtureRequest, tiny_backbone: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory
) -> tuple[JointModel, Path]:
    model = _model(MODELS[request.param], sample, tiny_backbone)
    return model, _exported(model, tmp_path_factory.mktemp("models") / "tiny")


def _scores(scorer: Scorer, model: JointModel, sentences: list[Sentence]) -> tuple[Floats, list[Floats]]:
    """Margins, and all entity scores of every sentence under two relations."""
    tokens = model.backbone.tokenizer.encode([one.text for one in sentences])
    arrays = model.codec.batch(tokens, [model.codec.language_index(one.language) for one in sentences])
    states, margins = scorer.relations(arrays)
    rows = np.repeat(np.arange(len(sentences)), 2)
    found = scorer.entities(states, arrays, rows, np.tile(np.array([0, 3]), len(sentences)))
    parts = [found.head, found.tail, found.link_start, found.link_end]
    return margins, parts if found.types is None else [*parts, found.types]


def _far(one: Floats, other: Floats) -> float:
    assert one.shape == other.shape
    finite = np.isfinite(one)
    assert (finite == np.isfinite(other)).all()
    return float(np.abs(one[finite] - other[finite]).max())


@pytest.mark.parametrize(("encoder", "tolerance"), [(ENCODER, FLOAT_TOLERANCE), (INT8, INT8_TOLERANCE)])
def test_graphs_say_what_torch_says(
    exported: tuple[JointModel, Path], sample: list[Sentence], encoder: str, tolerance: float
) -> None:
    model, folder = exported
    sentences = [*sample[::20], Sentence("Habari ya dunia", "sw")]
    expected, entities = _scores(TorchScorer(model), model, sentences)
    margins, found = _scores(OnnxScorer(folder, encoder), model, sentences)
    assert len({one.language for one in sentences}) > 10
    assert _far(margins, expected) < tolerance
    for one, other in zip(found, entities, strict=True):
        assert _far(one, other) < 10 * tolerance


@pytest.mark.parametrize("encoder", [ENCODER, INT8])
def test_neighbours_and_padding_change_nothing(
    exported: tuple[JointModel, Path], sample: list[Sentence], encoder: str
) -> None:
    model, folder = exported
    scorer = OnnxScorer(folder, encoder)
    sentences = sample[::20]
    margins, _ = _scores(scorer, model, sentences)
    alone = np.concatenate([_scores(scorer, model, [one])[0] for one in sentences])
    assert _far(margins, alone) < 1e-3


def test_the_language_decides(exported: tuple[JointModel, Path], sample: list[Sentence]) -> None:
    model, folder = exported
    scorer = OnnxScorer(folder, ENCODER)
    text = sample[0].text
    margins = {
        language: _scores(scorer, model, [Sentence(text, language)])[0].tobytes() for language in model.schema.languages
    }
    assert len(set(margins.values())) > 1


@pytest.mark.parametrize(("routing", "message"), [("random", "random routing"), ("learned", "not hardened")])
def test_routing_that_cannot_be_a_table_is_refused(
    routing: str, message: str, tiny_backbone: str, sample: list[Sentence], tmp_path: Path
) -> None:
    switcher = SwitcherConfig(4, routing=routing)  # type: ignore[arg-type]
    model = JointModel(ModelConfig(backbone=tiny_backbone, hidden=16, switcher=switcher), Schema.of(sample))
    with pytest.raises(InputError, match=message):
        write_graphs(model, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_bundled_backbone_keeps_its_embeddings_to_itself(tmp_path: Path, sample: list[Sentence]) -> None:
    torch.manual_seed(3)
    model = JointModel(ModelConfig(backbone="e5-small-enpt"), Schema.of(sample)).eval()
    folder = _exported(model, tmp_path / "model")
    sentences = [one for one in sample if one.language in ("en", "pt")][::6]
    expected, _ = _scores(TorchScorer(model), model, sentences)
    margins, _ = _scores(OnnxScorer(folder, ENCODER), model, sentences)
    assert _far(margins, expected) < 1e-3
    scorer = OnnxScorer(folder)
    margins, _ = _scores(scorer, model, sentences)
    alone = np.concatenate([_scores(scorer, model, [one])[0] for one in sentences])
    assert _far(margins, expected) < INT8_TOLERANCE
    assert _far(margins, alone) < 5e-3
    assert (folder / FOLDER / INT8).stat().st_size < 30_000_000
