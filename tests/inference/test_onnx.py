"""Extraction with ONNX graphs: picked where they are, without torch, and clear about what is wrong with them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from mere.arrays import Floats, Integers
from mere.errors import ArtifactError, ExportError, InputError
from mere.export import gate as exporting
from mere.export.gate import OVERALL, TITLE, Row, export
from mere.inference.artifact import ENCODER, FOLDER, GRAPHS, INT8, MANIFEST, save_card, write_manifest
from mere.inference.codec import Arrays, EntityScores
from mere.inference.documents import Paragraph
from mere.inference.extractor import Extractor
from mere.inference.onnx_scorer import OnnxScorer
from mere.schema import Sentence


@pytest.fixture
def plain(tiny_model: str) -> Path:
    """A model without graphs."""
    return Path(tiny_model)


@pytest.fixture
def model(exported_model: str) -> Path:
    """The same with graphs."""
    return Path(exported_model)


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


def test_the_card_tells_what_the_graphs_lose(model: Path, sample: list[Sentence]) -> None:
    card = (model / "README.md").read_text()
    assert card.startswith("# a random model\n")
    assert card.count(f"## {TITLE}") == 1
    for language in {sentence.language for sentence in sample[::10]}:
        assert f"\n| {language} | 2 | " in card


def test_rows_are_of_all_sentences_and_of_each_language(
    measured_export: tuple[str, list[Row]], sample: list[Sentence]
) -> None:
    overall, *others = measured_export[1]
    assert overall.name == OVERALL
    assert {row.name for row in others} == {sentence.language for sentence in sample[::10]}


def test_graphs_are_taken_where_they_are_and_torch_where_it_is_asked_for(
    model: Path, plain: Path, sample: list[Sentence]
) -> None:
    assert isinstance(Extractor.from_pretrained(model).scorer, OnnxScorer)
    assert not isinstance(Extractor.from_pretrained(model, backend="torch").scorer, OnnxScorer)
    assert not isinstance(Extractor.from_pretrained(plain).scorer, OnnxScorer)
    with pytest.raises(ArtifactError, match="no ONNX graphs; make them with: mere export"):
        Extractor.from_pretrained(plain, backend="onnx")


def test_float_graphs_extract_what_torch_extracts(copy: Path, sample: list[Sentence]) -> None:
    (copy / FOLDER / INT8).unlink()
    with pytest.raises(ArtifactError, match=r"encoder.int8.onnx: missing"):
        Extractor.from_pretrained(copy)
    write_manifest(copy)
    texts = [sentence.text for sentence in sample[::7]]
    expected = Extractor.from_pretrained(copy).extract(texts)
    found = Extractor.from_pretrained(copy, backend="torch").extract(texts)
    assert sum(bool(one.triples) for one in found) > 10
    for one, other in zip(found, expected, strict=True):
        assert [t.key for t in one.triples] == [t.key for t in other.triples]
        assert [t.score for t in one.triples] == pytest.approx([t.score for t in other.triples], abs=1e-4)


def test_alone_in_a_batch_and_in_a_document(model: Path, sample: list[Sentence]) -> None:
    extractor = Extractor.from_pretrained(model)
    texts = [sentence.text for sentence in sample[::7]]
    alone = [extractor.extract(text, language="de") for text in texts]
    together = extractor.extract(texts, language="de", batch_size=7)
    records = extractor.records([Paragraph("doc", 0, "\n".join(texts))], language="de")
    inside = {record.sentence.text: record.sentence for record in records}
    for one, other in zip(alone, together, strict=True):
        for twin in (other, inside.get(one.text, one)):
            assert [t.key for t in one.triples] == [t.key for t in twin.triples]
            assert [t.score for t in one.triples] == pytest.approx([t.score for t in twin.triples], abs=1e-3)
    assert sum(bool(one.triples) for one in alone) > 10


def test_threads_may_share_an_extractor(model: Path, sample: list[Sentence]) -> None:
    extractor = Extractor.from_pretrained(model)
    texts = [sentence.text for sentence in sample[::14]]
    expected = [[t.key for t in extractor.extract(text).triples] for text in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(extractor.extract, texts))
    assert [[t.key for t in one.triples] for one in found] == expected


WITHOUT_TORCH = (
    "import sys\n"
    "sys.modules.update(dict.fromkeys(('torch', 'transformers', 'safetensors', 'onnx', 'onnxscript')))\n"
    "from mere import Extractor, MereError\n"
    "try:\n    extractor = Extractor.from_pretrained(sys.argv[1])\n"
    "except MereError as error:\n    print(error)\n"
    "else:\n    print(len(extractor.extract(sys.argv[2:])))\n"
)


def _without_torch(*arguments: str) -> str:
    command = [sys.executable, "-c", WITHOUT_TORCH, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_torch_is_not_needed_with_graphs_and_named_without(model: Path, plain: Path) -> None:
    assert _without_torch(str(model), "Ada was born in London.", "Köln liegt am Rhein.") == "2\n"
    shown = _without_torch(str(plain))
    assert "has no ONNX graphs (mere export makes them, with torch)" in shown
    assert "pip install 'mere[train]'" in shown


def _rewrite(folder: Path, name: str, content: bytes) -> None:
    (folder / FOLDER / name).write_bytes(content)
    write_manifest(folder)


def _edit_graphs(folder: Path, **values: Any) -> None:
    path = folder / FOLDER / GRAPHS
    _rewrite(folder, GRAPHS, json.dumps({**json.loads(path.read_text()), **values}).encode())


def _forget(folder: Path) -> None:
    sums = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({k: v for k, v in sums.items() if INT8 not in k}))


def _remove_encoders(folder: Path) -> None:
    for name in (ENCODER, INT8):
        (folder / FOLDER / name).unlink()


def _add_relation(folder: Path) -> None:
    values = json.loads((folder / "config.json").read_text())
    values["schema"]["relations"].append("likes")
    (folder / "config.json").write_text(json.dumps(values))
    write_manifest(folder)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "graph gone": (lambda f: (f / FOLDER / "entities.onnx").unlink(), "entities.onnx: missing"),
    "graph cut short": (
        lambda f: (f / FOLDER / INT8).write_bytes((f / FOLDER / INT8).read_bytes()[:-9]),
        "encoder.int8.onnx: does not match its checksum",
    ),
    "no graph": (lambda f: _rewrite(f, INT8, b"nothing"), "encoder.int8.onnx: cannot be run"),
    "another version": (lambda f: _edit_graphs(f, format=99), "graphs of format 99"),
    "a version that is a float": (lambda f: _edit_graphs(f, format=1.0), "graphs of format 1.0"),
    "a version that is true": (lambda f: _edit_graphs(f, format=True), "graphs of format True"),
    "no token": (lambda f: _edit_graphs(f, max_tokens=0), "$.max_tokens"),
    "fewer than no token": (lambda f: _edit_graphs(f, max_tokens=-1), "$.max_tokens"),
    "tokens as a float": (lambda f: _edit_graphs(f, max_tokens=30.0), "$.max_tokens"),
    "more tokens than there are": (lambda f: _edit_graphs(f, max_tokens=10**9), "more than the model can read"),
    "words for a backbone of ids": (lambda f: _edit_graphs(f, inputs="words"), "'inputs' does not fit"),
    "nested without end": (lambda f: _rewrite(f, GRAPHS, b"[" * 100_000), "graphs.json: not a description"),
    "a relation too many": (_add_relation, "does not score the schema's"),
    "another graph's name": (
        lambda f: _rewrite(f, INT8, (f / FOLDER / "entities.onnx").read_bytes()),
        "encoder.int8.onnx: does not score",
    ),
    "unknown key": (lambda f: _edit_graphs(f, colour="red"), "colour"),
    "no description": (lambda f: _rewrite(f, GRAPHS, b"{"), "graphs.json: not a description"),
    "manifest that does not name it": (_forget, "manifest.json: does not name 'onnx/encoder.int8.onnx'"),
    "both encoders gone": (_remove_encoders, "encoder.int8.onnx: missing"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named_in_one_line(kind: str, copy: Path) -> None:
    damage, expected = DAMAGE[kind]
    damage(copy)
    with pytest.raises(ArtifactError) as caught:
        Extractor.from_pretrained(copy)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_graphs_that_do_not_fit_the_input_are_one_line(copy: Path, sample: list[Sentence]) -> None:
    """A graph of another shape than the encoder's states is found when it first runs."""
    graph = onnx.load(copy / FOLDER / "entities.onnx")
    for constant in graph.graph.initializer:
        if list(constant.dims) == [24, 16]:
            constant.dims[:] = [16, 24]
    onnx.save(graph, copy / FOLDER / "entities.onnx")
    write_manifest(copy)
    with pytest.raises(ArtifactError, match=r"entities.onnx: cannot be run \(.*\); export the model again") as caught:
        Extractor.from_pretrained(copy).extract([one.text for one in sample])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compact", [False, True])
def test_a_cache_of_links_is_read(compact: bool, model: Path, sample: list[Sentence], tmp_path: Path) -> None:
    """As huggingface_hub lays models out: a snapshot folder of links into a folder of blobs."""
    source, snapshot, blobs = tmp_path / "source", tmp_path / "snapshots" / "abc", tmp_path / "blobs"
    if compact:
        export(model, [], OnnxScorer, output=source, force=True, compact=True)
    else:
        shutil.copytree(model, source)
    texts = [sentence.text for sentence in sample[:30]]
    expected = Extractor.from_pretrained(source).extract(texts)
    blobs.mkdir()
    for number, path in enumerate(sorted(path for path in source.rglob("*") if path.is_file())):
        link = snapshot / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        blob = path.rename(blobs / f"{number:040x}")
        link.symlink_to(Path(*[".."] * (len(link.relative_to(tmp_path).parts) - 1)) / blob.relative_to(tmp_path))
    assert Extractor.from_pretrained(snapshot).extract(texts) == expected
    assert len(Extractor.from_pretrained(snapshot, backend="torch").extract(texts)) == len(texts)
    save_card(snapshot, "# copied\n")
    assert not any(path.is_symlink() for path in snapshot.rglob("*"))
    assert Extractor.from_pretrained(snapshot).extract(texts) == expected


def test_an_unknown_language_is_refused(model: Path) -> None:
    with pytest.raises(InputError, match="does not know the language 'sw'"):
        Extractor.from_pretrained(model).extract("Habari", language="sw")


class _Silent:
    """Finds nothing."""

    def __init__(self, folder: Path, encoder: str) -> None:
        self.inner = OnnxScorer(folder, encoder)

    def relations(self, arrays: Arrays) -> tuple[Any, Floats]:
        states, margins = self.inner.relations(arrays)
        return states, np.full_like(margins, -9)

    def entities(self, states: Any, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        return self.inner.entities(states, arrays, rows, relations)


def test_graphs_that_lose_too_much_are_not_saved(
    copy: Path, sample: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = Extractor.from_pretrained(copy, backend="torch")
    gold = [replace(one, triples=extractor.extract(one.text, language=one.language).triples) for one in sample[:5]]
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    monkeypatch.setattr(
        exporting, "write_graphs", lambda _, folder: shutil.copytree(copy / FOLDER, folder, dirs_exist_ok=True)
    )
    with pytest.raises(ExportError, match=r"loses 100.00 points of triple F1 \(all: 100.00 with torch\)"):
        export(copy, gold, _Silent)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    assert [path.name for path in copy.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([("all", 1000, 0.4), ("de", 50, 1.9)], ""),
        ([("all", 1000, 0.6)], "all"),
        ([("all", 1000, 0.0), ("de", 50, 2.1)], "de"),
        ([("all", 1000, 0.0), ("de", 49, 9.0)], ""),
        ([("all", 10, -3.0)], ""),
    ],
)
def test_what_counts_as_too_much(rows: list[tuple[str, int, float]], refused: str) -> None:
    found = [Row(name, count, 60.0, {ENCODER: 60.0, INT8: 60.0 - lost}) for name, count, lost in rows]
    if not refused:
        exporting.judge(found)
        return
    with pytest.raises(ExportError, match=f"{INT8} loses .*\\({refused}: "):
        exporting.judge(found)
