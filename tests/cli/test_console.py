"""How much commands say, and that options have one spelling and one meaning."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.models import OptionInfo

import mere
from mere.cli import console, options
from mere.cli.commands import COMMANDS
from mere.cli.console import State, progress, set_verbosity, write_json
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
    done = subprocess.run([sys.executable, "-m", "mere", "--version"], capture_output=True, text=True, check=False)
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
    """Every parameter of every command, with the command's name."""
    for name, place in COMMANDS.items():
        module, attribute = place.split(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            callbacks = {f"{name} {entry.name}": entry.callback for entry in command.registered_commands}
        else:
            callbacks = {name: options.with_verbosity(command)}
        for full, callback in callbacks.items():
            assert callback is not None
            for parameter in inspect.signature(callback, eval_str=True).parameters.values():
                yield full, parameter


def test_an_option_has_one_spelling_in_all_commands() -> None:
    spellings: dict[str, set[tuple[str, ...]]] = {}
    commands: dict[str, set[str]] = {}
    for command, parameter in _parameters():
        _, info = get_args(parameter.annotation)
        if isinstance(info, OptionInfo):
            given = (info.default, *(info.param_decls or ()))
            names = tuple(text for text in given if isinstance(text, str) and text.startswith("-"))
            commands.setdefault(command, set()).add(parameter.name)
            spellings.setdefault(parameter.name, set()).add(names or (f"--{parameter.name.replace('_', '-')}",))
    assert {name: several for name, several in spellings.items() if len(several) > 1} == {}
    taken = [name for (names,) in spellings.values() for name in names]
    assert len(taken) == len(set(taken)), "an option's spelling means two things"
    assert all({"quiet", "verbose"} <= names for names in commands.values())


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    command = [sys.executable, "docs/make_reference.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
