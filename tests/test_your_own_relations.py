"""The walk of docs/guides/your-own-relations.md, run as it is written there, on fewer sentences."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mere.cli.commands import build

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "your-own-relations.md"
COUNT = {"--count 500": "--count 120", "--count 100": "--count 40", "epochs = 6": "epochs = 4"}
"""What is made smaller here, so that the walk takes half a minute."""


def _files(page: str) -> dict[str, str]:
    """The files that the page shows: a line that ends with the name, and the block after it."""
    return dict(re.findall(r"`([\w.-]+)`:\n\n```\w+\n(.*?)```", page, re.DOTALL))


def _commands(page: str) -> list[list[str]]:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    return [shlex.split(line) for line in lines]


def _shown(page: str) -> dict[str, set[tuple[str, str, str]]]:
    """The triples that the page shows, by text."""
    shown: dict[str, set[tuple[str, str, str]]] = {}
    text = ""
    for line in re.findall(r"```text\n(.*?)```", page, re.DOTALL)[-1].splitlines():
        if line.startswith("  "):
            parts = re.split(r"\s{3,}", line.strip())
            if len(parts) == 4:
                shown[text].add((parts[0], parts[1], parts[2]))
        elif line:
            text = line.rpartition(" (")[0]
            shown[text] = set()
    return shown


def test_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text("utf-8")
    for whole, few in COUNT.items():
        assert whole in page
        page = page.replace(whole, few)
    files = _files(page)
    assert {"companies.csv", "english.toml", "german.toml", "own.toml", "news.txt"} == set(files)
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    commands = _commands(page)
    assert [command[:2] for command in commands][-2:] == [["mere", "train"], ["mere", "extract"]]
    extracted = "triples.jsonl"
    commands[-1] += ["--format", "jsonl", "--output", extracted]
    for command in commands:
        result = CliRunner().invoke(build(), command[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output

    records = [json.loads(line) for line in (tmp_path / extracted).read_text("utf-8").splitlines()]
    found = {
        record["text"].strip(): {
            (one["head"]["text"], one["relation"], one["tail"]["text"]) for one in record["triples"]
        }
        for record in records
    }
    shown = _shown(PAGE.read_text("utf-8"))
    assert set(found) == set(shown) == set(files["news.txt"].splitlines())
    clear = "Novaline was acquired by Stratos Media for two million euros last week."
    assert found[clear] == shown[clear] == {("Novaline", "acquired-by", "Stratos Media")}
    right = sum(len(triples & found[text]) for text, triples in shown.items())
    assert right >= 0.6 * sum(len(triples) for triples in shown.values())
