"""True-casing: capitals go where they are a manner of writing, and stay where they are the word."""

from __future__ import annotations

import pytest

from mere.inference.truecase import true_case

KNOWN = {
    **dict.fromkeys(["was", "born", "in", "wurde", "geboren", "is", "een", "stad", "und", "groß", "the"], -6.0),
    **dict.fromkeys(["London", "Ada", "Köln", "NATO", "Stadt", "IJmuiden", "Dupont", "Jean", "Aignan", "UNESCO"], -8.0),
    **dict.fromkeys(["strasse", "gross", "Strasse", "straße", "stadt", "ada"], -11.0),
    "Straße": -7.0,
}


def score(word: str) -> float:
    """Know a few words, and the others the worse the longer they are; capitals cost more."""
    return KNOWN.get(word, -14.0 - len(word) - 2 * sum(map(str.isupper, word)))


def cased(text: str, language: str = "en") -> str:
    return true_case(text, language, score).text


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "ADA WAS BORN IN LONDON.", "Ada was born in London."),
        ("en", "WAS THE NATO BORN IN LONDON?", "Was the NATO born in London?"),
        ("en", "J. ADA WAS BORN", "J. Ada was born"),
        ("de", "ADA WURDE IN KÖLN GEBOREN", "Ada wurde in Köln geboren"),
        ("de", "DIE STRASSE WURDE GROSS", "Die Straße wurde groß"),
        ("nl", "IJMUIDEN IS EEN STAD.", "IJmuiden is een stad."),
    ],
)
def test_a_sentence_in_capitals(language: str, text: str, expected: str) -> None:
    result = true_case(text, language, score)
    assert result.text == expected
    if len(expected) == len(text):
        assert all(result.original_span(index, index + 1) == (index, index + 1) for index in range(len(text)))


def test_sharp_s_stands_for_two() -> None:
    result = true_case("DIE STRASSE IN KÖLN", "de", score)
    assert result.text == "Die Straße in Köln"
    assert result.original_span(4, 10) == (4, 11)
    assert result.normal_span(4, 11) == (4, 10)
    assert result.original_span(8, 9) == (8, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yesterday Jean DUPONT was born.", "Yesterday Jean Dupont was born."),
        ("DUPONT Jean was born.", "Dupont Jean was born."),
        ("Then Jean DUPONT-AIGNAN was born.", "Then Jean Dupont-Aignan was born."),
        ("The UNESCO was born.", "The UNESCO was born."),
        ("Jean XVIII was born.", "Jean XVIII was born."),
        ("Jean was born in a DUPONT.", "Jean was born in a DUPONT."),
        ("The BBC", "The BBC"),
        ("NATO", "NATO"),
        ("한국의 DUPONT AIGNAN 공장에서 태어났다", "한국의 DUPONT AIGNAN 공장에서 태어났다"),
    ],
)
def test_surnames_and_what_stays(text: str, expected: str) -> None:
    assert cased(text) == expected


@pytest.mark.parametrize("text", ["", "ada was born", "Ada was born.", "ولد في القاهرة", "İSTANBUL", "A B C D"])
def test_other_texts_come_back_as_they_are(text: str) -> None:
    result = true_case(text, "en", score)
    assert result.text is text
    assert result.starts is None


def test_letters_whose_small_form_is_longer_stay() -> None:
    assert cased("İZMİR WAS BORN IN LONDON") == "İzmİr was born in London"
