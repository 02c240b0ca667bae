"""Other spellings of a text that a reader takes for the same, each with its way back to the plain one."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent

Pieces = list[tuple[str, str]]
"""For each character of the plain text, what stands before it in the other, and what stands for it."""

Form = Callable[[str, str, random.Random], Pieces]
"""Takes a text, its language, and a source of chance."""

INVISIBLE = "\u200b\u200d\u2060\ufeff\u00ad\u180e"
DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
JOINING = frozenset("ئبتثجحخسشصضطظعغفقكلمنهيپچکگی")
"""Arabic letters that join the next one."""


def sentences() -> list[tuple[str, str]]:
    """Return the languages and plain texts of `sentences.tsv`."""
    rows = (FOLDER / "sentences.tsv").read_text("utf-8").splitlines()
    return [(row[:2], row[3:]) for row in rows]


def given(pieces: Pieces) -> tuple[str, list[tuple[int, int]]]:
    """Return the other text and where in it each character of the plain one stands."""
    places, position = [], 0
    for before, body in pieces:
        places.append((position + len(before), position + len(before) + len(body)))
        position = places[-1][1]
    return "".join(before + body for before, body in pieces), places


def _each(change: Callable[[str, str, random.Random], str]) -> Form:
    return lambda text, language, chance: [("", change(letter, language, chance)) for letter in text]


def _blanks(others: Sequence[str]) -> Form:
    return _each(lambda letter, language, chance: chance.choice(others) if letter == " " else letter)


def _among(marks: str) -> Form:
    """Put marks before some letters and around all words."""

    def form(text: str, language: str, chance: random.Random) -> Pieces:
        around = [index for index, letter in enumerate(text) if " " in (letter, text[index - 1 : index])]
        places = {*around, *(index for index in range(len(text)) if chance.random() < 0.15)}
        return [(chance.choice(marks) if index in places else "", letter) for index, letter in enumerate(text)]

    return form


def _vocalised(letter: str, language: str, chance: random.Random) -> str:
    signs = ["", "\u064e", "\u064f", "\u0650", "\u0652", "\u0651\u064e"]
    return letter + chance.choice(signs) if language == "ar" and "ء" <= letter <= "ي" else letter


def _drawn_out(text: str, language: str, chance: random.Random) -> Pieces:
    return [
        (
            "",
            letter + "ـ" * chance.randint(1, 3)
            if letter in JOINING and text[index + 1 : index + 2].isalpha()
            else letter,
        )
        for index, letter in enumerate(text)
    ]


def _shapes() -> dict[str, list[str]]:
    shapes = defaultdict(list)
    for code in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD)):
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if kind and len(letters) == 1:
            shapes[chr(int(letters[0], 16))].append(chr(code))
    return dict(shapes)


SHAPES = _shapes()


def _shaped(letter: str, language: str, chance: random.Random) -> str:
    return chance.choice(SHAPES[letter]) if letter in SHAPES else letter


def _other_keyboard(letter: str, language: str, chance: random.Random) -> str:
    keys = {"fa": str.maketrans("یک", "يك"), "ar": str.maketrans("يك", "یک")}
    return letter.translate(keys.get(language, {}))


def _wide(letter: str, language: str, chance: random.Random) -> str:
    return chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalnum() else letter


def _styled(letter: str, language: str, chance: random.Random) -> str:
    if "A" <= letter <= "Z" or "a" <= letter <= "z":
        return chr(0x1D400 + ord(letter) - 65 if letter < "a" else 0x1D41A + ord(letter) - 97)
    return letter


def _quotes(pair: str) -> Form:
    """Curly apostrophes, and quotation marks of one kind in turn."""

    def form(text: str, language: str, chance: random.Random) -> Pieces:
        pieces, marks = [], 0
        for letter in text:
            pieces.append(("", pair[marks % 2] if letter == '"' else "’" if letter == "'" else letter))
            marks += letter == '"'
        return pieces

    return form


def _wrapped(text: str, language: str, chance: random.Random) -> Pieces:
    blanks = [index for index, letter in enumerate(text) if letter == " "]
    ends = set(chance.sample(blanks, min(2, len(blanks))))
    breaks = ["\n", " \n", "\r\n"]
    return [("", chance.choice(breaks) if index in ends else letter) for index, letter in enumerate(text)]


def _hyphenated(text: str, language: str, chance: random.Random) -> Pieces:
    places = [match.start() + 3 for match in re.finditer(r"(?=[^\W\d_]{6})", text)]
    places = [place for place in places if text[place].islower() and text[place - 1].islower()]
    chosen = chance.choice(places) if places else -1
    return [("-\n" if index == chosen else "", letter) for index, letter in enumerate(text)]


FORMS: dict[str, Form] = {
    "decomposed": _each(lambda letter, language, chance: unicodedata.normalize("NFD", letter)),
    "zero-width": _among(INVISIBLE),
    "directions": _among(DIRECTIONS),
    "blanks": _each(
        lambda letter, language, chance: chance.choice("\xa0\u202f\u2009\u3000\t") if letter == " " else letter
    ),
    "runs": _each(lambda letter, language, chance: chance.choice(["  ", " \t", "   "]) if letter == " " else letter),
    "vocalised": _each(_vocalised),
    "tatweel": _drawn_out,
    "shapes": _each(_shaped),
    "keyboard": _each(_other_keyboard),
    "wide": _each(_wide),
    "styled": _each(_styled),
    "wrapped": _wrapped,
    "hyphenated": _hyphenated,
    "apostrophes": _each(lambda letter, language, chance: chance.choice("’`´ʼ") if letter == "'" else letter),
    "quotes “”": _quotes("“”"),
    "quotes «»": _quotes("«»"),
    "quotes „“": _quotes("„“"),
    "capitals": _each(lambda letter, language, chance: letter.upper()),
}
LOSSLESS = [kind for kind in FORMS if kind != "capitals" and not kind.startswith("quotes")]
"""The forms whose plain one comes back letter by letter."""
