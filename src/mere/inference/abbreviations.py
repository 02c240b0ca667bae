"""The words of a language that tell whether a full stop ends a sentence, from ``abbreviations.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

_SHARED = "any"


class Kind(IntFlag):
    """What an abbreviation does before a capital or a digit; ``abbreviations.toml`` tells more."""

    CONTINUES = 1
    NUMBER = 2
    NAME = 4
    TIME = 8
    ENDS = 16
    COMPANY = 32


NONE = Kind(0)


@dataclass(frozen=True)
class Words:
    """The word lists of a language, which ``abbreviations.toml`` explains; all but the first are in small letters."""

    abbreviations: dict[str, Kind]
    starters: frozenset[str]
    particles: frozenset[str]
    lettered: frozenset[str]
    leads: frozenset[str]
    fronts: frozenset[str]
    dates: frozenset[str]
    marked: frozenset[str]
    joins: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Neighbours within abbreviations of several: "a", "C" of "a. C."."""

    def kind(self, word: str) -> Kind:
        """Return what is known of an abbreviation, written without its last full stop and without blanks."""
        kind = self.abbreviations.get(word, NONE)
        if word[:1].isupper():
            small = self.abbreviations.get(word[0].lower() + word[1:], NONE)
            # a unit such as "h." is no initial
            kind |= small & ~Kind.ENDS if len(word) == 1 else small
            if len(word) > 1 and word.isupper():
                kind |= self.abbreviations.get(word.lower(), NONE) & Kind.CONTINUES
        return kind


@lru_cache(maxsize=32)
def words_for(language: str) -> Words:
    """Return the words of a language; those of all languages where there is no list for it."""
    tables = _tables()
    chosen = [tables[_SHARED], tables[language]] if language in tables else list(tables.values())
    abbreviations: dict[str, Kind] = {}
    for kind in Kind:
        for table in chosen:
            for word in table.get(str(kind.name).lower(), "").split():
                abbreviations[word] = abbreviations.get(word, NONE) | kind
    pieces = [re.split(r"\.-?", word) for word in abbreviations if "." in word]

    def listed(name: str) -> frozenset[str]:
        return frozenset(word.lower() for table in chosen for word in table.get(name, "").split())

    return Words(
        abbreviations,
        starters=listed("starters"),
        particles=listed("particles"),
        lettered=listed("lettered"),
        leads=listed("leads"),
        fronts=listed("fronts"),
        dates=listed("dates"),
        marked=listed("marked"),
        joins=listed("joins"),
        pairs=frozenset(pair for row in pieces for pair in pairwise(row)),
    )


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, str]]:
    import tomllib  # here, since every start of the program would wait for it

    return tomllib.loads(Path(__file__).with_name("abbreviations.toml").read_text(encoding="utf-8"))
