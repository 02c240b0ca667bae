"""An extraction that is interrupted goes on: no record lost, none twice, the same bytes in the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mere.cli.main import main
from mere.errors import InputError
from mere.inference.documents import Paragraph
from mere.inference.resume import resumable
from mere.schema import Sentence

Command = list[str]


@pytest.fixture(scope="module")
def folder(sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred sentences in three files, most of them in the last."""
    folder = tmp_path_factory.mktemp("texts")
    for name, share in (("a.txt", sample[::8]), ("b.txt", sample[::-8]), ("c.txt", sample + sample[::4])):
        folder.joinpath(name).write_text("\n".join(one.text for one in share), "utf-8")
    return folder


@pytest.fixture
def command(folder: Path, tiny_model: str) -> Command:
    return ["extract", str(folder), "--model", tiny_model, "--batch-size", "1", "--output"]


def _run(*arguments: str | Path) -> int:
    """Run a command in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mere", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def whole(folder: Path, tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The output of a run that was not interrupted."""
    target = tmp_path_factory.mktemp("whole") / "out.jsonl"
    assert _run("extract", folder, "--model", tiny_model, "--batch-size", "1", "--output", target) == 0
    return target.read_bytes()


def _parts(target: Path) -> list[Path]:
    return list(target.parent.glob("*.part"))


def _interrupt(command: Command, target: Path, number: signal.Signals, more: int) -> subprocess.Popen[str]:
    """Start a process, send it a signal after ``more`` new bytes, and return it, dead."""
    before = sum(part.stat().st_size for part in _parts(target))
    arguments = [sys.executable, "-m", "mere", *command, str(target)]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while sum(part.stat().st_size for part in _parts(target)) < before + more:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    os.kill(process.pid, number)
    process.wait(60)
    return process


def test_killed_again_and_again_it_ends_with_the_same_bytes(command: Command, whole: bytes, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    process = _interrupt(command, target, signal.SIGKILL, len(whole) // 5)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (part,) = _parts(target)
    assert whole.startswith(part.read_bytes())
    with part.open("ab") as handle:
        handle.write(whole[part.stat().st_size :][:50])  # a torn line

    process = _interrupt(command, target, signal.SIGINT, len(whole) // 5)
    error = process.communicate()[1]
    assert process.returncode == 130
    assert "the same command goes on" in error
    assert "Traceback" not in error
    assert part.read_bytes().endswith(b"\n")
    assert whole.startswith(part.read_bytes())
    assert not target.exists()

    assert _run(*command, target) == 0
    assert target.read_bytes() == whole
    assert _parts(target) == []


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_from_any_byte_on(
    share: float, folder: Path, command: Command, whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [command[0], *(str(folder / name) for name in ("a.txt", "b.txt")), *command[2:]]  # some will do
    lines = whole.splitlines(keepends=True)
    whole = b"".join(line for line in lines if not json.loads(line)["document"].endswith("c.txt"))
    target = tmp_path / "out.jsonl"
    with pytest.MonkeyPatch.context() as patch:  # the part of a run that has not finished
        patch.setattr(Path, "replace", lambda *_: None)
        assert _run(*command, target) == 0
    (part,) = _parts(target)
    part.write_bytes(whole[: int(share * len(whole))])
    capsys.readouterr()
    assert _run(*command, target) == 0
    assert target.read_bytes() == whole
    there = whole[: int(share * len(whole))].count(b"\n")
    new = whole.count(b"\n") - there
    told = capsys.readouterr().err
    assert (f"{there:,} sentences were there from an earlier run" in told) == bool(there)
    assert f"{new:,} sentences, " in told


def test_a_finished_output_is_made_anew(tiny_model: str, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    for text in ("Ada was here.", "Bob was here."):
        assert _run("extract", text, "--model", tiny_model, "--output", target) == 0
        assert [json.loads(line)["text"] for line in target.read_text().splitlines()] == [text]


def test_other_settings_or_changed_input_do_not_go_on(
    tiny_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    text.write_text("Ada was here. Bob was here.")
    command = ("extract", text, "--model", tiny_model, "--output", target)
    with pytest.MonkeyPatch.context() as patch:  # the part of a run that has not finished
        patch.setattr(Path, "replace", lambda *_: None)
        _run(*command)
    (part,) = _parts(target)
    assert _run(*command, "--threshold", "0.5") == 2
    assert "another model or other options" in capsys.readouterr().err
    text.write_text("Ada was here. Eve was here.")
    assert _run(*command) == 2
    assert "has read another sentence" in capsys.readouterr().err
    part.write_bytes(b"{}\n" + part.read_bytes())
    assert _run(*command) == 2
    assert f"{part}:1: no record of an extraction" in capsys.readouterr().err
    assert not target.exists()


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    with resumable(tmp_path / "out.jsonl", 1):
        with pytest.raises(InputError, match="another process"), resumable(tmp_path / "out.jsonl", 1):
            pass
        assert len(_parts(tmp_path / "out.jsonl")) == 1


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    for target, message in ((tmp_path, "is a folder"), (tmp_path / "none" / "out.jsonl", "cannot be written")):
        with pytest.raises(InputError, match=message), resumable(target, 1):
            pass
    with pytest.raises(ZeroDivisionError), resumable(tmp_path / "out.jsonl", 1) as part:
        assert 1 / len(list(part.earlier()))
    assert list(tmp_path.iterdir()) == []


def test_the_output_may_lie_in_the_folder_that_is_read(
    tiny_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("Ada was here.")
    target = tmp_path / "out.jsonl"
    for _ in range(2):
        assert _run("extract", tmp_path, "--model", tiny_model, "--output", target) == 0
        assert "13 characters of 1 document: 1 sentence, 1 window, " in capsys.readouterr().err
    (record,) = (json.loads(line) for line in target.read_text().splitlines())
    assert Paragraph(record["document"], record["offset"], record["text"]) == Paragraph(
        str(tmp_path / "a.txt"), 0, "Ada was here."
    )


def test_bad_files_do_not_stop_the_others_but_show_in_the_exit_code(
    tiny_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.txt").write_bytes(b"Ada was here." if number % 2 else b"\0\1\2")
    for form in ("jsonl", "csv"):
        target = tmp_path / f"out.{form}"
        assert _run("extract", tmp_path / "in", "--model", tiny_model, "--output", target) == 2
        told = capsys.readouterr().err.splitlines()
        assert [line.startswith("error: ") for line in told] == [True, True, True, False, False]
        assert "0.txt: is a binary" in told[0]
        assert "2 documents" in told[3]
        assert told[4].startswith("3 of the inputs")
        assert "1.txt" in target.read_text()
        assert "3.txt" in target.read_text()
