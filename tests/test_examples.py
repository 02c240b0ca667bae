"""What the README, the pages of docs and the folder of examples show is read by the code as it stands."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.main import get_command

from mere.cli.commands import build
from mere.data.doctor import check
from mere.data.formats.jsonl import read_jsonl
from mere.data.formats.smiler import LABELS
from mere.errors import ArtifactError
from mere.evaluation.predictions import predictions
from mere.inference.artifact import DEFAULT, find_model
from mere.inference.extractor import Extractor
from mere.inference.language_id import LanguageIdentifier
from mere.inference.model_config import AggregatorConfig, ModelConfig, SwitcherConfig
from mere.schema import NO_RELATION, Sentence
from mere.training.config import Stage, TrainingConfig, load_config, shipped

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SENTENCES, SERIES, NEGATIVES, PARAGRAPHS = (
    EXAMPLES / f"{name}.jsonl" for name in ("sentences", "series", "negatives", "paragraphs")
)
LANGUAGES = ["ar", "de", "en", "es", "fa", "fr", "it", "ko", "nl", "pl", "pt", "ru", "sv", "uk"]


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
DOCS = [page for page in PAGES if page.parent.name != "log"]
"""All pages, and those that tell of the code as it stands: a log's entries are of their day."""


def _shown(page: str, form: str) -> list[str]:
    """A page's blocks of a form."""
    return re.findall(rf"```{form}\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


def test_configurations_are_read(tmp_path: Path) -> None:
    for number, configuration in enumerate(_shown("docs/guides/train.md", "toml")):
        (tmp_path / f"{number}.toml").write_text(configuration, "utf-8")
    whole, extending = (load_config(str(tmp_path / f"{number}.toml")) for number in (0, 1))
    assert [stage.name for stage in whole.stages] == ["unified", "language-specific"]
    assert extending.model.aggregator is None
    assert extending.model.switcher is not None


def test_every_key_of_a_configuration_is_told_with_its_default() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text("utf-8")
    sections = re.split(r"^##+ (.*)$", page, flags=re.MULTILINE)[1:]
    told = {
        title.strip("`[]"): dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", body, re.MULTILINE))
        for title, body in zip(sections[::2], sections[1::2], strict=True)
    }
    kinds: dict[str, type[msgspec.Struct]] = {"The file": TrainingConfig, "model": ModelConfig, "stages": Stage}
    kinds |= {"aggregator": AggregatorConfig, "switcher": SwitcherConfig}
    for section, kind in kinds.items():
        fields = {field.name: field.default for field in msgspec.structs.fields(kind)}
        rows = {name: shown for name, shown in told[section].items() if name != "extends"}
        assert set(rows) == set(fields) - {"model", "stages"}
        for name, shown in rows.items():
            value = None if shown == "none" else msgspec.toml.decode(f"value = {shown.strip('`')}")["value"]
            assert value == msgspec.json.decode(msgspec.json.encode(fields[name])), name


def test_every_shipped_configuration_is_told() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text("utf-8")
    assert set(shipped()) <= set(re.findall(r"`([\w-]+)`", page.partition("## Shipped configurations")[2]))


def test_the_lines_of_data_are_read(tmp_path: Path) -> None:
    shown = tmp_path / "shown.jsonl"
    shown.write_text(_shown("docs/reference/data-formats.md", "json")[0], "utf-8")
    (sentence,) = read_jsonl(shown)
    (triple,) = sentence.triples
    assert (triple.head.text, triple.relation, triple.tail.text) == ("Einstein", "birth-place", "Ulm")
    shown.write_text(_shown("docs/guides/data.md", "json")[0], "utf-8")
    (sentence,) = read_jsonl(shown)
    assert sentence.annotated == ("birth-place",)
    assert [triple.tail.text for triple in sentence.triples] == ["London"]


def _commands() -> Iterator[tuple[str, list[str]]]:
    """The commands in the blocks of all pages, by page."""
    for page in DOCS:
        name = str(page.relative_to(ROOT))
        for block in _shown(name, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                yield name, shlex.split(line.rpartition(" | ")[2], comments=True)


def test_every_command_that_is_shown_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    whole = get_command(build())
    seen = 0
    for page, words in _commands():
        if words[:1] == ["make"]:
            assert set(words[1:]) <= targets, page
        elif words[:1] == ["python"]:
            assert (ROOT / words[1]).is_file(), page
        elif words[:1] == ["mere"]:
            command: Any = whole
            names = words[1:]
            while hasattr(command, "commands"):
                assert names[0] in command.commands, f"{page}: {words}"
                command = command.commands[names.pop(0)]
            command.make_context(page, names)  # raises for an option or argument that is not there
            seen += 1
        else:
            assert words[:2] in ([], ["pip", "install"]), f"{page}: {words}"
    assert seen > 20


@pytest.mark.parametrize(
    "page",
    [
        *("README.md", "docs/get-started.md", "docs/concepts/documents-and-offsets.md", "docs/concepts/scores.md"),
        "docs/guides/test-your-code.md",
    ],
)
def test_the_python_that_is_shown_runs(page: str) -> None:
    _default_extractor()
    names: dict[str, Any] = {}
    for block in _shown(page, "python"):
        exec(compile(block, page, "exec"), names)
    assert "extractor" in names


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "findings").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_the_demo_reads_eight_languages() -> None:
    identifier = LanguageIdentifier(LANGUAGES)
    lines = (EXAMPLES / "demo.txt").read_text("utf-8").splitlines()
    assert len({identifier.identify(line)[0] for line in lines}) == len(lines) == 8


IN_WORD = {"span-in-word"}
"""What the doctor doubts in Arabic, where articles and prepositions are written onto the word."""


def test_the_example_sentences_are_sound() -> None:
    assert set(check({"examples": [SENTENCES]}).kinds()) <= IN_WORD
    sentences = list(read_jsonl(SENTENCES))
    assert Counter(sentence.language for sentence in sentences) == Counter(dict.fromkeys(LANGUAGES, 10))
    assert len({sentence.id for sentence in sentences}) == len({sentence.text for sentence in sentences}) == 140
    assert {triple.relation for sentence in sentences for triple in sentence.triples} == LABELS - {NO_RELATION}
    assert all(1 <= sum(not one.triples for one in sentences if one.language == code) <= 2 for code in LANGUAGES)


def test_the_series_are_sound() -> None:
    assert set(check({"examples": [SERIES]}).kinds()) <= IN_WORD
    sentences = list(read_jsonl(SERIES))
    assert Counter(sentence.language for sentence in sentences) == Counter(dict.fromkeys(LANGUAGES, 2))
    assert all(len({triple.tail for triple in sentence.triples}) >= 2 for sentence in sentences)
    kinds = (Counter((t.head, t.relation) for t in sentence.triples) for sentence in sentences)
    assert all(max(counts.values()) >= 2 for counts in kinds)


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
    expected, found, right = (Counter[str]() for _ in range(3))
    for sentence, predicted in zip(sentences, predictions(_default_extractor(), sentences), strict=True):
        triples = {triple.key for triple in predicted}
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
    sentences = list(read_jsonl(NEGATIVES))
    alarms = sum(map(bool, predictions(_default_extractor(), sentences)))
    assert alarms <= 0.1 * len(sentences)


def test_the_default_model_reads_paragraphs() -> None:
    expected, found, right = _counts(list(read_jsonl(PARAGRAPHS)))
    assert set(expected) == set(LANGUAGES)
    assert _share(right, found, LANGUAGES) >= 0.5
    assert _share(right, expected, LANGUAGES) >= 0.4
