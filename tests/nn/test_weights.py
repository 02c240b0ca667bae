"""Saved models: loaded as saved, whole or not at all, and every kind of damage named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mere.errors import ArtifactError, InputError
from mere.inference.artifact import save_decoding
from mere.inference.decoding import Calibration, Curve, Decoding, Precise, Thresholds
from mere.nn.joint import JointModel, ModelConfig, SwitcherConfig
from mere.nn.weights import MANIFEST, load_artifact, save_artifact, write_manifest
from mere.schema import Schema, Sentence
from mere.training.batches import collate
from mere.training.losses import losses
from mere.training.run import encode
from mere.training.trainer import predict_examples


@pytest.fixture(scope="module")
def model(tiny_backbone: str, sample: list[Sentence]) -> JointModel:
    torch.manual_seed(2)
    return JointModel(
        ModelConfig(backbone=tiny_backbone, hidden=16, switcher=SwitcherConfig(4)), Schema.of(sample)
    ).eval()


@pytest.fixture
def saved(model: JointModel, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    save_artifact(model, folder, "# card\n")
    return folder


def test_loaded_predicts_as_saved(model: JointModel, saved: Path, sample: list[Sentence]) -> None:
    loaded = load_artifact(saved)
    assert predict_examples(loaded, encode(loaded, sample)) == predict_examples(model, encode(model, sample))
    assert loaded.schema == model.schema


@pytest.mark.parametrize("bundled", [False, True])
def test_loaded_learns_as_saved(bundled: bool, tiny_backbone: str, tmp_path: Path, sample: list[Sentence]) -> None:
    backbone = "e5-small-enpt" if bundled else tiny_backbone
    model = JointModel(ModelConfig(backbone=backbone, hidden=16, backbone_dropout=0.3), Schema.of(sample))
    save_artifact(model, tmp_path / "model", "# card\n")
    found = []
    for one in (model, load_artifact(tmp_path / "model")):
        torch.manual_seed(5)
        found.append(losses(one.train(), collate(one.codec, encode(one, sample[::90]))))
    assert found[0] == found[1]


def test_another_decoding_changes_nothing_else(saved: Path) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    decoding = Decoding(
        Calibration(Curve(-0.25, 0.5), Curve(0.1, 0.7), other=0.3, languages={"de": -0.1, "other": 0.2}),
        Thresholds(0.35, {"birth-place": 0.3}),
        precise=Precise(0.8, {"birth-place": 0.75}, precision=0.9),
    )
    save_decoding(saved, decoding, "# another card\n")
    assert load_artifact(saved).codec.decoding == decoding
    after = {path.name: path.read_bytes() for path in saved.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"config.json", "README.md", MANIFEST}
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_the_bundled_backbone_needs_no_copy_of_its_embeddings(tmp_path: Path, sample: list[Sentence]) -> None:
    torch.manual_seed(3)
    model = JointModel(ModelConfig(backbone="e5-small-enpt"), Schema.of(sample)).eval()
    save_artifact(model, tmp_path / "model", "# card\n")
    assert not (tmp_path / "model" / "tokenizer.json").exists()
    loaded = load_artifact(tmp_path / "model")
    chosen = sample[::90]
    assert predict_examples(loaded, encode(loaded, chosen)) == predict_examples(model, encode(model, chosen))


@pytest.mark.parametrize(
    ("changed", "layers"),
    [
        ("backbone.encoder.embeddings.LayerNorm.bias", 0),
        ("backbone.encoder.encoder.layer.0.attention.self.query.weight", 0),
        ("backbone.encoder.encoder.layer.6.output.dense.bias", 6),
        ("relation_head.scores.bias", 12),
    ],
)
def test_the_bundled_backbone_needs_no_copy_of_layers_that_did_not_learn(
    changed: str, layers: int, tmp_path: Path, sample: list[Sentence]
) -> None:
    model = JointModel(ModelConfig(backbone="e5-small-enpt"), Schema.of(sample)).eval()
    with torch.no_grad():
        model.get_parameter(changed)[0] += 1e-6
    folder = tmp_path / "model"
    save_artifact(model, folder, "# card\n")
    assert json.loads((folder / "config.json").read_text())["backbone"]["bundled_layers"] == layers
    names = load_file(folder / "model.safetensors").keys()
    kept = {int(name.split(".")[4]) for name in names if name.startswith("backbone.encoder.encoder.layer.")}
    assert kept == set(range(layers, 12))
    assert any(".embeddings." in name for name in names) == (layers == 0)
    loaded, expected = load_artifact(folder).state_dict(), model.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
    if layers:
        _edit(folder, lambda v: v["backbone"].pop("bundled_layers"))  # type: ignore[attr-defined]
        with pytest.raises(ArtifactError, match=r"misses tensor 'backbone\.encoder\.embeddings"):
            load_artifact(folder)


def test_a_model_from_before_layers_were_left_out_is_read(model: JointModel, saved: Path) -> None:
    _edit(saved, lambda v: v["backbone"].pop("bundled_layers"))  # type: ignore[attr-defined]
    assert load_artifact(saved).schema == model.schema


def test_nothing_is_pickled(saved: Path) -> None:
    names = {path.name for path in saved.iterdir()}
    assert names == {
        "config.json", "model.safetensors", "tokenizer.json", "special_ids.json", "README.md", MANIFEST
    }  # fmt: skip


def _edit(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    path = folder / "config.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    write_manifest(folder)


def _rewrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    write_manifest(path.parent)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "no model here"),
    "weights cut short": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-9]),
        "model.safetensors: does not match its checksum",
    ),
    "weights gone": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors: missing"),
    "manifest no JSON": (lambda f: (f / MANIFEST).write_text("{"), "manifest.json: damaged"),
    "unknown key": (lambda f: _edit(f, lambda v: v.update(colour="red")), "unknown key 'colour'"),
    "unknown model key": (lambda f: _edit(f, lambda v: v["model"].update(depth=1)), "depth"),  # type: ignore[attr-defined]
    "ill-typed key": (lambda f: _edit(f, lambda v: v["model"].update(hidden="x")), "hidden"),  # type: ignore[attr-defined]
    "ill-typed backbone key": (
        lambda f: _edit(f, lambda v: v["backbone"].update(bundled_layers="six")),  # type: ignore[attr-defined]
        "bundled_layers",
    ),
    "unknown decoding key": (
        lambda f: _edit(f, lambda v: v["decoding"]["calibration"].update(heat=2.0)),  # type: ignore[index]
        "heat",
    ),
    "no probability": (
        lambda f: _edit(f, lambda v: v["decoding"]["thresholds"].update(default=1.5)),  # type: ignore[index]
        "$.thresholds.default",
    ),
    "a curve that falls": (
        lambda f: _edit(f, lambda v: v["decoding"]["calibration"]["pair"].update(slope=-1)),  # type: ignore[index]
        "$.calibration.pair.slope",
    ),
    "threshold of an unknown relation": (
        lambda f: _edit(f, lambda v: v["decoding"]["thresholds"]["relations"].update(likes=0.5)),  # type: ignore[index]
        "'likes', which the schema does not know",
    ),
    "other format": (lambda f: _edit(f, lambda v: v.update(format=99)), "format 99"),
    "schema of another kind": (lambda f: _edit(f, lambda v: v.update(schema={"relations": 3})), "must be a list"),
    "schema that does not fit": (
        lambda f: _edit(f, lambda v: v["schema"]["languages"].append("sw")),  # type: ignore[index]
        "misses tensor",
    ),
    "no safetensors": (
        lambda f: _rewrite(f / "model.safetensors", b"nothing"),
        "model.safetensors: damaged",
    ),
    "no tokenizer": (
        lambda f: _rewrite(f / "tokenizer.json", b"{}"),
        "tokenizer.json: not a tokenizer",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named_in_one_line(kind: str, saved: Path) -> None:
    damage, expected = DAMAGE[kind]
    damage(saved)
    with pytest.raises(ArtifactError) as caught:
        load_artifact(saved)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_saving_over_a_model_replaces_it_and_leaves_nothing_behind(model: JointModel, saved: Path) -> None:
    save_artifact(model, saved, "# another\n")
    assert (saved / "README.md").read_text() == "# another\n"
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_saving_over_other_files_is_refused(model: JointModel, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="other files"):
        save_artifact(model, tmp_path / "photos", "# card\n")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_folder_that_cannot_be_written_is_named(model: JointModel) -> None:
    with pytest.raises(InputError, match="/proc/nothing"):
        save_artifact(model, Path("/proc/nothing/model"), "# card\n")
