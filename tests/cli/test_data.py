from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mere.cli.data import data_app
from mere.data.formats import read_sentences, write_sentences
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple

TEXT = "Ann in Bonn"
SENTENCE = Sentence(TEXT, "de", (Triple(Span.of(TEXT, 0, 3), "eats", Span.of(TEXT, 7, 11)),), "de-1")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data_app, [str(argument) for argument in arguments])


def file(path: Path, *sentences: Sentence) -> Path:
    write_sentences(sentences, path)
    return path


def test_check_is_content_with_sound_data(tmp_path: Path) -> None:
    result = run("check", "--train", file(tmp_path / "a.tsv", SENTENCE))
    assert result.exit_code == 0
    assert result.stdout == "Nothing to report.\n"
    assert result.stderr == ""


def test_check_shows_a_leak_and_exits_with_1(tmp_path: Path) -> None:
    train, test = file(tmp_path / "a.tsv", SENTENCE), file(tmp_path / "[bold]b.jsonl", SENTENCE)
    result = run("check", "--train", train, "--test", test)
    assert result.exit_code == 1
    assert "error" in result.stdout
    assert f"leak-text {test}:1: the same text as train, {train}:2\n" in result.stdout


def test_check_of_files_without_roles_only_warns(tmp_path: Path) -> None:
    result = run("check", "--examples", 0, file(tmp_path / "a.tsv", SENTENCE), file(tmp_path / "b.tsv", SENTENCE))
    assert result.exit_code == 0
    assert "shared-text" in result.stdout
    assert "a.tsv" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["check"], "name the files to check"),
        (["check", "no.tsv"], "no such file"),
        (["stats", "no.txt"], "must end in"),
    ],
)
def test_unusable_input_is_raised_for_the_app_to_print(arguments: list[str], problem: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, InputError)
    assert problem in str(error)


def test_stats_as_tables_and_as_json(tmp_path: Path) -> None:
    path = file(tmp_path / "a.jsonl", SENTENCE, Sentence("nada", "es"))
    shown = run("stats", path)
    assert shown.exit_code == 0
    for word in ("de", "es", "all", "eats", "negatives"):
        assert word in shown.stdout
    counted = json.loads(run("stats", path, "--json", "-").stdout)
    assert counted["total"]["sentences"] == 2
    assert counted["languages"]["es"]["negatives"] == 1


def test_convert_there_and_back(tmp_path: Path) -> None:
    start = file(tmp_path / "a.tsv", SENTENCE, Sentence("nada", "es", (), "x"))
    middle, end = tmp_path / "b.jsonl.gz", tmp_path / "c.tsv"
    result = run("convert", start, middle)
    assert result.exit_code == 0
    assert "2 lines written to" in result.stderr
    assert run("convert", middle, end).exit_code == 0
    assert end.read_bytes() == start.read_bytes()
    assert list(read_sentences(middle)) == list(read_sentences(start))


def test_convert_says_what_it_left_out(tmp_path: Path) -> None:
    source = tmp_path / "a.tsv"
    source.write_text("id\tentity_1\tentity_2\tlabel\ttext\tlang\n1\tA\tB\teats\t\tde\n")
    result = run("convert", source, tmp_path / "b.jsonl")
    assert "dropped: empty-text, 1 x" in result.stderr
