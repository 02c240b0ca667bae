"""Saved models: loaded as saved, whole or not at all, and every kind of damage named."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mere.errors import ArtifactError, InputError
from mere.evaluation.card import with_section
from mere.inference.artifact import read_card, save_card, save_decoding
from mere.inference.decoding import Calibration, Curve, Decoding, Precise, Thresholds
from mere.inference.extractor import Extractor
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


def _edit(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
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
    **{
        f"{key} {value!r}": (
            # bound here, or every entry would get the last key and value
            lambda f, key=key, value=value: _edit(f, lambda v: v["model"].update({key: value})),  # type: ignore[attr-defined, misc]
            f"$.{key}" if "." not in key else key,
        )
        for key, value in [
            *(("max_tokens", value) for value in (0, -1, 1 << 60, 254.0, True, None)),
            *(("hidden", value) for value in (0, -16, 16.0)),
            *(("span", value) for value in (0, -1)),
            *(("distances", value) for value in (0, -24)),
            *(("dropout", value) for value in (-0.1, 1.0, "no")),
            *(("backbone_dropout", value) for value in (-1, 2)),
        ]
    },
    "a size that is not the weights'": (
        lambda f: _edit(f, lambda v: v["model"].update(hidden=17)),  # type: ignore[attr-defined]
        "does not fit config.json",
    ),
    "a size that no machine holds": (
        lambda f: _edit(f, lambda v: v["model"].update(hidden=1 << 20, span=1 << 20)),  # type: ignore[attr-defined]
        "describes a larger model than model.safetensors holds",
    ),
    "a backbone that no machine holds": (
        lambda f: _edit(f, lambda v: v["backbone"]["config"].update(vocab_size=1 << 40)),  # type: ignore[index]
        "the backbone is larger than the weights",
    ),
    "a backbone of too many layers": (
        lambda f: _edit(f, lambda v: v["backbone"]["config"].update(num_hidden_layers=10**9)),  # type: ignore[index]
        "a backbone of 1000000000 layers",
    ),
    "a backbone of width 0": (
        lambda f: _edit(f, lambda v: v["backbone"]["config"].update(hidden_size=0)),  # type: ignore[index]
        "config.json: ",
    ),
    "a backbone of no kind": (
        lambda f: _edit(f, lambda v: v["backbone"]["config"].pop("model_type")),  # type: ignore[index]
        "no model has this shape",
    ),
    "heads that do not divide": (
        lambda f: _edit(f, lambda v: v["model"].update(aggregator={"heads": 7})),  # type: ignore[attr-defined]
        "'model.aggregator.heads' is 7",
    ),
    "a format that is a float": (lambda f: _edit(f, lambda v: v.update(format=2.0)), "format 2.0"),
    "a format that is true": (lambda f: _edit(f, lambda v: v.update(format=True)), "format True"),
    "no format": (lambda f: _edit(f, lambda v: v.pop("format")), "format None"),
    "a missing key": (lambda f: _edit(f, lambda v: v.pop("schema")), "misses the key 'schema'"),
    "relations that are numbers": (
        lambda f: _edit(f, lambda v: v["schema"].update(relations=[1, 2])),  # type: ignore[attr-defined]
        "field 'relations': must be a list of strings",
    ),
    "languages that are a string": (
        lambda f: _edit(f, lambda v: v["schema"].update(languages="de")),  # type: ignore[attr-defined]
        "field 'languages': must be a list of strings",
    ),
    "nested without end": (
        lambda f: _rewrite(f / "config.json", b'{"format":' + b"[" * 100_000),
        "config.json: not a model's configuration",
    ),
    "nested deep": (
        lambda f: _rewrite(f / "config.json", b'{"format":2,"schema":' + b"[" * 900 + b"]" * 900 + b"}"),
        "config.json: not a model's configuration",
    ),
    "a number beyond numbers": (
        lambda f: _rewrite(
            f / "config.json", (f / "config.json").read_bytes().replace(b'"dropout": 0.1', b'"dropout": NaN')
        ),
        "NaN is no number",
    ),
    "a list in place of an object": (lambda f: _rewrite(f / "config.json", b"[]"), "no JSON object"),
    "a manifest that is a list": (lambda f: (f / MANIFEST).write_text("[]"), "manifest.json: damaged"),
    "a manifest that is nested without end": (
        lambda f: (f / MANIFEST).write_text('{"a":' * 100_000),
        "manifest.json: damaged",
    ),
    "a manifest that names other folders": (
        lambda f: (f / MANIFEST).write_text('{"../model/config.json": ""}'),
        "a file outside",
    ),
    "special ids that are negative": (
        lambda f: _rewrite(f / "special_ids.json", b'{"bos": -1, "eos": 2, "pad": 1, "unknown": 3}'),
        "$.bos",
    ),
    "special ids beyond the pieces": (
        lambda f: _rewrite(f / "special_ids.json", b'{"bos": 99999, "eos": 2, "pad": 1, "unknown": 3}'),
        "fewer pieces than special_ids.json counts",
    ),
    "no special ids": (lambda f: _rewrite(f / "special_ids.json", b"{}"), "special_ids.json: not the ids"),
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


@pytest.mark.parametrize("damage", [None, b"\0\1", b"\xff\xfe caf\xe9", "folder"])
def test_a_damaged_card_stops_nothing(damage: bytes | str | None, saved: Path) -> None:
    path = saved / "README.md"
    path.unlink()
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    elif damage:
        path.mkdir()
    assert Extractor.from_pretrained(saved).languages
    card = read_card(saved)
    assert card.text == "# mere model\n"
    assert card.problem.startswith(f"{path}: the model card cannot be read (")
    save_card(saved, with_section(card.text, "More", "text"))
    assert read_card(saved) == ("# mere model\n\n## More\n\ntext\n", "")
    load_artifact(saved)


def test_a_full_disk_is_one_line_for_weights_too(model: JointModel, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(place)], check=False).returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        with pytest.raises(InputError, match=f"{place}/model: cannot be written .*free some space there"):
            save_artifact(model, place / "model", "# card\n")
        assert list(place.iterdir()) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


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
