"""Cutting paragraphs into sentences: `cuts.tsv` holds sentences of our own with their cuts."""

import time
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mere.inference.abbreviations import _tables, words_for
from mere.inference.sentences import sentence_spans

CUT = "¦"
ROWS = [line.split("\t") for line in Path(__file__).with_name("cuts.tsv").read_text("utf-8").splitlines()]
LANGUAGES = ["ar", "de", "en", "es", "fa", "fr", "it", "ko", "nl", "pl", "pt", "ru", "sv", "uk"]

PATHOLOGICAL = {
    "stops": ".",
    "stops apart": ". ",
    "no blanks": "a",
    "no stops": "word ",
    "initials": "A. ",
    "dotted": "a.",
    "numbers": "1. ",
    "opened": "(A. B ",
    "quotes": '." ',
    "closers": ".)",
    "marks": "! ",
    "blanks": "   \n",
    "fronts": "b, and in 1950 A.D. Ann ",
}


def sentences(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


def marked(text: str) -> tuple[str, list[str]]:
    return text.replace(f" {CUT} ", " ").replace(CUT, ""), [piece.strip() for piece in text.split(CUT)]


@pytest.mark.parametrize(("language", "cuts"), ROWS)
def test_sentences_end_where_they_do(language: str, cuts: str) -> None:
    text, expected = marked(cuts)
    assert sentences(text, language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_decomposed_letters_and_line_breaks_change_nothing(language: str) -> None:
    for spoken, cuts in ROWS:
        if spoken == language:
            text, expected = marked(cuts)
            broken = text.replace(" ", "\n")
            assert sentences(broken, language) == [piece.replace(" ", "\n") for piece in expected]
            bare = unicodedata.normalize("NFD", text)
            assert sentences(bare, language) == [unicodedata.normalize("NFD", piece) for piece in expected]


def test_the_table_holds_enough_of_every_language() -> None:
    counts = Counter(language for language, _ in ROWS)
    assert sum(counts.values()) >= 250
    assert all(counts[language] >= 12 for language in LANGUAGES)


def test_marks_of_direction_hide_no_end() -> None:
    assert len(sentences("\u200fانتهى العمل.\u200f عاد العمال.\u200f", "ar")) == 2


def test_an_empty_line_ends_a_sentence() -> None:
    assert sentences("A heading\n\nThe text", "en") == ["A heading", "The text"]
    assert sentences("One page\fanother page", "en") == ["One page", "another page"]


def test_a_quote_that_stands_apart_stays_with_its_sentence() -> None:
    assert sentences('He said " no . " Then he left .', "en") == ['He said " no . "', "Then he left ."]
    assert sentences('He left . "', "en") == ['He left . "']


def test_signs_alone_are_no_sentence() -> None:
    assert sentences("... — !! Then he left. ***", "en") == ["... — !! Then he left. ***"]


@given(st.text(), st.sampled_from([*LANGUAGES, "und"]))
def test_every_visible_character_is_in_one_sentence(text: str, language: str) -> None:
    covered(text, language)


@given(st.lists(st.sampled_from([*'.!?…)("»«“ \n\f1AaБб다م。', "Dr", "Jan", "1990", "г", ' "']), max_size=40))
def test_nothing_is_lost_among_stops(pieces: list[str]) -> None:
    for language in ("en", "ru", "ko"):
        covered("".join(pieces), language)


def covered(text: str, language: str) -> None:
    last = 0
    for start, end in sentence_spans(text, language):
        assert not text[last:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        last = end
    assert not text[last:].strip()


@pytest.mark.parametrize("unit", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
@pytest.mark.parametrize("language", ["en", "pl", "und"])
def test_time_is_linear(unit: str, language: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        times = []
        for _ in range(2):
            before = time.process_time()
            for _ in sentence_spans(text, language):
                pass
            times.append(time.process_time() - before)
        return min(times)

    assert seconds(80_000) < 8 * seconds(20_000) + 0.02  # four times the text; 16 would be quadratic


def test_a_list_says_one_thing_of_a_word() -> None:
    for language, table in _tables().items():
        for name, words in table.items():
            assert len(words.split()) == len(set(words.split())), (language, name)


def test_an_unknown_language_is_cut_by_all_lists() -> None:
    assert words_for("xx").kind("Św") == words_for("pl").kind("Św")
    assert sentences("Ks. Jan Novak. Św. Anna.", "xx") == ["Ks. Jan Novak.", "Św. Anna."]
