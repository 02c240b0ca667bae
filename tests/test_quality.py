"""The benchmark of quality: shares by language, sentences of unknown languages left out, predictions as extracted."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from mere.data.formats.jsonl import write_jsonl
from mere.errors import InputError
from mere.inference.artifact import CARD, check_manifest
from mere.inference.extractor import Extractor
from mere.schema import Sentence, Span, Triple

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "quality.py"


@pytest.fixture(scope="module")
def quality() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def _sentence(language: str) -> Sentence:
    text = "Ada was born in London."
    return Sentence(text, language, (Triple(Span.of(text, 0, 3), "birth-place", Span.of(text, 16, 22)),))


def test_shares_count_sentences_not_triples(quality: dict[str, Any]) -> None:
    english, german = _sentence("en"), _sentence("de")
    found = [english.triples * 2, (), german.triples]
    assert quality["shares"]([english, english, german], found) == {"de": 1.0, "en": 0.5, "all": 2 / 3}


def test_ukrainian_stands_apart(quality: dict[str, Any]) -> None:
    gold = [_sentence("en"), _sentence("uk")]
    scores = quality["example_scores"](gold, [gold[0].triples, ()])
    assert {name: score.recall for name, score in scores.items()} == {"en": 1, "uk": 0, "all": 0.5, "all but uk": 1}
    assert "all but uk" not in quality["example_scores"](gold[:1], [gold[0].triples])


def test_what_is_found_stands_beside_its_sentence(
    quality: dict[str, Any], tiny_model: str, sample_dev: list[Sentence]
) -> None:
    extractor = Extractor.from_pretrained(tiny_model)
    expected = [extractor.extract(sentence.text, language=sentence.language).triples for sentence in sample_dev]
    found = quality["predictions"](extractor, sample_dev)
    assert any(found)
    assert [{triple.key for triple in one} for one in found] == [{triple.key for triple in one} for one in expected]


def test_negatives_hold_no_triples(quality: dict[str, Any], tiny_model: str, tmp_path: Path) -> None:
    write_jsonl([_sentence("en")], tmp_path / "some.jsonl")
    with pytest.raises(InputError, match="holds triples"):
        quality["on_negatives"](Extractor.from_pretrained(tiny_model), tmp_path / "some.jsonl")


def test_all_figures_are_written(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    gold = [_sentence("en"), _sentence("uk")]
    write_jsonl([*gold, _sentence("sw")], tmp_path / "gold.jsonl")
    write_jsonl([Sentence("It rains in Leeds.", "en")], tmp_path / "negative.jsonl")
    (tmp_path / "about.md").write_text("Made in a test.")
    shutil.copytree(tiny_model, "model")
    files = ["--dev", "gold.jsonl", "--negatives", "negative.jsonl", "--examples", "gold.jsonl", "--json", "out.json"]
    files += ["--card", "about.md"]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "model", *files])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    values = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert (values["dev"]["sentences"], values["dev"]["left_out"]) == (2, 1)
    assert 0 <= values["dev"]["ece"] <= 1
    alarms = values["negatives"]["negative.jsonl"]
    assert set(alarms["default"]) == {"en", "all"}
    assert len(alarms["found"]) == alarms["default"]["all"]
    examples = values["examples"]["gold.jsonl"]
    assert set(examples["given"]) == set(examples["identified"]) == {"en", "uk", "all", "all but uk"}
    printed = capsys.readouterr().out
    assert "2 sentences; 1 in languages that the model does not know are left out." in printed
    assert {"## Gold data", "## False alarms on negative.jsonl", "## Examples of gold.jsonl"} <= set(
        printed.splitlines()
    )
    check_manifest(tmp_path / "model")
    card = (tmp_path / "model" / CARD).read_text("utf-8")
    assert card.startswith((Path(tiny_model) / CARD).read_text("utf-8").rstrip())
    assert "## Data, licences, limits\n\nMade in a test.\n\n## Quality\n" in card
    assert "### Gold data" in card
