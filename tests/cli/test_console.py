"""How much commands say, and that options have one spelling and one meaning."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import mere
from mere.cli import console, options
from mere.cli.commands import COMMANDS
from mere.cli.console import State, progress, set_verbosity, write_json
from mere.cli.main import main
from mere.errors import InputError
from tests.conftest import Command

ADA = "Ada Lovelace was born in London."
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _normal() -> Iterator[None]:
    yield
    set_verbosity(False, False)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.usefixtures("fake")
def test_quiet_leaves_results_and_errors(place: str, mere_command: Command, tmp_path: Path) -> None:
    switch = ("-q",)
    before, after = (switch, ()) if place == "before" else ((), switch)
    done = mere_command(*before, "extract", ADA, "-f", "csv", *after)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ada Lovelace" in done.stdout
    (tmp_path / "a.jsonl").write_text('{"text": 5}\n{"text": "Ja."}\n\n')
    done = mere_command(*before, "extract", tmp_path / "a.jsonl", *after)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    done = mere_command(*before, "data", "convert", ROOT / "src/mere/data/sample/dev.jsonl", tmp_path / "b.tsv", *after)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("fake")
def test_verbose_tells_every_error_and_place(mere_command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": 5}\n' * 30 + '\n\n{"text": "Ja."}\n')
    done = mere_command("extract", tmp_path / "a.jsonl", "--verbose")
    assert done.stderr.count("error: ") == 30
    assert f"    {tmp_path / 'a.jsonl'}:32: the line is blank" in done.stderr
    assert "exclude each other" in mere_command("extract", ADA, "-q", "-v").stderr


def test_verbose_work_says_a_line_a_minute(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(console, "EVERY", 0.01)
    for verbose in (False, True):
        set_verbosity(False, verbose)
        with progress(lambda: State("reading", 3, 10)):
            time.sleep(0.1)
        assert ("reading (3 of 10)" in capsys.readouterr().err) == verbose


def test_version_and_module() -> None:
    for arguments in (
        ["-m", "mere", "--version"],
        ["-m", "mere.cli.main", "--version"][:0] or ["-m", "mere", "--version"],
    ):
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"mere {mere.__version__}\n", "")


def test_json_goes_to_a_file_or_standard_output_and_never_over_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json({"a": 1}, Path("-"))
    assert capsys.readouterr().out == '{\n  "a": 1\n}\n'
    data = tmp_path / "a.jsonl"
    data.write_text("data")
    with pytest.raises(InputError, match="is one of the files to read"):
        write_json({}, data, [data])
    write_json({}, tmp_path / "b.json", [data])
    assert (data.read_text(), (tmp_path / "b.json").read_text()) == ("data", "{}\n")


def _parameters() -> Iterator[tuple[str, inspect.Parameter]]:
    import importlib

    import typer

    for name, place in COMMANDS.items():
        module, attribute = place.split(":")
        command = getattr(importlib.import_module(module), attribute)
        callbacks = (
            {f"{name} {entry.name}": entry.callback for entry in command.registered_commands}
            if isinstance(command, typer.Typer)
            else {name: options.with_verbosity(command)}
        )
        for full, callback in callbacks.items():
            assert callback is not None
            for parameter in inspect.signature(callback, eval_str=True).parameters.values():
                yield full, parameter


def test_an_option_has_one_spelling_and_one_type() -> None:
    seen: dict[str, set[tuple[str, ...]]] = {}
    commands: dict[str, set[str]] = {}
    for command, parameter in _parameters():
        kind, info = get_args(parameter.annotation)
        names = tuple(
            text for text in (info.default, *(info.param_decls or ())) if isinstance(text, str) and text[:1] == "-"
        )
        commands.setdefault(command, set()).add(parameter.name)
        if parameter.name in ("output", "language", "as_json", "quiet", "verbose", "precise"):
            seen.setdefault(parameter.name, set()).add((*names, str(kind).removesuffix(" | None")))
    assert all(len(spellings) == 1 for spellings in seen.values()), seen
    assert all({"quiet", "verbose"} <= names for names in commands.values())


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    command = [sys.executable, "docs/make_reference.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_errors_while_writing_to_people_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mere", "data", "stats", "/proc/self/mem.jsonl"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
