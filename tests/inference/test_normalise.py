"""Normalisation: one form for all spellings, every span back where it was, nothing done twice."""

from __future__ import annotations

import random
import re
import time
import zlib
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.inference.normalise import normalise
from mere.inference.offsets import Normalised, inside_character
from tests.inference import forms

SENTENCES = forms.sentences()
ODD = [
    *"aAZßİıΣσ-'’´`\n\r\t \u00a0\u00ad\u200b\u200c\u200d\ufeff\u2066",
    *"\u064b\u0651\u0640\u0670\u0301\u0323\u1100\u1161\u11a8",
    *"각ﻻﹱ\ufb1d\u05b4ﬁＡ①\U0001d400👩🔬🏽🇩🇪\ufe0fпи\u0300یيکكهأ\u0653\u0654\u0344\u212b\u1fef\u0b47\u0b3e",
    *("SS", "har-\nbour", "IJ", "NATO", "KOJIMA ", "Jean ", "WAS BORN ", "علی "),
]
TEXT = st.lists(st.sampled_from(ODD) | st.characters(exclude_categories=["Cs"]), max_size=40).map("".join)
LANGUAGE = st.sampled_from(["und", "ar", "de", "fa", "nl"])


def score(word: str) -> float:
    """Stand in for a vocabulary: any two words are known well or badly, but always the same."""
    return -4.0 - zlib.crc32(word.encode()) % 240 / 10


def test_plain_text_costs_nothing() -> None:
    for language, text in SENTENCES:
        result = normalise(text.replace("ُ", ""), language, score)
        assert result.starts is None
        assert result.text is result.given


@pytest.mark.parametrize("kind", forms.LOSSLESS)
@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_every_spelling_becomes_the_plain_one(language: str, text: str, kind: str) -> None:
    plain = normalise(text, language)
    pieces = forms.FORMS[kind](plain.text, language, random.Random(text))
    other, places = forms.given(pieces)
    result = normalise(other, language)
    assert result.text == plain.text
    words = [match.span() for match in re.finditer(r"[\w\u0654]+", plain.text)]
    for start, end in words:
        span = (places[start][0], places[end - 1][1])
        assert result.original_span(start, end) == span
        assert result.normal_span(*span) == (start, end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the small har-\nbour", "the small harbour"),
        ("Jean-\nLuc aus Baden-\n  Württemberg", "Jean-Luc aus Baden-Württemberg"),
        ("1990-\n1995", "1990-1995"),
        ("die Vor-\nund Nachteile", "die Vor- und Nachteile"),
        ("Donau\u00ad\ndampf", "Donaudampf"),
        ("one\n two\u2029three - \nfour ", "one two three - four"),
        ("نمی\u200cشود", "نمی\u200cشود"),
        ("نمی\u200b\u200c\u200fشود \u200cکه", "نمی\u200cشود که"),
        ("Lon\u200cdon", "London"),
        ("👩\u200d🔬 Ada\u200d", "👩\u200d🔬 Ada"),
        ("Пу\u0301шкин и Мои\u0306се\u0301й", "Пушкин и Мойсей"),
        ("ѓ г\u0301", "ѓ ѓ"),
        ("هٔ ا\u0653", "هٔ آ"),
        ("10² km, ½ №5", "10² km, ½ №5"),
        ("d’Or O`Neill ‘Ende’ l’", "d'Or O'Neill ‘Ende’ l’"),
        ("„Ufer“ — «Берег» – “x”", "„Ufer“ — «Берег» – “x”"),
        ("ﬁne ﷲ", "fine الله"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert normalise(text).text == expected


def test_keyboards_follow_the_language() -> None:
    assert normalise("علي كاظمي", "fa").text == "علی کاظمی"
    assert normalise("علی يد سامی الخطیب", "ar").text == "على يد سامي الخطيب"
    assert normalise("علي علی", "und").text == "علي علی"


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("\u2067Ada Lovelace\u2069 was", "Ada Lovelace", "Ada Lovelace"),
        ("in Ko\u0308ln.", "Köln", "Ko\u0308ln"),
        ("فِي القَاهِرَةِ.", "القاهرة", "القَاهِرَةِ"),
        ("محمـد ال", "محمد", "محمـد"),
        ("von ﬁnn", "inn", "ﬁnn"),
        ("Ada\n  Lovelace", "Ada Lovelace", "Ada\n  Lovelace"),
        ("a har-\nbour", "harbour", "har-\nbour"),
        ("e\u0304\u0323\u0302x", "x", "x"),
    ],
)
def test_spans_are_whole(text: str, word: str, expected: str) -> None:
    result = normalise(text)
    start = result.text.index(word)
    first, last = result.original_span(start, start + len(word))
    assert text[first:last] == expected


@settings(deadline=None)
@given(TEXT, LANGUAGE, st.booleans())
def test_a_second_time_changes_nothing(text: str, language: str, calm: bool) -> None:
    once = normalise(text, language, score if calm else None)
    twice = normalise(once.text, language, score if calm else None)
    assert twice.text == once.text
    assert twice.starts is None


@settings(deadline=None)
@given(TEXT, LANGUAGE, st.data())
def test_spans_go_there_and_back(text: str, language: str, data: st.DataObject) -> None:
    result = normalise(text, language, score)
    cuts = [index for index in range(len(text) + 1) if not inside_character(text, index)]
    start, end = sorted((data.draw(st.sampled_from(cuts)), data.draw(st.sampled_from(cuts))))
    first, last = result.normal_span(start, end)
    assert 0 <= first <= last <= len(result.text)
    back = result.original_span(first, last)
    assert 0 <= back[0] <= back[1] <= len(text)
    assert not any(inside_character(text, border) for border in back)
    if first < last:
        dropped = text[start : max(start, back[0])] + text[min(end, back[1]) : end]
        assert normalise(dropped, language).text == "" or not set(dropped) & set(result.text)


@settings(deadline=None)
@given(TEXT, LANGUAGE)
def test_the_map_grows(text: str, language: str) -> None:
    result = normalise(text, language, score)
    if result.starts is None or result.ends is None:
        assert result.text == text
        return
    assert len(result.starts) == len(result.ends) == len(result.text)
    assert list(result.starts) == sorted(result.starts)
    assert list(result.ends) == sorted(result.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(result.starts, result.ends, strict=True))


def test_two_maps_compose() -> None:
    first = Normalised("<b>Ko\u0308ln</b>", "Ko\u0308ln", *(array("q", column) for column in _columns(3, 5)))
    both = first.then(normalise(first.text))
    assert both.text == "Köln"
    assert both.original_span(0, 4) == (3, 8)
    assert both.normal_span(3, 8) == (0, 4)


def _columns(start: int, size: int) -> tuple[range, range]:
    return range(start, start + size), range(start + 1, start + size + 1)


@pytest.mark.parametrize(
    "unit",
    [
        "a\u0301",
        "a\u0301\u0323",
        "\u0301\u0323",
        "\u200c",
        "ب\u200c",
        " \n",
        "-\n",
        "har-\nbour ",
        "\u00ad ",
        "🇩",
        "ABER ",
        "Jean KOJIMA ",
    ],
)
def test_time_is_linear(unit: str) -> None:
    def seconds(count: int) -> float:
        text = unit * count
        started = time.perf_counter()
        result = normalise(text, "de", score)
        result.original_span(*result.normal_span(1, len(text) - 1))
        return time.perf_counter() - started

    small, large = (min(seconds(count) for _ in range(3)) for count in (2000, 16000))
    assert large < 24 * small + 0.05


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        ("e\u0301a", [0, 2, 3]),
        ("👩\u200d🔬a\u200d ", [0, 3, 4, 5, 6]),
        ("🇩🇪🇫🇷", [0, 2, 4]),
        ("\u1100\u1161\u11a8\u1100", [0, 3, 4]),
    ],
)
def test_what_a_reader_sees_as_one(text: str, cuts: list[int]) -> None:
    assert [index for index in range(len(text) + 1) if not inside_character(text, index)] == cuts
