"""What the README and the folder of examples show is read by the code as it stands."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from mere.data.doctor import check
from mere.data.formats.jsonl import read_jsonl
from mere.data.formats.smiler import LABELS
from mere.errors import ArtifactError
from mere.inference.artifact import DEFAULT, find_model
from mere.inference.extractor import Extractor
from mere.inference.language_id import LanguageIdentifier
from mere.schema import NO_RELATION, Sentence
from mere.training.config import load_config

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SENTENCES, SERIES, NEGATIVES = (EXAMPLES / f"{name}.jsonl" for name in ("sentences", "series", "negatives"))
LANGUAGES = ["ar", "de", "en", "es", "fa", "fr", "it", "ko", "nl", "pl", "pt", "ru", "sv", "uk"]


def _shown(form: str) -> list[str]:
    """The README's blocks of a form."""
    return re.findall(rf"```{form}\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)


def test_configurations_are_read(tmp_path: Path) -> None:
    for number, configuration in enumerate(_shown("toml")):
        (tmp_path / f"{number}.toml").write_text(configuration, "utf-8")
    whole, extending = (load_config(str(tmp_path / f"{number}.toml")) for number in (0, 1))
    assert [stage.name for stage in whole.stages] == ["unified", "language-specific"]
    assert extending.model.aggregator is None
    assert extending.model.switcher is not None


def test_the_line_of_data_is_read(tmp_path: Path) -> None:
    (tmp_path / "shown.jsonl").write_text(_shown("json")[0], "utf-8")
    (sentence,) = read_jsonl(tmp_path / "shown.jsonl")
    (triple,) = sentence.triples
    assert (triple.head.text, triple.relation, triple.tail.text) == ("Einstein", "birth-place", "Ulm")


def test_the_demo_reads_eight_languages() -> None:
    identifier = LanguageIdentifier(LANGUAGES)
    lines = (EXAMPLES / "demo.txt").read_text("utf-8").splitlines()
    assert len({identifier.identify(line)[0] for line in lines}) == len(lines) == 8


def test_the_example_sentences_are_sound() -> None:
    report = check({"examples": [SENTENCES]})
    assert report.kinds() == []
    sentences = list(read_jsonl(SENTENCES))
    assert Counter(sentence.language for sentence in sentences) == Counter(dict.fromkeys(LANGUAGES, 10))
    assert len({sentence.id for sentence in sentences}) == len({sentence.text for sentence in sentences}) == 140
    assert {triple.relation for sentence in sentences for triple in sentence.triples} == LABELS - {NO_RELATION}
    assert all(1 <= sum(not one.triples for one in sentences if one.language == code) <= 2 for code in LANGUAGES)


def test_the_series_are_sound() -> None:
    assert check({"examples": [SERIES]}).kinds() == []
    sentences = list(read_jsonl(SERIES))
    assert Counter(sentence.language for sentence in sentences) == Counter(dict.fromkeys(LANGUAGES, 2))
    assert all(len({triple.tail for triple in sentence.triples}) >= 2 for sentence in sentences)
    assert all(len({(triple.head, triple.relation) for triple in sentence.triples}) == 1 for sentence in sentences)


def test_the_negative_sentences_are_sound() -> None:
    assert check({"examples": [NEGATIVES]}).kinds() == []
    sentences = list(read_jsonl(NEGATIVES))
    assert Counter(sentence.language for sentence in sentences) == Counter(dict.fromkeys(LANGUAGES, 20))
    assert len({sentence.id for sentence in sentences}) == len({sentence.text for sentence in sentences}) == 280
    assert not any(sentence.triples for sentence in sentences)
    assert all(8 <= len(sentence.text.split()) <= 35 for sentence in sentences)


def _share(part: Counter[str], whole: Counter[str], languages: list[str]) -> float:
    return sum(part[code] for code in languages) / max(sum(whole[code] for code in languages), 1)


def _default_extractor() -> Extractor:
    try:
        folder = find_model(DEFAULT)
    except ArtifactError as missing:
        pytest.skip(f"{missing}: there is nothing to hold against the examples")
    return Extractor.from_pretrained(folder)


def _counts(sentences: list[Sentence]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How many triples are expected, found and right, by language."""
    extractor = _default_extractor()
    expected, found, right = (Counter[str]() for _ in range(3))
    for sentence in sentences:
        triples = {triple.key for triple in extractor.extract(sentence.text, language=sentence.language).triples}
        gold = {triple.key for triple in sentence.triples}
        for counter, number in ((expected, len(gold)), (found, len(triples)), (right, len(gold & triples))):
            counter[sentence.language] += number
    return expected, found, right


def test_the_default_model_finds_what_a_person_expects() -> None:
    expected, found, right = _counts(list(read_jsonl(SENTENCES)))
    real = [code for code in LANGUAGES if code != "uk"]  # there is no real data of Ukrainian to train on
    assert _share(right, expected, real) >= 0.8
    assert _share(right, found, real) >= 0.8
    weak = {code for code in real if min(_share(right, whole, [code]) for whole in (expected, found)) < 0.6}
    assert not weak
    assert right["uk"] > 0


def test_the_default_model_finds_every_item_of_a_series() -> None:
    expected, found, right = _counts(list(read_jsonl(SERIES)))
    assert _share(right, expected, LANGUAGES) >= 0.8
    assert _share(right, found, LANGUAGES) >= 0.9


def test_the_default_model_finds_nothing_where_nothing_is_stated() -> None:
    extractor = _default_extractor()
    sentences = list(read_jsonl(NEGATIVES))
    alarms = sum(bool(extractor.extract(sentence.text, language=sentence.language).triples) for sentence in sentences)
    assert alarms <= 0.1 * len(sentences)
