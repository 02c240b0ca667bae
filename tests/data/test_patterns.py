"""The pattern corpus and the machinery behind it: exact offsets, the same for the same seed, mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mere.data.patterns.generate import generate, shipped_patterns
from mere.data.patterns.grammar import PatternFile, read_patterns
from mere.data.smiler import LABELS
from mere.errors import InputError
from mere.schema import NO_RELATION, Sentence

GOOD = """
language = "de"
[format]
thousands = "."
decimal = ","
[forms]
city = ["base", "genitive"]
[lists]
man = ["Karl Brandt", "Jonas Lind"]
woman = ["Eva Sommer"]
person = ["@man", "@woman"]
city = ["Köln|Kölns", "Bonn|Bonns"]
occupation = ["eine [Malerin]", "ein [Koch]"]
date = ["{day}. Mai {year}", "{year}"]
[patterns]
birth-place = [
    "{h:person} (geboren am {date}) kam in {t:city}, einer Stadt von {number} Menschen, zur Welt.",
    "die Mauern {t:city.genitive} sah {h:woman} zuerst; sie ist {o:occupation}. | h has-occupation o",
]
[negatives]
patterns = ["{person} besuchte die Messe in {city}."]
"""


def _file(folder: Path, text: str = GOOD) -> Path:
    path = folder / "de.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def good(tmp_path: Path) -> PatternFile:
    return read_patterns(_file(tmp_path))


def _spans_hold(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        for triple in sentence.triples:
            for span in (triple.head, triple.tail):
                assert sentence.text[span.start : span.end] == span.text == span.text.strip() != ""


@pytest.mark.parametrize("tokenised", [0.0, 1.0])
def test_offsets_are_exact(good: PatternFile, tokenised: float) -> None:
    sentences = list(generate([good], 200, tokenised=tokenised))
    _spans_hold(sentences)
    tails = {triple.tail.text for sentence in sentences for triple in sentence.triples}
    assert tails == {"Köln", "Bonn", "Kölns", "Bonns", "Malerin", "Koch"}


def test_the_seed_fixes_everything(good: PatternFile) -> None:
    first, second, other = (list(generate([good], 50, seed=seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_sentence_begins_with_a_capital(good: PatternFile) -> None:
    assert all(sentence.text[0].isupper() for sentence in generate([good], 100))


def test_negatives_come_in_their_share(good: PatternFile) -> None:
    sentences = list(generate([good], 1000, negatives=0.3))
    assert 0.25 < sum(not sentence.triples for sentence in sentences) / len(sentences) < 0.35


def test_held_out_patterns_are_apart() -> None:
    file = read_patterns(shipped_patterns()["de"])

    def patterns(only: bool) -> set[str]:
        found = generate([file], 2000, held_out_share=0.2, only_held_out=only)
        return {(sentence.id or "").rsplit("/", 1)[0] for sentence in found}

    kept, held = patterns(False), patterns(True)
    assert kept
    assert held
    assert not kept & held


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("{h:person} (", "{h:persn} ("), "no list 'persn'"),
        (("{t:city.genitive}", "{t:city.dative}"), "no form 'dative'"),
        (("{t:city},", "{city},"), "exactly one slot named 't'"),
        (("| h has-occupation o", "| h has-occupation"), "a relation b"),
        (('"Bonn|Bonns"', '"Bonn"'), "item 'Bonn' has 1 forms, the list has 2"),
        (('"@woman"', '"@women"'), "another list"),
        (("{date})", "{date)"), "a slot must read"),
        (('language = "de"', ""), "must name the language"),
        (("[negatives]", "[negative]"), "unknown table 'negative'"),
        (('["Eva Sommer"]', "3"), "must be a list of texts"),
        (('["Eva Sommer"]', '{ csv = "none.csv", column = "name" }'), "none.csv"),
        (("[patterns]", "[patterns"), "not valid TOML"),
    ],
)
def test_mistakes_are_named(change: tuple[str, str], expected: str, tmp_path: Path) -> None:
    assert change[0] in GOOD
    with pytest.raises(InputError) as caught:
        read_patterns(_file(tmp_path, GOOD.replace(*change)))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entities_can_come_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "women.csv").write_text("id,name\n1,Eva Sommer\n2,Ida Berg\n", "utf-8")
    path = _file(tmp_path, GOOD.replace('woman = ["Eva Sommer"]', 'woman = { csv = "women.csv", column = "name" }'))
    sentences = list(generate([read_patterns(path)], 100))
    _spans_hold(sentences)
    assert any("Ida Berg" in sentence.text for sentence in sentences)


@pytest.mark.parametrize(
    "language", ["ar", "de", "en", "es", "fa", "fr", "it", "ko", "nl", "pl", "pt", "ru", "sv", "uk"]
)
def test_the_shipped_corpus_is_whole(language: str) -> None:
    file = read_patterns(shipped_patterns()[language])
    assert file.language == language
    by_relation: dict[str, int] = {}
    for pattern in file.patterns:
        relation = pattern.id.rpartition("/")[0]
        by_relation[relation] = by_relation.get(relation, 0) + 1
    assert set(by_relation) == set(LABELS) | {NO_RELATION}
    assert min(by_relation.values()) >= 12
    assert by_relation[NO_RELATION] >= 150
    sentences = list(generate([file], 700, tokenised=0.3))
    _spans_hold(sentences)
    assert len({sentence.text for sentence in sentences}) > 650
    assert {triple.relation for sentence in sentences for triple in sentence.triples} <= set(LABELS)
