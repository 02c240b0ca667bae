"""The Unigram tokenizer of the bundled backbone: the best path over its pieces, word by word.

The ``tokenizers`` package does the same (a test compares them), but needs 0.6 s and 250 MB to take 250,000 pieces in;
here they are one dictionary, and words that were seen before are remembered. Torch-free.
"""

from __future__ import annotations

import functools
import re
from array import array
from collections.abc import Sequence

BOUNDARY = "\u2581"
"""Stands for the space before a word."""

_SPACES = re.compile(" {2,}")
_WORD = re.compile(f"{BOUNDARY}?[^{BOUNDARY}]+|{BOUNDARY}")
_REMEMBERED = 1 << 15
_LONGEST_WORD = 64
"""Longer words are not remembered: texts without spaces would fill the memory."""

_UNKNOWN_PENALTY = 10.0
"""How much worse than the worst piece a character is that no piece holds."""

Path = tuple[tuple[int, ...], tuple[int, ...]]
"""Ids of a word's pieces, and their lengths."""


class Unigram:
    """Pieces, by whose scores a word is cut.

    Parameters
    ----------
    pieces, scores:
        The pieces in the order of their ids, and the logarithms of their probabilities.
    unknown:
        Id of what no piece holds, one character at a time.
    borders:
        Where in a word no piece may go on; nowhere if there is none.
    """

    def __init__(
        self, pieces: Sequence[str], scores: Sequence[float], unknown: int, borders: re.Pattern[str] | None = None
    ) -> None:
        self.unknown = unknown
        self._borders = borders
        self._scores = array("d", scores)
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        self._ids.pop(pieces[unknown], None)
        self._longest = max(map(len, self._ids))
        self._penalty = min(self._scores) - _UNKNOWN_PENALTY
        self._remembered = functools.lru_cache(_REMEMBERED)(self._cut)

    def encode(self, text: str) -> tuple[list[int], list[int], list[int]]:
        """Return ids, starts and ends of the pieces of ``text``; a word's piece starts at the space before it."""
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        marked, offsets = self._mark(text)
        for match in _WORD.finditer(marked):
            word, at = match.group(), match.start()
            numbers, lengths = (self._remembered if len(word) <= _LONGEST_WORD else self._cut)(word)
            ids += numbers
            for length in lengths:
                starts.append(offsets[at])
                ends.append(offsets[at + length])
                at += length
        if ends and ends[0] == starts[0]:  # the boundary that was put before the first word shares its first character
            ends[0] = offsets[2]
        return ids, starts, ends

    def word_score(self, word: str) -> float:
        """Return the logarithm of the probability of a word that follows a space: its best pieces' sum."""
        ids, _ = self._remembered(BOUNDARY + word)
        return sum(self._penalty if number == self.unknown else self._scores[number] for number in ids)

    def _mark(self, text: str) -> tuple[str, Sequence[int]]:
        """Join spaces, write boundaries for them, and tell where in ``text`` each character of the result starts."""
        offsets: Sequence[int] = range(len(text) + 1)
        if "  " in text:
            kept = [index for index in offsets if text[index : index + 2] != "  "]
            text, offsets = _SPACES.sub(" ", text), kept
        marked = text.replace(" ", BOUNDARY)
        if marked and marked[0] != BOUNDARY:
            return BOUNDARY + marked, [offsets[0], *offsets]
        return marked, offsets

    def _cut(self, word: str) -> Path:
        """Cut a word with its boundary at its borders, and the parts into their best pieces."""
        if self._borders is None:
            return self._search(word)
        body = word.removeprefix(BOUNDARY)
        first, *others = self._borders.split(body)
        parts = [self._search(segment) for segment in (word[: len(word) - len(body)] + first, *others)]
        return tuple(id_ for ids, _ in parts for id_ in ids), tuple(size for _, sizes in parts for size in sizes)

    def _search(self, word: str) -> Path:
        """Find the best path through ``word`` (Viterbi)."""
        get, scores, longest, size = self._ids.get, self._scores, self._longest, len(word)
        best = [0.0] + [-float("inf")] * size
        came: list[tuple[int, int]] = [(0, 0)] * (size + 1)
        for start in range(size):
            so_far = best[start]
            alone = False
            for end in range(start + 1, min(size, start + longest) + 1):
                number = get(word[start:end])
                if number is not None:
                    alone |= end == start + 1
                    score = so_far + scores[number]
                    if score > best[end]:
                        best[end], came[end] = score, (start, number)
            if not alone and so_far + self._penalty > best[start + 1]:
                best[start + 1], came[start + 1] = so_far + self._penalty, (start, self.unknown)
        ids: list[int] = []
        lengths: list[int] = []
        end = size
        while end > 0:
            start, number = came[end]
            ids.append(number)
            lengths.append(end - start)
            end = start
        return tuple(reversed(ids)), tuple(reversed(lengths))
