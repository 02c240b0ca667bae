"""Whether a sentence ends at a full stop that blanks follow, and then a capital, a digit or a script without capitals.

The word before the stop decides, by the lists of ``abbreviations.toml`` and by its form: an initial, an ordinal, a
dotted abbreviation, a word without a vowel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from mere.inference.abbreviations import Kind, Words

REACH = 48
"""Characters before and after a stop that are looked at."""

INVISIBLE = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""Marks of direction and their like, as ranges of a pattern."""

OPENERS = "\"'`“”„‚‘’«»‹›([{¿¡「『（【*_"
WORD = re.compile(r"[^\W_]+['’]?(?:-[^\W_]+)*")
CASED = re.compile(r"[A-Za-zÀ-ɏͰ-ԯ]")
_SIGNS = re.compile(f"[{INVISIBLE}]")
_ROMAN = re.compile(r"(?=[IVXLCМХІ])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?[XХ]{0,3})(?:I[XХ]|IV|V?[IІ]{0,3})\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+[^\W\d_]{1,2}\Z")
_INITIAL = re.compile(r"(?:[^\W\d_]{1,2}\.?-)*[^\W\d_]\Z")
_NUMBERED = re.compile(r"[\d.,–-]*\d(?=[^\W\d_])")
_CLITIC = re.compile(r"[^\W\d_]{1,5}['’](?=[^\W\d_]{2}|[^\W\d_]\.)")
_COMPOUND = re.compile(r"[^\W\d_](?:[.-]([^\W\d_]{2,})|(?=(str)\Z)str)\Z")
_DATE_REST = re.compile(r"\d{1,2}\.\s?\d|\d{4}\b")
_ROMAN_ENDS = frozenset({"en", "fr", "es", "it", "pt", "nl", "sv"})
"""Languages in which Roman numerals are written without a stop."""

_VOWEL = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿąęœůаеёиоуыэюяіїєў]", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """What stands around a full stop: the words before it, the last of them ``word``, and what follows the blanks."""

    text: str
    start: int
    stop: int
    before: list[str]
    word: str
    rest: str
    follower: str
    bracket: bool
    words: Words

    @classmethod
    def around(cls, text: str, start: int, stop: int, rest: str, bracket: bool, words: Words) -> Place:
        """Return the place of a stop in a sentence that starts at ``start``.

        ``rest`` follows it, opening marks left out; ``bracket`` tells whether one of those opens a bracket.
        """
        # the lists are composed, texts need not be; nothing here goes by offsets
        before = normalize("NFC", _SIGNS.sub("", text[max(start, stop - REACH) : stop])).split()
        rest = normalize("NFC", rest)
        word = _CLITIC.sub("", before[-1].lstrip(OPENERS + "-–—"), count=1) if before else ""
        follower = WORD.match(rest)
        return cls(text, start, stop, before, word, rest, follower[0] if follower else "", bracket, words)

    @property
    def previous(self) -> str:
        """The word before ``word``, in small letters."""
        return self.before[-2].lower().lstrip(OPENERS) if len(self.before) > 1 else ""

    def starts(self, particles: bool = True) -> bool:
        """Whether the word that follows usually begins a sentence; ``particles`` such as "De" among them."""
        word = self.follower
        if not word or (len(word) > 1 and word.isupper()) or self.rest[len(word) : len(word) + 1] == ".":
            return False
        small = word.lower().replace("’", "'")
        lists = (self.words.starters, self.words.particles) if particles else (self.words.starters,)
        return any(small in words or small.rstrip("'") in words for words in lists)


def ends_full_stop(place: Place, language: str, closed: bool, dash: bool) -> bool:
    """Whether a sentence ends at a single full stop, before a capital, a digit or a script without capitals."""
    word = place.word
    if not word or closed:
        return True
    if len(word) == 1 and word.isupper() and place.rest[0].isupper() and place.previous in place.words.lettered:
        return True
    numbered = _NUMBERED.match(word)
    if numbered:
        word = word[numbered.end() :]
    elif word.rstrip(".").replace(".", "").isdigit():
        return _ends_number(place, language)
    if (word.rsplit(".", 1)[-1], _next_piece(place)) in place.words.pairs:
        return False
    kind, length = _abbreviation(place, word)
    number = bool(numbered) or _follows_number(place, length)
    if kind:
        verdict = _ends_abbreviation(place, kind, number)
        if verdict is not None:
            return verdict and not (dash and kind & ~Kind.COMPANY)
    return _ends_unlisted(place, word, number, language)


def _abbreviation(place: Place, word: str) -> tuple[Kind, int]:
    """Return what the lists say of the longest abbreviation before the stop, and its number of words.

    Abbreviations of several words, as in "z. B." or "av. J.-C.", are put together.
    """
    count = 1
    while count < min(4, len(place.before)) and place.before[-count - 1].endswith("."):
        count += 1
    for size in range(count, 1, -1):
        joined = "".join(place.before[-size:-1]).lstrip(OPENERS) + word
        kind = place.words.kind(joined)
        if kind:
            return kind, size
    kind = place.words.kind(word)
    if not kind and (compound := _COMPOUND.search(word)):
        kind = place.words.kind(compound[1] or compound[2])
    return kind, 1


def _next_piece(place: Place) -> str:
    """Return what follows, if it may be the next piece of an abbreviation of several: "C" after "a."."""
    piece = place.rest.split(None, 1)[0]
    return re.split(r"\.-?", piece)[0] if "." in piece[:8] else ""


def _follows_number(place: Place, length: int) -> bool:
    """Whether a number, in digits or Roman, stands before the abbreviation of ``length`` words."""
    width = 3 if length > 1 or "." in place.word else 1
    return any(
        any(sign.isdigit() for sign in word) or _ROMAN.match(word.strip(OPENERS + ".,"))
        for word in place.before[-length - width : -length]
    )


def _ends_abbreviation(place: Place, kind: Kind, number: bool) -> bool | None:
    """Whether a sentence ends with a listed abbreviation; None where the form of the word is to decide."""
    if kind & Kind.CONTINUES:
        return False
    if place.follower.lower() in place.words.dates:
        return False
    digit = place.rest[0].isdigit() or place.rest[0] == "№"
    if kind & Kind.NUMBER and (digit or _ROMAN.match(place.follower)):
        return False
    # where a script has no capitals, nothing tells that what follows begins a sentence
    plain = place.rest[0].isalpha() and not place.rest[0].isupper()
    if kind & Kind.TIME and number:
        return place.starts() or not (plain or _is_front(place))
    if kind & (Kind.NAME | Kind.TIME):
        return not digit and place.starts()
    if kind & Kind.COMPANY:
        return place.starts() or not (plain or place.words.kind(place.follower) & Kind.COMPANY)
    return True if kind & Kind.ENDS else None


def _is_front(place: Place) -> bool:
    """Whether the sentence, or its last clause, has so far but a time in front: "Od 1950 r.", "…, а в 1990 г."."""
    low = max(place.start, place.stop - REACH)
    clause = place.text[low : place.stop]
    cut = max(clause.rfind(sign) for sign in ",;:—–")
    words = clause[cut + 1 :].split()
    if cut >= 0:
        if not words or words.pop(0).lower() not in place.words.joins:
            return False
    elif low > place.start:
        return False
    if not 0 < len(words) <= 6:
        return False
    first = words[0].lower().strip(OPENERS + ".")
    return (cut < 0 and first.isdigit()) or first in place.words.fronts


def _ends_number(place: Place, language: str) -> bool:
    """Whether a sentence ends with a number in digits, or goes on after an ordinal, a date or the number of an item."""
    word, rest = place.word, place.rest
    previous = place.previous
    if len(word) <= 6 and place.stop - place.start <= len(word) + 2 and len(place.before) == 1:
        return False
    if language == "ko":  # "1950. 5. 3."; sentences end with a verb
        return False
    if place.follower.lower() in place.words.dates:
        return False
    if len(word) <= 2 and rest[0].isdigit():
        return not _DATE_REST.match(rest)
    if len(word) > 3 or place.starts():
        return True
    if language == "pl" and previous in ("lat", "lata", "latach"):
        return not _is_front(place)
    if language == "de" and previous not in place.words.leads:
        # after a noun, as in "Platz 3. Trainer …", the number is a count
        return bool(previous) and (place.before[-2][0].isupper() or previous.isdigit())
    return previous not in place.words.leads


def _ends_unlisted(place: Place, word: str, number: bool, language: str) -> bool:
    """Whether a sentence ends with a word that is in no list, by the form of the word."""
    letter = place.rest[0].isalpha()
    if _INITIAL.match(word):
        return _ends_letter(place, word, number, language)
    if _DOTTED.match(word):
        return place.starts() or not letter
    if language == "de" and _ROMAN.match(word):
        return place.starts() or not letter
    # no word of these languages, but for names such as BBC and units, is without a vowel
    if 2 <= len(word) <= 5 and word.isalpha() and not word.isupper() and CASED.match(word) and not number:
        return bool(_VOWEL.search(word)) or place.starts()
    return True


def _ends_letter(place: Place, word: str, number: bool, language: str) -> bool:
    """Whether a sentence ends with a single letter: an initial, an abbreviation, or what it says, as in "Plan B."."""
    if not place.rest[0].isalpha():
        return not place.bracket
    if word.isupper() and len(word) == 1:
        # a king or a pope: particles too begin a sentence after "Charles V."
        particles = language in _ROMAN_ENDS and bool(_ROMAN.match(word))
        return language != "ko" and place.starts(particles)
    if not CASED.match(word):
        return False
    return number or place.starts()
