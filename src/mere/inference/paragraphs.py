"""Which lines of a text make a paragraph: each by itself, or those that were broken by hand at a width.

Text that was wrapped at a width shows it: nearly every line is so long that the first word of the next would not have
fitted. Lists, headings, verse and files of one sentence a line do not, and neither do rows of a table. Lines are taken
in blocks, up to an empty line; a block of wrapped lines is joined, save where a paragraph ends within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from unicodedata import east_asian_width

LONGEST_BLOCK = 1 << 18
"""Characters of a block that are held at once, at most, beyond a single line."""

NARROWEST, WIDEST = 38, 100
"""Columns at which text is wrapped."""

_RAGGED = 8
"""A line may end this share of the width early, and the word that follows still be one that did not fit."""

_BREAKS = "\v\f\x1c\x1d\x1e\u2029"
_ENDED = re.compile(r"[.!?…؟۔।。！？:][\"'”’»›)\]“]*\Z")
_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪●○·–—]\s|#{1,6}\s|>|\|)")
_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)]\s")
_ROW = re.compile(r"\S\t+\S|\S {3,}\S.*\S {3,}\S|\||\A\s*[-=_*~#]{3,}\s*\Z")
_OPEN = re.compile(r"(?:[,;(–-]|(?<!\w)[^\W\d_A-ZÀ-ÞА-ЯЄІЇҐ]{1,3})\Z")
_WORD = re.compile(r"\S+")
_LETTER = re.compile(r"[^\W\d_]")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\uffdc]")


def paragraph_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the paragraphs of a text start and end, white space around them left out."""
    offset = 0
    for lines in group_lines(text.splitlines(keepends=True)):
        whole = "".join(lines)
        bare = whole.strip()
        if bare:
            start = offset + whole.index(bare[0])
            yield start, start + len(bare)
        offset += len(whole)


def group_lines(lines: Iterable[str], limit: int = LONGEST_BLOCK) -> Iterator[list[str]]:
    """Group the lines of a text, in order and none left out, into paragraphs.

    No more than ``limit`` characters are held, and a line that is wider than any at which text is wrapped is not held
    back. An empty line is a group of its own.

    Parameters
    ----------
    lines:
        Lines with their ends, as `str.splitlines` and `mere.inference.documents.read_paragraphs` give them.
    limit:
        Characters that a block may have.
    """
    block: list[str] = []
    size = 0
    for line in lines:
        # a line of more than the widest columns is no part of a wrapped block
        alone = not line.strip() or len(line.rstrip()) > WIDEST
        if block and (alone or size + len(line) > limit):
            yield from _split_block(block)
            block, size = [], 0
        if alone:
            yield [line]
            continue
        block.append(line)
        size += len(line)
        if line[-1] in _BREAKS:
            yield from _split_block(block)
            block, size = [], 0
    if block:
        yield from _split_block(block)


def _split_block(block: list[str]) -> Iterator[list[str]]:
    """Yield the paragraphs of a block without empty lines."""
    joined = _joined([line.rstrip() for line in block])
    group = block[:1]
    for line, join in zip(block[1:], joined, strict=True):
        if join:
            group.append(line)
        else:
            yield group
            group = [line]
    yield group


def _joined(lines: list[str]) -> list[bool]:
    """Return for each line but the first whether it goes on with the paragraph of the line before."""
    if _WIDE.search("".join(lines)):
        # such text is wrapped at a number of columns by some, of signs by others
        by_columns = _joined_by([_columns(line) for line in lines], lines, NARROWEST)
        by_signs = _joined_by([len(line) for line in lines], lines, NARROWEST // 2)
        return max(by_columns, by_signs, key=sum)
    return _joined_by([len(line) for line in lines], lines, NARROWEST)


def _joined_by(widths: list[int], lines: list[str], narrowest: int) -> list[bool]:
    """Do as `_joined`, given the widths of the lines."""
    # a single word, such as a long address, tells nothing about the width
    width = max((size for size, line in zip(widths, lines, strict=True) if " " in line.strip()), default=0)
    seams = list(pairwise(lines))
    if not narrowest <= width <= WIDEST or not seams:
        return [False] * len(seams)
    joined = [_goes_on(line, following, size, width) for (line, following), size in zip(seams, widths, strict=False)]
    return joined if _is_wrapped(seams, joined, lines[-1]) else [False] * len(seams)


def _goes_on(line: str, following: str, size: int, width: int) -> bool:
    """Whether a line of ``size`` columns goes on in the next, if the block is wrapped at ``width``."""
    if _ROW.search(line) or _ROW.search(following) or _ITEM.match(following) or line.lstrip().startswith("#"):
        return False
    ended = _ENDED.search(line)
    if ended and (_NUMBER.match(following) or _indent(following) > _indent(line)):
        return False
    first = _WORD.search(following)
    full = size + 1 + len(first[0] if first else "") > width - width // _RAGGED
    return full or (not ended and size > width // 2 and _starts_small(following))


def _is_wrapped(seams: list[tuple[str, str]], joined: list[bool], last: str) -> bool:
    """Whether the lines that would be joined look like running text, and are not chance in a list."""
    inner = [seam for seam, join in zip(seams, joined, strict=True) if join]
    # where a line ends a sentence and leaves room, a paragraph ends; any other gap speaks against wrapping
    gaps = sum(not join and not _ENDED.search(line) for (line, _), join in zip(seams, joined, strict=True))
    if not inner or gaps > len(inner):
        return False
    # sentences of a line each; where only some seams end a sentence, joining those does no harm
    if 3 * sum(bool(_ENDED.search(line)) for line, _ in inner) > 2 * len(inner):
        return False
    finished = bool(_ENDED.search(last))
    if any(_has_case(following) for _, following in inner):
        small = any(_starts_small(following) for _, following in inner)
        if not small and not finished:
            return False
        if len(inner) > 1 and finished and not any(_ENDED.search(line) for line, _ in inner):
            return True
        signs = sum(_starts_small(following) or bool(_OPEN.search(line)) for line, following in inner)
        return 4 * signs >= len(inner)
    # no capitals to go by: a list of names ends without a stop
    return len(inner) > 2 or finished


def _columns(text: str) -> int:
    """Return how many columns a text takes: Korean and Chinese signs take two."""
    return sum(1 + (east_asian_width(sign) in "WF") for sign in text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _starts_small(line: str) -> bool:
    letter = line.lstrip(" \t\"'“„«‘(")[:1]
    return letter.islower()


def _has_case(line: str) -> bool:
    letter = _LETTER.search(line)
    return letter is not None and letter[0].lower() != letter[0].upper()
