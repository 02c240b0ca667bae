"""The command line as a user meets it: output, errors of one line, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from mere.data.formats.jsonl import write_jsonl
from mere.inference.artifact import save_decoding
from mere.inference.decoding import Decoding, Precise
from mere.nn.joint import JointModel, ModelConfig, SwitcherConfig
from mere.nn.weights import load_artifact, save_artifact
from mere.schema import Schema, Sentence

MERE = [sys.executable, "-m", "mere"]


@pytest.fixture
def model(exported_model: str) -> str:
    return exported_model


def _mere(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MERE, *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)


def _error(*arguments: str, text: str | None = None) -> str:
    """The one line of an error."""
    done = _mere(*arguments, text=text)
    assert done.returncode == 2, done
    assert done.stderr.startswith("error: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def _records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_command_has_help() -> None:
    listed = _mere("--help").stdout
    for command in ("extract", "train", "evaluate", "calibrate", "data"):
        assert command in listed
        assert _mere(command, "--help").returncode == 0


def test_a_text_gives_its_triples_with_offsets(model: str) -> None:
    text = "Ada Lovelace was born in London. Köln liegt am Rhein."
    records = _records(_mere("extract", text, "--model", model, "--format", "jsonl"))
    assert [record["text"] for record in records] == ["Ada Lovelace was born in London.", "Köln liegt am Rhein."]
    assert any(record["triples"] for record in records)
    for record in records:
        assert set(record) == {"document", "offset", "text", "language", "triples"}
        sentence = record["text"]
        assert isinstance(sentence, str)
        assert text[record["offset"] :].startswith(sentence)
        for triple in record["triples"]:
            assert 0 <= triple["score"] <= 1
            for span in (triple["head"], triple["tail"]):
                assert sentence[span["start"] : span["end"]] == span["text"]


def test_a_file_keeps_document_offsets_over_lines_and_carriage_returns(model: str, tmp_path: Path) -> None:
    text = "Ada was born in London.\r\n\r\n  Bob was, too. 🤷🏽 Köln liegt am Rhein.\nالقاهرة عاصمة مصر."
    path = tmp_path / "article.txt"
    path.write_bytes(text.encode())
    records = _records(_mere("extract", str(path), "--model", model, "--format", "jsonl"))
    assert len(records) >= 4
    for record in records:
        assert record["document"] == str(path)
        assert text[record["offset"] :].startswith(record["text"])


def test_lines_and_standard_input(model: str) -> None:
    done = _mere("extract", "-", "--lines", "--model", model, "--format", "jsonl", text="Ada was here.\nBob too.\n")
    assert [(r["document"], r["offset"]) for r in _records(done)] == [("stdin:1", 0), ("stdin:2", 0)]


def test_a_data_file_gives_its_sentences_as_documents(model: str, tmp_path: Path) -> None:
    write_jsonl([Sentence("Ada was here.", "en", id="a-1"), Sentence("Bob too.", "en")], tmp_path / "in.jsonl")
    records = _records(_mere("extract", str(tmp_path / "in.jsonl"), "-m", model, "-f", "jsonl"))
    assert [(str(r["document"]).rpartition(":")[2], r["text"]) for r in records] == [
        ("a-1", "Ada was here."),
        ("2", "Bob too."),
    ]


def test_csv_has_a_row_a_triple(model: str) -> None:
    text = "Ada Lovelace was born in London."
    as_json = _records(_mere("extract", text, "--model", model, "--format", "jsonl"))
    rows = list(csv.DictReader(io.StringIO(_mere("extract", text, "--model", model, "--format", "csv").stdout)))
    triples = [triple for record in as_json for triple in record["triples"]]
    assert [(row["head"], row["relation"]) for row in rows] == [(t["head"]["text"], t["relation"]) for t in triples]
    assert text[int(rows[0]["tail_start"]) : int(rows[0]["tail_end"])] == rows[0]["tail"]


def test_the_language_can_be_given_or_found(model: str) -> None:
    text = "Die Stadt Köln liegt am Rhein und hat einen berühmten Dom."
    for language, expected in (("auto", "de"), ("fr", "fr")):
        records = _records(_mere("extract", text, "-m", model, "-f", "jsonl", "--language", language))
        assert [record["language"] for record in records] == [expected]


def test_a_high_score_threshold_leaves_sentences_without_triples(model: str) -> None:
    records = _records(_mere("extract", "Ada was born in London.", "-m", model, "-f", "jsonl", "--threshold", "1"))
    assert [record["triples"] for record in records] == [[]]


def test_calibrate_changes_scores_and_says_how_far_they_can_be_trusted(
    model: str, sample: list[Sentence], tmp_path: Path
) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    write_jsonl(sample, tmp_path / "dev.jsonl")
    done = _mere("calibrate", str(folder), str(tmp_path / "dev.jsonl"), "--precision", "0.99")
    assert done.returncode == 0, done.stderr
    assert "expected calibration error" in done.stdout
    card = (folder / "README.md").read_text()
    assert card.startswith("# a random model")
    assert done.stdout.strip() in card
    before, after = (load_artifact(Path(one)).codec.decoding for one in (model, folder))
    assert before.calibration != after.calibration
    assert "No precise thresholds" in done.stdout


def test_precise_finds_some_of_what_is_found_without(model: str, sample: list[Sentence], tmp_path: Path) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    write_jsonl(sample[:40], tmp_path / "in.jsonl")
    command = ("extract", str(tmp_path / "in.jsonl"), "-m", str(folder), "-f", "jsonl")
    everything = [triple for record in _records(_mere(*command)) for triple in record["triples"]]
    least = sorted(triple["score"] for triple in everything)[len(everything) // 2] + 0.00005
    save_decoding(folder, Decoding(precise=Precise(least, precision=0.9)), "# card\n")
    sure = [triple for record in _records(_mere(*command, "--precise")) for triple in record["triples"]]
    assert sure == [triple for triple in everything if triple["score"] > least]
    assert 0 < len(sure) < len(everything)


def test_output_goes_to_a_file_whole_or_not_at_all(model: str, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\n")
    target = tmp_path / "out.jsonl"
    assert _mere("extract", "Ada was here.", "-m", model, "-f", "jsonl", "-o", str(target)).returncode == 0
    before = target.read_text()
    assert json.loads(before)
    error = _error("extract", str(tmp_path / "bad.txt"), "-m", model, "-f", "jsonl", "-o", str(target))
    assert "bad.txt:1" in error
    assert target.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.txt", "out.jsonl"]


def _bad_file(folder: Path, kind: str) -> str:
    path = folder / "input.txt"
    content = {
        "empty": b"",
        "binary": b"\x7fELF\0\0\1",
        "encoding": "Köln".encode("latin-1"),
    }
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(content[kind])
    return str(path)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("empty", "is empty"),
        ("binary", "binary"),
        ("encoding", "not UTF-8"),
        ("folder", "holds no file"),
    ],
)
def test_files_that_are_no_text(kind: str, expected: str, model: str, tmp_path: Path) -> None:
    assert expected in _error("extract", _bad_file(tmp_path, kind), "-m", model)


def test_other_mistakes_of_extract(model: str, tmp_path: Path) -> None:
    assert "no such file" in _error("extract", "articel.txt", "-m", model)
    assert "does not know the language 'sw'" in _error("extract", "Habari", "-m", model, "--language", "sw")
    assert "no model here" in _error("extract", "Ada", "-m", str(tmp_path))
    assert "is empty" in _error("extract", "-", "-m", model, text="")
    assert "a text is empty" in _error("extract", "", "-m", model)  # an empty variable of a shell is no folder


def test_wrong_options_and_commands() -> None:
    assert "'--batch-size': Input should be a valid integer" in _error("extract", "Ada", "--batch-size", "many")
    assert "'json5' is not one of" in _error("extract", "Ada", "--format", "json5")
    assert "No such option: --langage" in _error("extract", "Ada", "--langage", "de")
    assert "Did you mean 'extract'" in _error("extrakt", "Ada")
    assert _error("train").endswith("train --help\n")


def _training(folder: Path, backbone: str, sample: list[Sentence], extra: str = "") -> list[str]:
    write_jsonl(sample, folder / "train.jsonl")
    config = f'precision = "fp32"\n{extra}\n[model]\nbackbone = "{backbone}"\nhidden = 16\n[[stages]]\nepochs = 1\n'
    (folder / "config.toml").write_text(config)
    paths = [str(folder / name) for name in ("config.toml", "train.jsonl", "run")]
    return ["train", paths[0], "--train", paths[1], "--output", paths[2]]


def test_train_evaluate_extract(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    done = _mere(*_training(tmp_path, tiny_backbone, sample))
    assert done.returncode == 0, done.stderr
    assert "dev F1 triple" in done.stderr
    assert "no triple of the dev data is found; for few sentences" in done.stderr
    model = str(tmp_path / "run" / "model")
    scores = tmp_path / "scores.json"
    done = _mere("evaluate", model, str(tmp_path / "train.jsonl"), "--json", str(scores))
    assert done.returncode == 0, done.stderr
    values = json.loads(scores.read_text())
    assert values["sentences"] == len(sample)
    assert set(values["languages"]) == {sentence.language for sentence in sample}
    assert "macro" in done.stdout
    assert _records(_mere("extract", "Ada was here.", "-m", model, "-f", "jsonl"))


def test_mistakes_of_train_leave_nothing_behind(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    command = _training(tmp_path, tiny_backbone, sample, extra="sed = 1")
    assert "unknown field `sed`" in _error(*command)
    command = _training(tmp_path, tiny_backbone, sample)
    assert "no such file" in _error(*command[:3], str(tmp_path / "none.jsonl"), *command[4:])
    assert "cannot be written" in _error(*command[:-1], "/proc/run")
    (tmp_path / "train.jsonl").write_text(
        '{"text": "Ada", "language": "en", "triples": [{"head": {"start": 0, "end": 9}}]}'
    )
    assert "train.jsonl:1" in _error(*command)
    assert not (tmp_path / "run").exists()


def test_evaluating_on_unknown_relations_says_so(model: str, tmp_path: Path) -> None:
    record = {
        "language": "en",
        "text": "Ada likes Bob",
        "triples": [{"head": {"start": 0, "end": 3}, "relation": "likes", "tail": {"start": 10, "end": 13}}],
    }
    (tmp_path / "gold.jsonl").write_text(json.dumps(record))
    assert "relation 'likes'" in _error("evaluate", model, str(tmp_path / "gold.jsonl"))


def test_ctrl_c_is_clean(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    command = _training(tmp_path, tiny_backbone, sample)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("epochs = 1", "epochs = 1000\npatience = 1000"))
    process = subprocess.Popen([*MERE, *command], stderr=subprocess.PIPE, text=True)
    history = tmp_path / "run" / "history.jsonl"
    deadline = time.monotonic() + 100
    while not history.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert not list((tmp_path / "run").glob("*.draft"))


def test_a_reader_that_leaves_early_is_no_error(model: str) -> None:
    command = " ".join(MERE) + f" extract -m {model} -f jsonl --lines - | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], input="Ada was here.\n" * 3000, capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout)
    assert "Traceback" not in done.stderr


def test_generate_writes_sentences_that_the_doctor_passes(tmp_path: Path) -> None:
    target = tmp_path / "train.jsonl"
    done = _mere("data", "generate", "de", "uk", "--count", "40", "--output", str(target))
    assert done.returncode == 0, done.stderr
    assert target.read_text().count("\n") == 80
    assert _mere("data", "check", str(target)).returncode == 0
    assert "cannot be read" in _error("data", "generate", "nothing.toml", "--output", str(target))


def test_add_language_says_before_and_after(tiny_backbone: str, sample: list[Sentence], tmp_path: Path) -> None:
    torch.manual_seed(1)
    config = ModelConfig(backbone=tiny_backbone, hidden=16, switcher=SwitcherConfig(width=4))
    known = [sentence for sentence in sample if sentence.language != "uk"]
    save_artifact(JointModel(config, Schema.of(known)), tmp_path / "model", "# card\n")
    write_jsonl([sentence for sentence in sample if sentence.language == "uk"], tmp_path / "uk.jsonl")
    command = ["add-language", str(tmp_path / "model"), str(tmp_path / "uk.jsonl"), "--language", "uk"]
    done = _mere(*command, "--output", str(tmp_path / "new"))
    assert done.returncode == 0, done.stderr
    assert "before: dev F1" in done.stderr
    assert "after: dev F1" in done.stderr
    records = _records(
        _mere("extract", "Київ.", "-m", str(tmp_path / "new" / "model"), "-f", "jsonl", "--language", "uk")
    )
    assert records[0]["language"] == "uk"


def test_export_adds_graphs_which_extraction_then_uses(tiny_model: str, sample: list[Sentence], tmp_path: Path) -> None:
    model = tiny_model
    write_jsonl(sample[::14], tmp_path / "dev.jsonl")
    output = str(tmp_path / "exported")
    done = _mere("export", model, str(tmp_path / "dev.jsonl"), "--output", output, "--force")
    assert done.returncode == 0, done.stderr
    assert "all (20 sentences): triple F1 with torch" in done.stderr
    assert not (Path(model) / "onnx").exists()
    text = "Ada Lovelace was born in London."
    command = ("extract", text, "--language", "en", "--format", "jsonl", "--model")
    with_torch, *with_graphs = (
        _records(_mere(*command, output, "--backend", runtime)) for runtime in ("torch", "onnx", "auto")
    )
    assert with_graphs[0] == with_graphs[1]
    assert [one["text"] for one in with_graphs[0]] == [one["text"] for one in with_torch]
    assert "make them with: mere export" in _error("extract", text, "--model", model, "--backend", "onnx")
    assert "no model here" in _error("export", str(tmp_path / "nowhere"))
