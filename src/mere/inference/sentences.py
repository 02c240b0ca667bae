"""Where the sentences of a paragraph end, in fourteen languages.

Every run of ``.!?…`` and their like is looked at once, with no more than a fixed number of characters around it, so that
time is linear in the text whatever it holds. What follows it decides first: before a small letter nothing ends. Before
a capital, a digit or a script without capitals the word before the stop decides, by the lists of
``abbreviations.toml`` and by its form (initials, ordinals, dotted abbreviations, words without a vowel).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mere.inference.abbreviations import Kind, Words, words_for

_REACH = 48
"""Characters before and after a stop that are looked at."""

_BRACKET = 200
"""Characters before and after a stop within which a bracket around it counts."""

_QUOTED = 1000
"""Characters before a stop in which quotes are counted."""

_STOPS = ".!?…؟۔।॥。！？｡"
_FULL_STOPS = frozenset("。！？｡")
_CLOSERS = "\"'`”’»›)\\]}“‘«‹」』）】"
_INFIX = frozenset("/&+=%°×,;:")
"""What no sentence begins with."""
_OPENERS = "\"'`“”„‚‘’«»‹›([{¿¡「『（【*_"
_BORDER = re.compile(
    rf"(?P<stops>[{_STOPS}]++)(?P<closers>(?:[{_CLOSERS}]|\[\d{{1,3}}\])*+)(?P<gap>\s*+)"
    r"|(?P<hard>\n[^\S\n]*+\n\s*+|[\v\f\x1c-\x1e\u2029]\s*+)"
)
"""The end of a sentence, perhaps, with the marks that close it and the blanks behind; or one for certain: an empty
line, or a character that parts paragraphs."""

_VISIBLE = re.compile(r"\S")
_WORD_SIGN = re.compile(r"\w")
_OPENING = re.compile(rf"[{_OPENERS}]*")
_DASH = re.compile(r"[-–—―]+\s+")
_WORD = re.compile(r"[^\W_]+(?:['’](?![^\W\d_]{3}))?(?:-[^\W_]+)*")
_ROMAN = re.compile(r"(?=[IVXLCМХІ])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?[XХ]{0,3})(?:I[XХ]|IV|V?[IІ]{0,3})\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+[^\W\d_]{1,2}\Z")
_INITIAL = re.compile(r"(?:[^\W\d_]{1,2}\.?-)*[^\W\d_]\Z")
_NUMBERED = re.compile(r"[\d.,–-]*\d(?=[^\W\d_])")
_CLITIC = re.compile(r"[^\W\d_]{1,5}['’](?=[^\W\d_]{2}|[^\W\d_]\.)")
_COMPOUND = re.compile(r"[^\W\d_][.-][^\W\d_]{2,}\Z")
_DATE_REST = re.compile(r"\d{1,2}\.\s?\d|\d{4}\b")
_VOWEL = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿąęœůаеёиоуыэюяіїєў]", re.IGNORECASE)
_CASED = re.compile(r"[A-Za-zÀ-ɏͰ-ԯ]")
_HANGUL_END = re.compile(r"[가-힣]*[다요죠까음함임됨]\Z")
_KOREAN_SAYS = re.compile(r"이?라[고는며]|하[고며는]")
"""What follows a quotation within a Korean sentence."""
_ADDRESS = re.compile(r"[/@_=&\\#\d:]|\w\.\w")
_SUFFIXES = frozenset(
    [
        "com",
        "net",
        "org",
        "edu",
        "gov",
        "io",
        "js",
        "de",
        "ru",
        "uk",
        "fr",
        "it",
        "es",
        "pl",
        "nl",
        "info",
        "tv",
        "py",
        "md",
        "txt",
        "pdf",
        "html",
    ]
)


@dataclass(frozen=True)
class _Place:
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

    def starts(self, particles: bool = True) -> bool:
        """Whether the word that follows usually begins a sentence; ``particles`` such as "De" among them."""
        word = self.follower
        if not word or (len(word) > 1 and word.isupper()) or self.rest[len(word) : len(word) + 1] == ".":
            return False
        small = word.lower().replace("’", "'")
        lists = (self.words.starters, self.words.particles) if particles else (self.words.starters,)
        return any(small in words or small.rstrip("'") in words for words in lists)


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
        end = match.end() if match["hard"] is None else match.start()
        after = match.end()
        # what holds no letter or digit is no sentence: it stays with what follows
        if match["hard"] is None and (signs >= match.start() or not _ends(text, start, match, words, language)):
            continue
        if match["hard"] is None:
            end, after = _closed(text, start, match)
        if start < end:
            yield start, end - _blanks(text, start, end)
        start = _next(_VISIBLE, text, after)
        signs = _next(_WORD_SIGN, text, start)
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
    ahead = text[after : after + _REACH]
    dash = _DASH.match(ahead)
    opening = _OPENING.match(ahead, dash.end() if dash else 0)
    rest = ahead[opening.end() :] if opening else ahead
    if not rest or rest[0].isspace():  # a row of signs
        return not dash
    if rest[0] in _STOPS or rest[0] in _INFIX or (dash and rest[0].isdigit()):
        return False
    place = _place(text, start, stop, rest, "(" in ahead[: len(ahead) - len(rest)], words)
    if rest[0].islower() and not _apostrophe(ahead):
        return False
    if language == "ko" and match["closers"] and _KOREAN_SAYS.match(rest):
        return False
    if _in_brackets(text, start, match):
        return False
    if match["stops"] == ".":
        return _ends_full_stop(place, language, bool(match["closers"].strip("'’")), bool(dash))
    return _ends_mark(place, match)


def _place(text: str, start: int, stop: int, rest: str, bracket: bool, words: Words) -> _Place:
    before = text[max(start, stop - _REACH) : stop].split()
    word = _CLITIC.sub("", before[-1].lstrip(_OPENERS + "-–—"), count=1) if before else ""
    follower = _WORD.match(rest)
    return _Place(text, start, stop, before, word, rest, follower[0] if follower else "", bracket, words)


def _apostrophe(ahead: str) -> bool:
    """Whether the text goes on as Dutch sentences may begin: "'s Morgens"."""
    return ahead[:1] in "'’‘" and ahead[1:2] in "stkn" and ahead[2:3] == " " and ahead[3:4].isupper()


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


def _ends_mark(place: _Place, match: re.Match[str]) -> bool:
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


def _ends_full_stop(place: _Place, language: str, closed: bool, dash: bool) -> bool:
    """Whether a sentence ends at a single full stop, before a capital, a digit or a script without capitals."""
    word = place.word
    if not word or closed:
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


def _abbreviation(place: _Place, word: str) -> tuple[Kind, int]:
    """Return what the lists say of the longest abbreviation before the stop, and its number of words.

    Abbreviations of several words, as in "z. B." or "av. J.-C.", are put together.
    """
    count = 1
    while count < min(4, len(place.before)) and place.before[-count - 1].endswith("."):
        count += 1
    for size in range(count, 1, -1):
        joined = "".join(place.before[-size:-1]).lstrip(_OPENERS) + word
        kind = place.words.kind(joined)
        if kind:
            return kind, size
    kind = place.words.kind(word)
    if not kind and _COMPOUND.search(word):
        kind = place.words.kind(re.split(r"[.-]", word)[-1])
    return kind, 1


def _next_piece(place: _Place) -> str:
    """Return what follows, if it may be the next piece of an abbreviation of several: "C" after "a."."""
    piece = place.rest.split(None, 1)[0]
    return re.split(r"\.-?", piece)[0] if "." in piece[:8] else ""


def _follows_number(place: _Place, length: int) -> bool:
    """Whether a number, in digits or Roman, stands before the abbreviation of ``length`` words."""
    width = 3 if length > 1 or "." in place.word else 1
    return any(
        any(sign.isdigit() for sign in word) or _ROMAN.match(word.strip(_OPENERS + ".,"))
        for word in place.before[-length - width : -length]
    )


def _ends_abbreviation(place: _Place, kind: Kind, number: bool) -> bool | None:
    """Whether a sentence ends with a listed abbreviation; None where the form of the word is to decide."""
    if kind & Kind.CONTINUES:
        return False
    if place.follower.lower() in place.words.dates:
        return False
    if kind & Kind.TIME and number:
        # where a script has no capitals, nothing tells that what follows begins a sentence
        return place.starts() or (place.rest[0].isupper() and not _is_front(place))
    digit = place.rest[0].isdigit() or place.rest[0] == "№"
    if kind & Kind.NUMBER and (digit or _ROMAN.match(place.follower)):
        return False
    if kind & (Kind.NAME | Kind.TIME):
        return not digit and place.starts()
    if kind & Kind.COMPANY:
        return not place.words.kind(place.follower) & Kind.COMPANY
    return True if kind & Kind.ENDS else None


def _is_front(place: _Place) -> bool:
    """Whether the sentence, or its last clause, has so far but a time in front: "Od 1950 r.", "…, а в 1990 г."."""
    low = max(place.start, place.stop - _REACH)
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
    first = [word.lower().lstrip(_OPENERS) for word in words[:2]]
    return (cut < 0 and first[0].isdigit()) or any(word in place.words.fronts for word in first)


def _ends_number(place: _Place, language: str) -> bool:
    """Whether a sentence ends with a number in digits, or goes on after an ordinal, a date or the number of an item."""
    word, rest = place.word, place.rest
    previous = place.before[-2].lower().lstrip(_OPENERS) if len(place.before) > 1 else ""
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
        return place.before[-2][:1].isupper() or previous.isdigit() if previous else False
    return previous not in place.words.leads


def _ends_unlisted(place: _Place, word: str, number: bool, language: str) -> bool:
    """Whether a sentence ends with a word that is in no list, by the form of the word."""
    previous = place.before[-2].lower() if len(place.before) > 1 else ""
    letter = place.rest[0].isalpha()
    if _INITIAL.match(word):
        return _ends_letter(place, word, previous, number, language)
    if _DOTTED.match(word):
        return place.starts() or not letter
    if language == "de" and _ROMAN.match(word):
        return place.starts() or not letter
    # no word of these languages, but for names such as BBC and units, is without a vowel
    if 2 <= len(word) <= 5 and word.isalpha() and not word.isupper() and _CASED.match(word) and not number:
        return bool(_VOWEL.search(word)) or place.starts()
    return True


def _ends_letter(place: _Place, word: str, previous: str, number: bool, language: str) -> bool:
    """Whether a sentence ends with a single letter: an initial, an abbreviation, or what it says, as in "Plan B."."""
    if not place.rest[0].isalpha():
        return not place.bracket
    if word.isupper() and len(word) == 1:
        if previous in place.words.lettered:
            return True
        if language in ("en", "fr", "es", "it", "pt", "nl", "sv") and _ROMAN.match(word) and place.starts():
            return True
        return place.starts(particles=False)
    if not _CASED.match(word):
        return False
    return number or place.starts()


def _ends_glued(text: str, start: int, match: re.Match[str], words: Words) -> bool:
    """Whether a sentence ends at stops that no blank follows: "end.Next"."""
    stop, after = match.start(), match.end()
    tail = text[after : after + _REACH].split(None, 1)[0]
    letter = tail[0]
    before = text[max(start, stop - _REACH) : stop].split()
    if not letter.isalpha() or not before or not text[stop - 1].strip():
        return False
    word = before[-1].strip(_OPENERS + ")]}")
    if not word or (_ADDRESS.search(before[-1].strip("()")) and not (word.isdigit() and len(word) == 4)):
        return False
    mark = match["stops"][-1]
    if mark in "؟۔" or _HANGUL_END.match(word):
        return True
    if letter.isupper():
        follower = _WORD.match(tail)
        plain = follower is not None and (follower[0][1:].islower() or (len(follower[0]) == 1 and len(tail) == 1))
        if not plain or "." in tail.rstrip(".") or (follower and follower[0].lower() in _SUFFIXES):
            return False
        long = len(word) >= (4 if word[0].isupper() else 2)
        return ((long and word[1:].islower()) or word.isdigit()) and not words.kind(word)
    if letter.islower() or _CASED.match(letter):
        return False
    follower = _WORD.match(tail)
    return len(word) > 2 and not _CASED.match(word) and follower is not None and len(follower[0]) > 1
