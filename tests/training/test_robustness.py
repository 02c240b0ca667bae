"""Runs that are disturbed: history, caches, folders of starts that failed, threads, kills at the worst places."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mere.data.formats.jsonl import write_jsonl
from mere.data.locks import lock_file, locked
from mere.errors import ArtifactError, InputError
from mere.nn.joint import AggregatorConfig, JointModel, ModelConfig, SwitcherConfig
from mere.nn.layers import EntityHead
from mere.nn.switcher import Switcher
from mere.nn.weights import load_artifact, save_artifact
from mere.schema import Schema, Sentence
from mere.training.cache import StateCache
from mere.training.checkpoint import Checkpoint
from mere.training.config import Stage, TrainingConfig
from mere.training.folder import RunFolder
from mere.training.history import History
from mere.training.memory import MemoryPlan
from mere.training.reports import EpochReport, StepReport
from mere.training.run import add_language, encode, train

Report = StepReport | EpochReport | MemoryPlan
ADDED = Stage(name="add-language", train=("switcher",), epochs=3, batch_size=8, learning_rate=5e-2, average=0.9)


class Stop(Exception):
    """Stands for whatever ends a run."""


def _silent(_: Report) -> None:
    pass


def _config(backbone: str, seed: int = 1) -> TrainingConfig:
    unified = Stage(name="unified", epochs=2, batch_size=16, concatenate=2, average=0.9)
    specific = Stage(name="specific", train=("switcher",), epochs=2, batch_size=16, learning_rate=1e-2, shared=0.2)
    model = ModelConfig(
        backbone=backbone, hidden=16, span=8, aggregator=AggregatorConfig(heads=2), switcher=SwitcherConfig(4)
    )
    return TrainingConfig(model, (unified, specific), seed=seed, precision="fp32")


@pytest.fixture(scope="module")
def known(sample: list[Sentence]) -> list[Sentence]:
    """A few sentences in all languages but Ukrainian."""
    return [sentence for sentence in sample if sentence.language != "uk"][::4]


@pytest.fixture(scope="module")
def ukrainian(sample: list[Sentence]) -> list[Sentence]:
    return [sentence for sentence in sample if sentence.language == "uk"]


@pytest.fixture(scope="module")
def model(tiny_backbone: str, sample: list[Sentence]) -> JointModel:
    torch.manual_seed(3)
    schema = Schema.of(sentence for sentence in sample if sentence.language != "uk")
    return JointModel(_config(tiny_backbone).model, schema).eval()


@pytest.fixture(scope="module")
def source(model: JointModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "source"
    save_artifact(model, folder, "# card\n")
    return folder


def _weights(folder: Path) -> bytes:
    return (folder / "model" / "model.safetensors").read_bytes()


def _epochs(folder: Path) -> list[tuple[str, int]]:
    lines = (folder / "history.jsonl").read_text().splitlines()
    return [(line["stage"], line["epoch"]) for line in map(json.loads, lines)]


def _only(kind: type, stage: str, number: int, action: Callable[[], None]) -> Callable[[Report], None]:
    """A watch that acts at one step or epoch of a stage."""

    def watch(report: Report) -> None:
        if isinstance(report, kind) and isinstance(report, StepReport | EpochReport):
            place = report.step if isinstance(report, StepReport) else report.epoch
            if (report.stage, place) == (stage, number):
                action()

    return watch


def _raise() -> None:
    raise Stop


def test_an_epoch_that_was_told_but_not_saved_is_in_the_history_once(
    tiny_backbone: str, known: list[Sentence], tmp_path: Path
) -> None:
    config = _config(tiny_backbone)
    train(config, known, known[:10], tmp_path / "whole", _silent)
    for stage, epoch in (("unified", 0), ("unified", 1), ("specific", 1)):
        with pytest.raises(Stop):
            train(config, known, known[:10], tmp_path / "cut", _only(EpochReport, stage, epoch, _raise))
        with (tmp_path / "cut" / "history.jsonl").open("a") as handle:
            handle.write('{"stage": "unif')  # torn by the kill
    train(config, known, known[:10], tmp_path / "cut", _silent)
    expected = [("unified", 0), ("unified", 1), ("specific", 0), ("specific", 1)]
    assert _epochs(tmp_path / "cut") == _epochs(tmp_path / "whole") == expected
    assert _weights(tmp_path / "cut") == _weights(tmp_path / "whole")


def test_history_keeps_other_stages(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.cut("b", 0)
    for stage, epoch in (("a", 0), ("a", 1), ("b", 0), ("b", 1)):
        history.add({"stage": stage, "epoch": epoch})
    history.cut("b", 1)
    assert _epochs(tmp_path) == [("a", 0), ("a", 1), ("b", 0)]


def test_a_kill_between_a_stage_and_its_checkpoint_does_not_stop_the_run(
    tiny_backbone: str, known: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _config(tiny_backbone)
    train(config, known, known[:10], tmp_path / "whole", _silent)
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "close", lambda *_: _raise())
        with pytest.raises(Stop):
            train(config, known, known[:10], tmp_path / "cut", _silent)
    assert (tmp_path / "cut" / "unified").exists()
    assert (tmp_path / "cut" / "checkpoint.safetensors").exists()
    train(config, known, known[:10], tmp_path / "cut", _silent)
    assert _weights(tmp_path / "cut") == _weights(tmp_path / "whole")


@pytest.mark.parametrize("kind", ["train", "add-language"])
def test_the_same_weights_with_two_threads(
    kind: str, tiny_backbone: str, known: list[Sentence], ukrainian: list[Sentence], source: Path, tmp_path: Path
) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for name in "abc":
            if kind == "train":
                train(_config(tiny_backbone), known, known[:5], tmp_path / name, _silent)
            else:
                add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / name, _silent, stage=ADDED)
    finally:
        torch.set_num_threads(threads)
    assert len({_weights(tmp_path / name) for name in "abc"}) == 1


def _switched() -> torch.nn.Module:
    """A switcher at the width of the bundled backbone, after one backward pass of a batch."""
    switcher = Switcher(384, 64, ("de", "en", "other"), "language", 1)
    states, language = torch.randn(64, 12, 384), torch.randint(0, 3, (64,))
    switcher(states, language, language).square().sum().backward()
    return switcher


def _headed() -> torch.nn.Module:
    """An entity head after one backward pass of the longest sentences."""
    head = EntityHead(16, 5, 0, hidden=16, span=4, distances=24, dropout=0.0, conditioned=True)
    rows = torch.tensor([0, 1, 0, 1])
    scores, _ = head(torch.randn(2, 254, 16), torch.ones(2, 254, dtype=torch.bool), rows, rows + 1)
    scores.masked_fill(scores.isinf(), 0.0).square().sum().backward()
    return head


@pytest.mark.parametrize("pass_back", [_switched, _headed])
def test_gradients_do_not_depend_on_how_threads_take_turns(pass_back: Callable[[], torch.nn.Module]) -> None:
    """At the size of a real batch, where torch splits the sum of gradients between threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    found = set()
    try:
        for _ in range(12):
            torch.manual_seed(1)
            learning = [part.grad for part in pass_back().parameters() if part.grad is not None]
            found.add(b"".join(grad.numpy().tobytes() for grad in learning))
    finally:
        torch.set_num_threads(threads)
    assert len(found) == 1


def test_adding_a_language_goes_on_where_it_was_interrupted(
    ukrainian: list[Sentence], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "due", lambda self: True)
    whole = add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "whole", _silent, stage=ADDED)
    for step in (2, 5):
        watch = _only(StepReport, "add-language", step, _raise)
        with pytest.raises(Stop):
            add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", watch, stage=ADDED)
    seen: list[int] = []

    def watch_steps(report: Report) -> None:
        if isinstance(report, StepReport):
            seen.append(report.step)

    resumed = add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", watch_steps, stage=ADDED)
    assert seen[0] == 5, "what was done is not done again"
    assert _weights(tmp_path / "cut") == _weights(tmp_path / "whole")
    assert _epochs(tmp_path / "cut") == _epochs(tmp_path / "whole")
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {"history.jsonl", "model", "run.json"}
    again = add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", watch_steps, stage=ADDED)
    assert (again.before, again.after) == (resumed.before, resumed.after) == (whole.before, whole.after)


def test_another_addition_in_the_same_folder_is_refused(
    ukrainian: list[Sentence], source: Path, tmp_path: Path
) -> None:
    def add(sentences: list[Sentence], seed: int = 1) -> None:
        add_language(source, "uk", sentences, ukrainian[:5], tmp_path / "new", _silent, stage=ADDED, seed=seed)

    add(ukrainian)
    one = ukrainian[0]
    other = Sentence(one.text, one.language, one.triples, one.id, annotated=("birth-place",))
    for sentences, seed in ((ukrainian, 2), (ukrainian[1:], 1), ([other, *ukrainian[1:]], 1)):
        with pytest.raises(ArtifactError, match="holds a run with other data or another configuration"):
            add(sentences, seed)
    with pytest.raises(InputError, match="is a model; name another folder"):
        add_language(source, "uk", ukrainian, ukrainian, tmp_path / "new" / "model", _silent, stage=ADDED)


def test_two_additions_beside_each_other_do_not_touch(ukrainian: list[Sentence], source: Path, tmp_path: Path) -> None:
    """The second runs whole in the middle of the first."""
    german = [Sentence(one.text, "de", one.triples) for one in ukrainian]

    def second() -> None:
        add_language(source, "de", german, german[:5], tmp_path / "de", _silent, stage=ADDED)

    watch = _only(StepReport, "add-language", 4, second)
    add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "uk", watch, stage=ADDED)
    add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "alone", _silent, stage=ADDED)
    assert _weights(tmp_path / "uk") == _weights(tmp_path / "alone")
    assert "de" in load_artifact(tmp_path / "de" / "model").schema.languages
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "de", "uk"]


def test_a_folder_in_use_is_refused(ukrainian: list[Sentence], source: Path, tmp_path: Path) -> None:
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(InputError, match="another process is training here") as caught:
            add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "uk", _silent, stage=ADDED)
        refused.append(str(caught.value))

    watch = _only(StepReport, "add-language", 4, second)
    add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "uk", watch, stage=ADDED)
    assert len(refused) == 1


@pytest.mark.parametrize("left", ["", "{", '{"fingerprint": "of a start that failed"}'])
def test_a_start_that_failed_leaves_nothing_claimed(
    left: str, tiny_backbone: str, known: list[Sentence], tmp_path: Path
) -> None:
    output = tmp_path / "deep" / "run"
    with pytest.raises(InputError, match="no backbone"):
        train(_config(str(tmp_path / "nowhere")), known, known[:5], output, _silent)
    assert list(tmp_path.iterdir()) == []
    output.mkdir(parents=True)
    (output / "run.json").write_text(left)  # as earlier versions left it
    train(_config(tiny_backbone), known, known[:5], output, _silent)
    with pytest.raises(ArtifactError, match="another configuration"):
        train(_config(tiny_backbone, seed=2), known, known[:5], output, _silent)
    (output / "run.json").write_text(left)
    with pytest.raises(ArtifactError, match="damaged" if "of a" not in left else "another configuration"):
        train(_config(tiny_backbone), known, known[:5], output, _silent)


def test_ctrl_c_saves_the_step_under_way(ukrainian: list[Sentence], source: Path, tmp_path: Path) -> None:
    whole = add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "whole", _silent, stage=ADDED).model
    watch = _only(StepReport, "add-language", 4, lambda: os.kill(os.getpid(), signal.SIGINT))
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", watch, stage=ADDED)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, usual)
    seen: list[Report] = []
    resumed = add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", seen.append, stage=ADDED).model
    assert next(report.step for report in seen if isinstance(report, StepReport)) == 5
    assert load_file(whole / "model.safetensors").keys() == load_file(resumed / "model.safetensors").keys()
    assert _weights(tmp_path / "whole") == _weights(tmp_path / "cut")


def test_a_killed_addition_resumes(ukrainian: list[Sentence], source: Path, tmp_path: Path) -> None:
    write_jsonl(ukrainian * 6, tmp_path / "uk.jsonl")
    command = [sys.executable, "-m", "mere", "add-language", str(source), str(tmp_path / "uk.jsonl")]
    command += ["--language", "uk", "--output"]
    cut = tmp_path / "cut"
    with subprocess.Popen([*command, str(cut)], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (cut / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert not (cut / "model").exists(), "the run ended before it could be killed"
    for name in ("cut", "whole"):
        subprocess.run([*command, str(tmp_path / name)], check=True, stderr=subprocess.DEVNULL)
    assert _weights(cut) == _weights(tmp_path / "whole")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sentences each batch that is computed for a cache holds."""
    batches: list[int] = []
    below = JointModel.below

    def count(self: JointModel, batch: object, depth: object) -> torch.Tensor:
        batches.append(1)
        return below(self, batch, depth)  # type: ignore[arg-type]

    monkeypatch.setattr(JointModel, "below", count)
    return batches


@pytest.mark.parametrize("description", [None, "", "{", "[]", '{"fingerprint": "other", "done": 70}'])
def test_a_cache_is_filled_anew_unless_it_is_known_to_be_right(
    description: str | None, model: JointModel, known: list[Sentence], counted: list[int], tmp_path: Path
) -> None:
    examples, path = encode(model, known), tmp_path / "cache.f32"
    StateCache(path, model, examples, 1).close()
    filled, expected = len(counted), path.read_bytes()
    StateCache(path, model, examples, 1).close()
    assert len(counted) == filled, "what is there is not computed again"
    path.write_bytes(bytes(len(expected)))
    described = path.with_suffix(".json")
    described.write_text(description) if description is not None else described.unlink()
    StateCache(path, model, examples, 1).close()
    assert path.read_bytes() == expected


def test_a_cache_of_other_weights_data_or_depth_is_not_taken(
    model: JointModel, known: list[Sentence], tmp_path: Path
) -> None:
    examples, path = encode(model, known), tmp_path / "cache.f32"
    swapped = encode(model, [*known[1:], known[0]])  # of the same size in all
    weight = model.backbone.layers[0].get_parameter("output.dense.weight")
    contents = []
    for depth, chosen, change in ((1, examples, 0.0), (2, examples, 0.0), (2, swapped, 0.0), (2, swapped, 0.5)):
        with torch.no_grad():
            weight.add_(change)
        cache = StateCache(path, model, chosen, depth)
        contents.append(path.read_bytes())
        cache.close()
    with torch.no_grad():
        weight.sub_(0.5)
    assert len(set(contents)) == 4
    assert len({len(content) for content in contents}) == 1


def test_a_cache_in_use_is_refused_and_one_that_is_closed_is_not(
    model: JointModel, known: list[Sentence], tmp_path: Path
) -> None:
    examples, path = encode(model, known[:5]), tmp_path / "cache.f32"
    cache = StateCache(path, model, examples, 1)
    expected = np.array(cache[3])
    with pytest.raises(InputError, match="another process is training here"):
        StateCache(path, model, examples, 1)
    assert np.array_equal(cache[3], expected)
    cache.close()
    StateCache(path, model, examples, 1).remove()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_for_a_cache_is_one_line(
    model: JointModel, known: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = encode(model, known)
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=False).returncode == 0
    )

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if not mounted:  # then the error alone
        monkeypatch.setattr("os.posix_fallocate", full)
    try:
        with pytest.raises(InputError, match=r"cache.f32: no room for . MiB .*\(No space left on device\); free some"):
            StateCache(place / "cache.f32", model, examples * 3, 1)
        assert list(place.iterdir()) == []
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full_at_a_checkpoint_is_one_line(
    ukrainian: list[Sentence], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mere.training.checkpoint.save_file", full)
        with pytest.raises(InputError, match=r"checkpoint.safetensors: cannot be written .*the same command goes on"):
            add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", _silent, stage=ADDED)
    add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "cut", _silent, stage=ADDED)
    add_language(source, "uk", ukrainian, ukrainian[:5], tmp_path / "whole", _silent, stage=ADDED)
    assert _weights(tmp_path / "cut") == _weights(tmp_path / "whole")
    assert _epochs(tmp_path / "cut") == _epochs(tmp_path / "whole")


def test_locks_are_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for _ in range(2):
        with lock_file(path):
            with pytest.raises(BlockingIOError), lock_file(path):
                pass
            assert path.exists(), "who is refused takes nothing away"
        assert not path.exists()
    with locked(tmp_path) as is_locked:
        assert is_locked
