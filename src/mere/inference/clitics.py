"""Words that are written onto a name: taken off a span where tokens could not.

In Arabic, *and*, *in*, *for* and *as* are letters at the front of the next word, and in Korean particles stand at the
end of one. Where the vocabulary holds both in one piece, no token ends between them, and the model can only take in too
much.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mere.inference.truecase import Score

_ARABIC = re.compile(r"(?<![^\W\d_])[وبلفك](?=[\u0621-\u064a]{3})")
_ARTICLE = "ال"
_CLEARLY = {"و": 3.0}
_VERY_CLEARLY = 8.0
"""How much better, as a logarithm, the vocabulary must know a word without its first letter: *Berlin* keeps its own.
*And*
is by far the most frequent of these letters, and few names begin with it."""

_SURNAMES = "김이박최정강조윤장임한오서신권황안송류유홍전고문손양배백허남심노하곽성차주우구라진나"
_KOREAN = re.compile(rf"(?<![가-힣])[{_SURNAMES}][가-힣]{{2}}(?P<particle>[은는이가의만])(?![가-힣])")
"""A family name, two syllables of a given name, and a particle."""

_AFTER_CONSONANT, _AFTER_VOWEL = "은이", "는가"


def without_clitics(text: str, start: int, end: int, language: str, score: Score | None) -> tuple[int, int]:
    """Return a span without what is written onto its first or last word and is no part of it.

    Parameters
    ----------
    text, start, end:
        A sentence in its normal form, and the span in it.
    language:
        Its language.
    score:
        How well the vocabulary knows a word, as a logarithm; without it Arabic stays as it is.
    """
    if language == "ar" and score is not None:
        return _without_front(text, start, end, score), end
    if language == "ko":
        return start, _without_particle(text, start, end)
    return start, end


def _without_front(text: str, start: int, end: int, score: Callable[[str], float]) -> int:
    match = _ARABIC.match(text, start, end)
    if match is None:
        return start
    word = re.split(r"\W", text[start:end], maxsplit=1)[0]
    gain = score(word[1:]) - score(word)
    needed = 0.0 if word[1:].startswith(_ARTICLE) else _CLEARLY.get(word[0], _VERY_CLEARLY)
    return start + 1 if gain > needed else start


def _without_particle(text: str, start: int, end: int) -> int:
    match = _KOREAN.search(text, max(start, end - 4), min(len(text), end + 1))
    if match is None or match.end() != end or match.start() < start:
        return end
    particle = match["particle"]
    closed = (ord(text[end - 2]) - 0xAC00) % 28 > 0  # whether the syllable before ends in a consonant
    fits = particle not in (_AFTER_VOWEL if closed else _AFTER_CONSONANT)
    return end - 1 if fits else end
