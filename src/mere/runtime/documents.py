"""Cutting texts into what a model can read, without losing a character.

A document is split into sentences, a sentence that is too long for the model into overlapping windows of tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sentencex

from mere.model.tokenizer import Tokens

OVERLAP = 64
"""Tokens that neighbouring windows share, so that a triple is whole in at least one of them."""


@dataclass(frozen=True)
class Paragraph:
    """A stretch of the document called ``document``; ``offset`` is where its text starts there."""

    document: str
    offset: int
    text: str


def split_sentences(paragraph: Paragraph, language: str) -> Iterator[Paragraph]:
    """Yield the sentences of ``paragraph`` in order, white space around them left out."""
    start = 0
    for line in paragraph.text.splitlines(keepends=True):
        for segment in sentencex.segment(language, line):
            found = paragraph.text.index(segment, start)
            start = found + len(segment)
            text = segment.strip()
            if text:
                yield Paragraph(paragraph.document, paragraph.offset + found + segment.index(text), text)


def windows(tokens: Tokens, size: int) -> list[Tokens]:
    """Return windows of at most ``size`` tokens that cover all, each sharing `OVERLAP` tokens with the next."""
    if len(tokens) <= size:
        return [tokens]
    step = max(1, size - min(OVERLAP, size // 2))
    starts = range(0, len(tokens) - size + step, step)
    return [tokens.window(min(start, len(tokens) - size), min(start + size, len(tokens))) for start in starts]
