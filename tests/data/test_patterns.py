"""The pattern corpus and the machinery behind it: exact offsets, the same for the same seed, mistakes named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mere.data.formats.smiler import LABELS
from mere.data.patterns.generate import generate, shipped_patterns
from mere.data.patterns.grammar import PatternFile, Slot, read_patterns
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
@pytest.mark.parametrize("extended", [0.0, 1.0])
def test_offsets_are_exact(good: PatternFile, tokenised: float, extended: float) -> None:
    sentences = list(generate([good], 200, tokenised=tokenised, extended=extended))
    _spans_hold(sentences)
    tails = {triple.tail.text for sentence in sentences for triple in sentence.triples}
    assert tails == {"Köln", "Bonn", "Kölns", "Bonns", "Malerin", "Koch"}


def _changed(folder: Path, old: str, new: str) -> PatternFile:
    assert old in GOOD
    return read_patterns(_file(folder, GOOD.replace(old, new)))


def _tails(file: PatternFile, tokenised: float) -> set[str]:
    sentences = list(generate([file], 200, tokenised=tokenised))
    _spans_hold(sentences)
    return {triple.tail.text for sentence in sentences for triple in sentence.triples}


def test_endings_can_stay_outside(tmp_path: Path) -> None:
    file = _changed(tmp_path, 'decimal = ","', 'decimal = ","\nendings = ["s"]')
    assert _tails(file, tokenised=0) == {"Köln", "Bonn", "Malerin", "Koch"}
    assert any("Mauern Kölns sah" in sentence.text for sentence in generate([file], 50))


def test_loose_endings_are_cut_off_in_tokenised_text_only(tmp_path: Path) -> None:
    file = _changed(tmp_path, 'decimal = ","', 'decimal = ","\nloose_endings = true')
    assert "Kölns" in _tails(file, tokenised=0)
    assert "Kölns" not in _tails(file, tokenised=1)
    assert any("Mauern Köln s sah" in sentence.text for sentence in generate([file], 50, tokenised=1))


def test_prefixes_belong_to_the_entity(tmp_path: Path) -> None:
    file = _changed(tmp_path, "kam in {t:city}, einer", "kam nach x{t:city}, einer")
    assert "Köln" in _tails(file, tokenised=0)
    path = _file(tmp_path, (tmp_path / "de.toml").read_text("utf-8").replace('decimal = ","', 'prefixes = "x"'))
    assert {"xKöln", "xBonn"} < _tails(read_patterns(path), tokenised=0)


def test_a_series_states_a_triple_of_each_item(tmp_path: Path) -> None:
    towns = [f"{name}|{name}s" for name in ("Köln", "Bonn", "Ulm", "Hamm", "Worms", "Trier")]
    text = GOOD.replace("kam in {t:city}, einer", "kennt {t:town.genitive+}, eine")
    text = text.replace("[lists]", f"[lists]\ntown = {towns}")
    text = text.replace("[forms]", '[forms]\ntown = ["base", "genitive"]')
    text = text.replace('decimal = ","', 'decimal = ","\nseries = ["; ", " und ", " sowie "]')
    file = read_patterns(_file(tmp_path, text))
    sentences = [one for one in generate([file], 400, extended=0, negatives=0) if " kennt " in one.text]
    _spans_hold(sentences)
    lengths = set()
    for sentence in sentences:
        written = sentence.text.partition(" kennt ")[2].partition(", eine")[0]
        items = re.split("; | und | sowie ", written)
        assert [triple.tail.text for triple in sentence.triples] == items
        assert len(set(items)) == len(items)
        assert written.count(" und ") + written.count(" sowie ") == 1
        lengths.add(len(items))
    assert lengths == {2, 3, 4, 5}
    assert any(" sowie " in sentence.text for sentence in sentences)


def test_an_abbreviation_at_the_end_brings_its_full_stop(tmp_path: Path) -> None:
    text = GOOD.replace("kam in {t:city}, einer Stadt von {number} Menschen, zur Welt.", "wohnt in {t:city}.")
    file = read_patterns(_file(tmp_path, text.replace("Köln|Kölns", "Halle a. d. S.|Halles")))
    sentences = [one for one in generate([file], 100, extended=0, negatives=0) if " wohnt " in one.text]
    _spans_hold(sentences)
    assert {one.text.partition(" wohnt in ")[2] for one in sentences} == {"Halle a. d. S.", "Bonn."}
    assert {one.triples[0].tail.text for one in sentences} == {"Halle a. d. S.", "Bonn"}


def test_a_series_is_no_longer_than_its_list(tmp_path: Path) -> None:
    file = _changed(tmp_path, "kam in {t:city}, einer", "kennt {t:city+}, eine")
    texts = [one.text for one in generate([file], 100, extended=0) if " kennt " in one.text]
    assert texts
    assert all(text.count("Köln") == text.count("Bonn") == 1 for text in texts)


def test_years_rise_within_a_sentence(tmp_path: Path) -> None:
    file = _changed(tmp_path, "(geboren am {date})", "({year}–{year})")
    found = [re.search(r"\((\d+)–(\d+)\)", sentence.text) for sentence in generate([file], 200, extended=0)]
    assert all(int(years[1]) <= int(years[2]) for years in found if years)
    assert sum(bool(years) for years in found) > 50


FRAMES = """
[frames]
before = ["Kurz notiert: ", "Laut {person}: "]
after = [", wie man hört"]
joins = [" ", "; "]
"""


def test_sentences_can_be_extended(tmp_path: Path) -> None:
    file = read_patterns(_file(tmp_path, GOOD + FRAMES))
    plain, longer = (list(generate([file], 300, extended=share)) for share in (0, 1))
    _spans_hold(longer)
    assert not any("notiert" in sentence.text or "man hört" in sentence.text for sentence in plain)
    assert {"Kurz notiert", "Laut ", ", wie man hört", "; "} == {
        part
        for part in ("Kurz notiert", "Laut ", ", wie man hört", "; ")
        if any(part in sentence.text for sentence in longer)
    }
    assert max(len(sentence.triples) for sentence in longer) > max(len(sentence.triples) for sentence in plain)
    assert all(sentence.text.endswith(".") and ".." not in sentence.text for sentence in longer)


def test_extended_negatives_state_nothing(tmp_path: Path) -> None:
    file = read_patterns(_file(tmp_path, GOOD + FRAMES))
    negatives = [one for one in generate([file], 300, extended=1, negatives=1) if "besuchte" in one.text]
    assert any(one.text.count("besuchte") > 1 for one in negatives)
    assert not any(one.triples or "geboren" in one.text for one in negatives)


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
        (("{number} Menschen", "{number+} Menschen"), "a series needs a list"),
        (('decimal = ","', 'series = [", "]'), "field 'format.series': must say how items are joined"),
        (('decimal = ","', "series = [1, 2]"), "field 'format.series': must be a list of texts"),
        (('language = "de"', ""), "must name the language"),
        (("[negatives]", "[negative]"), "unknown table 'negative'"),
        (("thousands", "thousand"), "thousands, decimal, digits"),
        (('decimal = ","', "decimal = 1"), "format.decimal"),
        (("[negatives]", "[frames]\nafter = 3\n[negatives]"), "frames.after"),
        (("[negatives]", '[frames]\nafter = ["{no}"]\n[negatives]'), "no list 'no'"),
        (("[negatives]", '[frames]\nwithin = ["x"]\n[negatives]'), "before, after and joins only"),
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
    assert sum(any(isinstance(part, Slot) and part.series for part in one.parts) for one in file.patterns) >= 20
    sentences = list(generate([file], 700, tokenised=0.3))
    _spans_hold(sentences)
    assert len({sentence.text for sentence in sentences}) > 650
    assert {triple.relation for sentence in sentences for triple in sentence.triples} <= set(LABELS)


def test_what_patterns_leave_unmarked_counts_as_not_looked_for(tmp_path: Path) -> None:
    rule = '[annotation]\nloose = ["has-occupation"]\nloose_negatives = ["birth-place"]\n'
    sentences = list(generate([read_patterns(_file(tmp_path, GOOD + rule))], 100, extended=0.0, negatives=0.3))
    kinds = {(frozenset(triple.relation for triple in s.triples), s.annotated) for s in sentences}
    both = ("birth-place", "has-occupation")
    assert kinds == {
        (frozenset(both), both),
        (frozenset({"birth-place"}), ("birth-place",)),
        (frozenset(), ("has-occupation",)),
    }
    with pytest.raises(InputError, match=r"annotation.loose': no pattern states 'eats'"):
        read_patterns(_file(tmp_path, GOOD + '[annotation]\nloose = ["eats"]\n'))
