"""Where the sentences of a paragraph end, in fourteen languages.

Every run of ``.!?…`` and their like is looked at once, with no more than a fixed number of characters around it, so
that time is linear in the text whatever it holds. What follows it decides first: before a small letter nothing ends.
Else the words around a full stop decide (`mere.inference.stops`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from mere.inference.abbreviations import Kind, Words, words_for
from mere.inference.stops import CASED, INVISIBLE, OPENERS, REACH, WORD, Place, ends_full_stop

_BRACKET = 200
"""Characters before and after a stop within which a bracket around it counts."""

_LONGEST_ABBREVIATION = 7
"""Letters from which on a word that no list holds is taken to be whole."""

_QUOTED = 1000
"""Characters before a stop in which quotes are counted."""

_STOPS = ".!?…؟۔।॥。！？｡"
_FULL_STOPS = frozenset("。！？｡")
_CLOSERS = "\"'`”’»›)\\]}“‘«‹」』）】"
_INFIX = frozenset("/&+=%°×,;:")
"""What no sentence begins with."""
_BORDER = re.compile(
    rf"(?P<stops>[{_STOPS}]++)(?P<closers>(?:[{_CLOSERS}{INVISIBLE}]|\[\d{{1,3}}\])*+)(?P<gap>\s*+)"
    r"|(?P<hard>\n[^\S\n]*+\n\s*+|[\v\f\x1c-\x1e\u2029]\s*+)"
)
"""The end of a sentence, perhaps, with the marks that close it and the blanks behind; or one for certain: an empty
line, or a character that parts paragraphs."""

_VISIBLE = re.compile(r"\S")
_WORD_SIGN = re.compile(r"\w")
_APART = re.compile(r"[\"”»]\s+")
"""A quote that closes, with a blank before it, as in French."""
_OPENING = re.compile(rf"[{OPENERS}{INVISIBLE}]*")
_QUOTE = re.compile(r"[\"”»›)\]}“«‹」』）】]")
_DASH = re.compile(r"[-–—―]+\s+")
_HANGUL_END = re.compile(r"[가-힣]*[다요죠까음함임됨]\Z")
_KOREAN_SAYS = re.compile(r"이?라[고는며]|하[고며는]")
"""What follows a quotation within a Korean sentence."""
_ADDRESS = re.compile(r"[/@_=&\\#\d:]|\w\.\w")
_SUFFIXES = frozenset(
    {"com", "net", "org", "edu", "gov", "io", "js", "de", "ru", "uk", "info", "tv", "py", "txt", "pdf"}
)
"""What follows the last stop of a domain or a file name."""


def sentence_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a paragraph start and end, white space around them left out.

    Every visible character is in exactly one of them. Line breaks count as blanks, an empty line ends a sentence.

    Parameters
    ----------
    text:
        The paragraph.
    language:
        Its code; any that has no word list, such as ``und``, is cut by those of all languages.
    """
    words = words_for(language)
    start = _next(_VISIBLE, text, 0)
    signs = _next(_WORD_SIGN, text, start)
    for match in _BORDER.finditer(text):
        if match["hard"]:
            end, after = match.span()
        # what holds no letter or digit is no sentence: it stays with what follows, and at the end with what goes before
        elif signs < match.start() and _ends(text, start, match, words, language):
            end, after = _closed(text, start, match)
        else:
            continue
        following = _next(_WORD_SIGN, text, after)
        if following == len(text) and not match["hard"]:
            break
        if start < end:
            yield start, end - _blanks(text, start, end)
        start = _next(_VISIBLE, text, after)
        signs = following
    if start < len(text):
        yield start, len(text) - _blanks(text, start, len(text))


def _closed(text: str, start: int, match: re.Match[str]) -> tuple[int, int]:
    """Return where the sentence ends and where to look for the next: past a quote that stands apart and closes."""
    end, after = match.start("gap"), match.end()
    quote = text[after : after + 1]
    if quote in ('"', "”", "»") and not text[after + 1 : after + 2].strip():
        odd = text.count('"', max(start, end - _QUOTED), end) % 2
        if quote in "”»" or odd or after + 1 == len(text):
            return after + 1, after + 1
    return end, after


def _next(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.search(text, start)
    return match.start() if match else len(text)


def _blanks(text: str, start: int, end: int) -> int:
    """Return how many blanks the text has before ``end``."""
    stop = end
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return end - stop


def _ends(text: str, start: int, match: re.Match[str], words: Words, language: str) -> bool:
    """Whether a sentence that starts at ``start`` ends with the stops of ``match``."""
    stop, after = match.start(), match.end()
    if after == len(text) or match["stops"][-1] in _FULL_STOPS:
        return True
    if not match["gap"]:
        return _ends_glued(text, start, match, words)
    ahead = text[after : after + REACH]
    closer = _APART.match(ahead)
    if closer:
        ahead = ahead[closer.end() :]
    dash = _DASH.match(ahead)
    opening = _OPENING.match(ahead, dash.end() if dash else 0)
    rest = ahead[opening.end() :] if opening else ahead
    if not rest or rest[0].isspace():  # a row of signs
        return not dash
    if rest[0] in _STOPS or rest[0] in _INFIX or (dash and rest[0].isdigit()):
        return False
    place = Place.around(text, start, stop, rest, "(" in ahead[: len(ahead) - len(rest)], words)
    if rest[0].islower() and not _apostrophe(ahead) and not (rest == ahead and _is_careless(place, match)):
        return False
    if language == "ko" and match["closers"] and _KOREAN_SAYS.match(place.rest):
        return False
    if _in_brackets(text, start, match):
        return False
    if match["stops"] == ".":
        return ends_full_stop(place, language, bool(closer or _QUOTE.search(match["closers"])), bool(dash))
    return _ends_mark(place, match)


def _is_careless(place: Place, match: re.Match[str]) -> bool:
    """Whether a sentence may end before a small letter: after a word that is too long for an abbreviation."""
    word = place.word
    long = len(word) >= _LONGEST_ABBREVIATION and word.isalpha() and word.islower()
    return long and match["stops"] == "." and not match["closers"] and not place.words.kind(word)


def _apostrophe(ahead: str) -> bool:
    """Whether the text goes on as Dutch sentences may begin: "'s Morgens"."""
    return ahead[:1] in "'’‘" and ahead[1:2] in "stkn" and ahead[2:3].isspace() and ahead[3:4].isupper()


def _in_brackets(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the stop is in brackets that opened within its sentence and close soon."""
    stop, after = match.start(), match.end()
    low = max(start + 1, stop - _BRACKET)
    for opener, closer in ("()", "[]"):
        opened = text.rfind(opener, low, stop)
        if opened >= 0 and closer not in match["closers"] and text.rfind(closer, opened, stop) < 0:
            closed = text.find(closer, after, after + _BRACKET)
            if closed >= 0 and text.find(opener, after, closed) < 0:
                return True
    return False


def _ends_mark(place: Place, match: re.Match[str]) -> bool:
    """Whether a sentence ends at ``!``, ``?``, ``…`` or several stops, before a capital or a script without."""
    if not place.word:
        # a mark alone in brackets, "(!)", and an omission, "[…]", are within a sentence
        return match["closers"][:1] not in (")", "]")
    if place.bracket and place.rest[0].isdigit():  # a title with its year
        return False
    if match["stops"] not in ("!", "?"):
        return True
    if place.words.kind(place.follower) & Kind.COMPANY:
        return False
    return place.word.lower() not in place.words.marked or place.starts()


def _ends_glued(text: str, start: int, match: re.Match[str], words: Words) -> bool:
    """Whether a sentence ends at stops that no blank follows: "end.Next"."""
    stop, after = match.start(), match.end()
    tail = normalize("NFC", text[after : after + REACH].split(None, 1)[0])
    letter = tail[0]
    before = normalize("NFC", text[max(start, stop - REACH) : stop]).split()
    if not letter.isalpha() or not before or not text[stop - 1].strip():
        return False
    word = before[-1].strip(OPENERS + ")]}")
    year = word.isdigit() and len(word) == 4
    if not word or (_ADDRESS.search(word) and not year):
        return False
    if _HANGUL_END.match(word):
        return not match["closers"]  # a quotation goes on with its particle
    if match["stops"][-1] in "؟۔":
        return True
    follower = WORD.match(tail)
    if follower is None:
        return False
    if letter.isupper():
        following = follower[0]
        if "." in tail.rstrip(".") or following.lower() in _SUFFIXES or not (following[1:].islower() or tail == letter):
            return False
        long = len(word) >= (4 if word[0].isupper() else 2)
        return (year or (long and word[1:].islower())) and not words.kind(word)
    # a script without capitals, whose abbreviations are of single letters
    return not letter.islower() and not CASED.match(letter + word) and len(word) > 1 and len(follower[0]) > 1
