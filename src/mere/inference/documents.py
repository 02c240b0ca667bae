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
from itertools import chain, groupby
from typing import NamedTuple

from mere.data.characters import splits_character
from mere.errors import InputError
from mere.inference.language_id import UNDETERMINED, LanguageIdentifier
from mere.inference.markup import Markup, strip_markup
from mere.inference.offsets import Normalised
from mere.inference.paragraphs import group_lines
from mere.inference.sentences import sentence_spans
from mere.inference.tokenizer import Tokens
from mere.schema import Sentence

OVERLAP = 64
"""Tokens that neighbouring windows share, so that a triple is whole in at least one of them."""

LONGEST_PARAGRAPH = 1 << 18
LONGEST_SENTENCE = 1 << 13
"""Characters."""

_FIRST = 1 << 11
"""Characters of a document that tell its language."""

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
    """A stretch of the document called ``document``; ``offset`` is where its text starts there.

    ``form`` is its text without markup, where that was taken off; ``language`` is what the document is said to be in.
    """

    document: str
    offset: int
    text: str
    form: Normalised | None = None
    language: str | None = None

    @property
    def plain(self) -> Normalised:
        """The text without markup."""
        return Normalised.unchanged(self.text) if self.form is None else self.form


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
        while (feed := rest.find("\n", start, start + limit)) >= 0 or len(rest) - start > limit:
            end = feed + 1 if feed >= 0 else cut(rest, start, limit)
            yield Line(number, column, offset, rest[start:end])
            number, column = (number + 1, 0) if feed >= 0 else (number, column + end - start)
            offset += end - start
            start = end
        rest = rest[start:]
    if rest:
        yield Line(number, column, offset, rest)


def read_blocks(blocks: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a text that comes in blocks, each with where it starts; nothing is left out.

    A paragraph is a line, or several that were broken by hand (see `mere.inference.paragraphs`). An `InputError` that
    ``blocks`` raises is raised after what came before it.
    """
    offset = 0
    faults: list[InputError] = []
    for lines in group_lines(line.text for line in read_paragraphs(_until_fault(blocks, faults))):
        text = "".join(lines)
        yield offset, text
        offset += len(text)
    for fault in faults:
        raise fault


def _until_fault(blocks: Iterable[str], faults: list[InputError]) -> Iterator[str]:
    """Yield blocks; where reading fails, end, so that what was held back comes out first, and leave the fault."""
    try:
        yield from blocks
    except InputError as fault:
        faults.append(fault)


def checked_text(text: object) -> str:
    """Return a text that can be read; raises `InputError` for what is no string, or holds half a character."""
    if not isinstance(text, str):
        raise InputError(f"a text must be a string, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problem = f"the text holds half a surrogate pair (character {error.start}); write the character itself"
        raise InputError(problem) from error
    return text


def paragraphs_of(
    document: str, text: str, markup: Markup | None = None, language: str | None = None
) -> Iterator[Paragraph]:
    """Yield the paragraphs of a text that is in memory, called ``document`` and said to be in ``language``."""
    if markup is None:
        for offset, paragraph in read_blocks([text]):
            yield Paragraph(document, offset, paragraph, language=language)
        return
    form = strip_markup(text, markup)
    for offset, paragraph in read_blocks([form.text]):
        piece, start = form.part(offset, offset + len(paragraph))
        yield Paragraph(document, start, piece.given, piece, language)


class Cut(NamedTuple):
    """A sentence as it was cut out of a document; ``form`` is its text without markup, where there was any."""

    document: str
    sentence: Sentence
    form: Normalised


def cut_documents(
    paragraphs: Iterable[Paragraph], identifier: LanguageIdentifier, language: str | None
) -> Iterator[Cut]:
    """Yield the sentences of documents in order, each in its language: ``language``, or what it is identified as.

    What a document is said to be in counts where the model knows that language and none is given for all. A paragraph
    whose language cannot be told takes its document's, which the first `_FIRST` characters tell.
    """
    for _, document in groupby(paragraphs, key=lambda paragraph: paragraph.document):
        first: list[Paragraph] = []
        while sum(len(paragraph.text) for paragraph in first) < _FIRST and (ahead := next(document, None)):
            first.append(ahead)
        beginning = "\n".join(paragraph.plain.text[:_FIRST] for paragraph in first)
        said = language or (first[0].language if first and first[0].language in identifier.languages else None)
        spoken = said or identifier.identify(beginning[:_FIRST]).language
        for paragraph in chain(first, document):
            yield from _cut_paragraph(paragraph, identifier, said, spoken)


def _cut_paragraph(
    paragraph: Paragraph, identifier: LanguageIdentifier, language: str | None, spoken: str
) -> Iterator[Cut]:
    text = paragraph.plain.text
    if language is None:
        guess = identifier.identify(text[:LONGEST_SENTENCE])
        spoken = spoken if guess.language == UNDETERMINED else guess.language
    for start, end in split_sentences(text, spoken):
        form, offset = paragraph.plain.part(start, end)
        own = language or identifier.sentence(form.text, spoken)
        yield Cut(paragraph.document, Sentence(form.given, own, start=paragraph.offset + offset), form)


def split_sentences(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a paragraph start and end, white space around them left out.

    One of more than `LONGEST_SENTENCE` characters becomes several.
    """
    for start, end in sentence_spans(text, language):
        while end - start > LONGEST_SENTENCE:
            middle = cut(text, start, LONGEST_SENTENCE)
            yield start, start + len(text[start:middle].rstrip())
            start = middle + len(text[middle:end]) - len(text[middle:end].lstrip())
        if start < end:
            yield start, end


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
