"""Where a token must end, so that a span can.

Pieces of the bundled backbone's vocabulary run over the end of a name where that is frequent in text: ``47)`` is one,
and ``다는``, which in ``판다는`` holds the end of *panda* and a particle. A span could then only take in too much.
Torch-free.
"""

from __future__ import annotations

import re

_BRACKETS = re.escape('()[]{}<>«»‹›“”„"「」『』《》〈〉【】（）')

_SYLLABLES = range(0xAC00, 0xD7A4, 28)
"""Hangul syllables that end in a vowel; each is followed by the 27 that end in a consonant."""

_VOWEL = "".join(map(chr, _SYLLABLES))
_CONSONANT = "".join(f"{chr(first + 1)}-{chr(first + 27)}" for first in _SYLLABLES)
_OTHER = "A-Za-z0-9"
_WORD_END = "(?![가-힣])"

BORDERS = re.compile(
    "|".join(
        (
            f"(?<=[{_BRACKETS}])(?!\\Z)|(?<!\\A)(?=[{_BRACKETS}])",
            f"(?<=\\d)(?=[.,;:!?]+(?:\\Z|[{_BRACKETS}]))",
            f"(?<=[{_VOWEL}{_OTHER}])(?=[는를]{_WORD_END})",
            f"(?<=[{_CONSONANT}{_OTHER}])(?=[은을]{_WORD_END})",
            f"(?<=\\w)(?=에{_WORD_END})",
        )
    )
)
"""Matches, empty, inside a word: on both sides of a bracket or quotation mark, between a number and the punctuation
that ends the word, and before those Korean particles that hardly any noun ends in."""
