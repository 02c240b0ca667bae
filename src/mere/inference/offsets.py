"""A text that was rewritten, and the way of a span from it to the text as it was given and back.

`Rewriter` makes one from left to right. Rewritings follow one another with `Normalised.then`; one that changes nothing
costs nothing.
"""

from __future__ import annotations

import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from mere.data.characters import splits_character

_JOINER = "\u200d"
_TATWEEL = "\u0640"


@dataclass(frozen=True, slots=True)
class Normalised:
    """A rewritten text, each of whose characters stands for a piece of the text that was given.

    Attributes
    ----------
    given, text:
        The text before and after.
    starts, ends:
        Character i of ``text`` stands for ``given[starts[i]:ends[i]]``, which is never empty; both only grow. What was
        left out lies between the pieces. None where nothing has changed.
    """

    given: str
    text: str
    starts: array[int] | None = None
    ends: array[int] | None = None

    @classmethod
    def unchanged(cls, text: str) -> Normalised:
        """Return the rewriting of ``text`` that leaves it as it is."""
        return cls(text, text)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the given text ``text[start:end]`` stands.

        What was left out at its borders is no part of it, and a mark is never parted from its letter. The span of an
        expanded character (``ﬁ``) or of a joined one is that of the whole.
        """
        if self.starts is not None and self.ends is not None and start < end:
            start, end = self.starts[start], self.ends[end - 1]
        elif self.starts is not None and self.ends is not None:
            start = end = self.starts[start] if start < len(self.text) else max(self.ends, default=0)
        return _whole_characters(self.given, start, end)

    def normal_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the rewritten text ``given[start:end]`` stands; empty where all of it was left out."""
        if self.starts is not None and self.ends is not None:
            start, end = bisect_right(self.ends, start), bisect_left(self.starts, end)
            end = max(start, end)
        return _whole_characters(self.text, start, end)

    def part(self, start: int, end: int) -> tuple[Normalised, int]:
        """Return the rewriting of ``text[start:end]`` alone, and where in the given text what it stands for starts."""
        if self.starts is None or self.ends is None:
            return Normalised(self.given[start:end], self.text[start:end]), start
        first, last = self.original_span(start, end)
        starts = array("q", [max(position - first, 0) for position in self.starts[start:end]])
        ends = array("q", [position - first for position in self.ends[start:end]])
        return Normalised(self.given[first:last], self.text[start:end], starts, ends), first

    def then(self, later: Normalised) -> Normalised:
        """Return both rewritings as one; ``later`` is one of this one's text."""
        if later.starts is None or later.ends is None:
            return self
        if self.starts is None or self.ends is None:
            return later
        first, last = self.starts, self.ends
        starts = array("q", [first[start] for start in later.starts])
        ends = array("q", [last[end - 1] for end in later.ends])
        return Normalised(self.given, later.text, starts, ends)


class Rewriter:
    """Collects the changes of a text from left to right; what no change names is kept."""

    def __init__(self, given: str) -> None:
        self._given = given
        self._pieces: list[str] = []
        self._starts, self._ends = array("q"), array("q")
        self._done = 0
        self._changed = False

    def put(self, start: int, end: int, new: str) -> None:
        """Replace ``given[start:end]``, which is not empty and lies behind all changes so far, by ``new``.

        The characters stand for one another one by one if there are as many, else each of the new ones for the whole.
        """
        if self._given[start:end] == new:
            return
        self._changed = True
        self._add(self._done, start, self._given[self._done : start])
        self._add(start, end, new)
        self._done = end

    def drop(self, start: int, end: int) -> None:
        """Leave ``given[start:end]`` out."""
        self.put(start, end, "")

    def finish(self) -> Normalised:
        """Return the text with all changes."""
        if not self._changed:
            return Normalised.unchanged(self._given)
        self._add(self._done, len(self._given), self._given[self._done :])
        self._done = len(self._given)
        return Normalised(self._given, "".join(self._pieces), self._starts, self._ends)

    def _add(self, start: int, end: int, new: str) -> None:
        size = len(new)
        if size == end - start:
            self._starts.extend(range(start, end))
            self._ends.extend(range(start + 1, end + 1))
        else:
            self._starts.extend([start] * size)
            self._ends.extend([end] * size)
        self._pieces.append(new)


def inside_character(text: str, position: int) -> bool:
    """Return whether a cut before ``text[position]`` goes through what a reader sees as one character.

    That is more than `splits_character` tells: vowel signs that take up room, tatweel, the letters of a Korean
    syllable, and flags. A zero-width joiner that joins no emoji belongs to nothing.
    """
    if not 0 < position < len(text) or text[position] < "\u0300":
        return False
    before, after = text[position - 1], text[position]
    if after == _JOINER:
        return unicodedata.category(text[position + 1 : position + 2] or " ") == "So" and not before.isspace()
    if after == _TATWEEL or unicodedata.category(after) == "Mc" or "\U000e0020" <= after <= "\U000e007f":
        return not before.isspace()
    if "\u1160" <= after <= "\u11ff":
        return _continues_syllable(before, after)
    if "\U0001f1e6" <= after <= "\U0001f1ff":
        return _second_of_flag(text, position)
    return splits_character(text, position)


def _continues_syllable(before: str, after: str) -> bool:
    """Whether a vowel or final consonant of Hangul goes on with the syllable that ``before`` is of."""
    if after < "\u11a8":
        return "\u1100" <= before < "\u11a8"
    return "\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"


def _second_of_flag(text: str, position: int) -> bool:
    """Whether an odd number of regional indicators stands before ``position``: they pair off from the left."""
    first = position
    while first > 0 and "\U0001f1e6" <= text[first - 1] <= "\U0001f1ff":
        first -= 1
    return (position - first) % 2 == 1


def _whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span until it begins and ends between characters; one that is empty only moves."""
    empty = start >= end
    while inside_character(text, start):
        start -= 1
    if empty:
        return start, start
    while inside_character(text, end):
        end += 1
    return start, end
