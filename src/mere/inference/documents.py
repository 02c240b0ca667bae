"""Cutting texts into what a model can read, without losing a character.

A document is split into sentences, a sentence that is too long for the model into overlapping windows of tokens. Time
and memory are bounded whatever the text: no more than `LONGEST_PARAGRAPH` characters of a document are held at once,
and a sentence of more than `LONGEST_SENTENCE` characters (a text without any punctuation, say) becomes several, cut at
white space where there is any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import sentencex

from mere.data.characters import splits_character
from mere.inference.tokenizer import Tokens

OVERLAP = 64
"""Tokens that neighbouring windows share, so that a triple is whole in at least one of them."""

LONGEST_PARAGRAPH = 1 << 18
LONGEST_SENTENCE = 1 << 13
"""Characters."""

_BORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[\r\v\f\x1c-\x1e\x85\u2028\u2029]",  # line ends that are no line feeds
        r"[.!?…؟۔।]\S{0,2}\s|[。！？]",  # the likely end of a sentence
        r"\s",
    )
)
"""Where a long text is best cut: after the last match of the first pattern that has any."""


@dataclass(frozen=True)
class Paragraph:
    """A stretch of the document called ``document``; ``offset`` is where its text starts there."""

    document: str
    offset: int
    text: str


class Line(NamedTuple):
    """A line of a text, or a part of a long one: its number from 1, where it starts in the line and in the text."""

    number: int
    column: int
    offset: int
    text: str


def read_paragraphs(blocks: Iterable[str], limit: int = LONGEST_PARAGRAPH) -> Iterator[Line]:
    """Cut a text that comes in blocks at its line feeds, which are kept, and a line beyond ``limit`` where it is best.

    The result does not depend on how the text was cut into blocks.
    """
    number, column, offset = 1, 0, 0
    rest = ""
    for block in blocks:
        rest += block
        start = 0
        while (found := rest.find("\n", start, start + limit)) >= 0 or len(rest) - start > limit:
            end = found + 1 if found >= 0 else cut(rest, start, limit)
            yield Line(number, column, offset, rest[start:end])
            number, column = (number + 1, 0) if found >= 0 else (number, column + end - start)
            offset += end - start
            start = end
        rest = rest[start:]
    if rest:
        yield Line(number, column, offset, rest)


def split_sentences(paragraph: Paragraph, language: str) -> Iterator[Paragraph]:
    """Yield the sentences of ``paragraph`` in order, white space around them left out."""
    start = 0
    for line in paragraph.text.splitlines(keepends=True):
        for found, segment in _segments(line, language):
            text = segment.strip()
            if text:
                yield Paragraph(paragraph.document, paragraph.offset + start + found + segment.index(text), text)
        start += len(line)


def _segments(line: str, language: str) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a line, each with its place.

    A long line is split stretch by stretch: the last sentence of a stretch may go on beyond, and begins the next one.
    """
    start = 0
    while start < len(line):
        end = cut(line, start, LONGEST_SENTENCE)
        stretch = line[start:end]
        segments = sentencex.segment(language, stretch)
        if end < len(line) and len(segments) > 1:
            segments.pop()
        position = 0
        for segment in segments:
            found = stretch.index(segment, position)
            position = found + len(segment)
            yield start + found, segment
        start = start + position if position and end < len(line) else end


def cut(text: str, start: int, limit: int) -> int:
    """Return where to cut ``text`` so that the part from ``start`` has at most ``limit`` characters.

    That is its end where it is short enough; else, within the latter half of the limit, the last line end, end of a
    sentence or white space; else the last place that parts no mark from its letter.
    """
    end = start + limit
    if end >= len(text):
        return len(text)
    for border in _BORDERS:
        matches = [match.end() for match in border.finditer(text, start + limit // 2, end)]
        if matches:
            return matches[-1]
    for position in range(end, start + limit // 2, -1):
        if not splits_character(text, position):
            return position
    return end


def windows(tokens: Tokens, size: int) -> list[Tokens]:
    """Return windows of at most ``size`` tokens that cover all, each sharing `OVERLAP` tokens with the next."""
    if len(tokens) <= size:
        return [tokens]
    step = max(1, size - min(OVERLAP, size // 2))
    starts = range(0, len(tokens) - size + step, step)
    return [tokens.window(min(start, len(tokens) - size), min(start + size, len(tokens))) for start in starts]
