"""What the README and the folder of examples show is read by the code as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from mere.data.jsonl import read_jsonl
from mere.runtime.languages import LanguageIdentifier
from mere.training.config import load_config

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


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
    assert load_config(str(EXAMPLES / "sample.toml")).stages


def test_the_line_of_data_is_read(tmp_path: Path) -> None:
    (tmp_path / "shown.jsonl").write_text(_shown("json")[0], "utf-8")
    (sentence,) = read_jsonl(tmp_path / "shown.jsonl")
    (triple,) = sentence.triples
    assert (triple.head.text, triple.relation, triple.tail.text) == ("Einstein", "birth-place", "Ulm")


def test_the_demo_reads_eight_languages() -> None:
    identifier = LanguageIdentifier(
        ["ar", "de", "en", "es", "fa", "fr", "it", "ko", "nl", "pl", "pt", "ru", "sv", "uk"]
    )
    lines = (EXAMPLES / "demo.txt").read_text("utf-8").splitlines()
    assert len({identifier.identify(line)[0] for line in lines}) == len(lines) == 8
