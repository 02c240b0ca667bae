"""SMiLER's own form: a TSV file, one triple a row, the entities tagged within the text.

The corpus was made automatically and shows it; what is mended here, and what is left out, is told to the `Report`. The
tags are the truth, the columns ``entity_1`` and ``entity_2`` only help where a closing tag is missing. Quotation marks
are text: this is no CSV.

An id is the row's number within the corpus of its language: equal numbers of two languages are unrelated sentences. A
number ``25192`` of the German files is therefore read as ``de-25192``; an id of any other form is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from mere.data.files import atomic_write, read_lines
from mere.data.report import Report, quote
from mere.errors import InputError
from mere.schema import NO_RELATION, Sentence, Span, Triple

COLUMNS = ("id", "entity_1", "entity_2", "label", "text", "lang")
"""The header of a file, in this order."""

LABELS = frozenset(
    "birth-place eats event-year first-product from-country has-author has-child has-edu has-genre has-height"
    " has-highest-mountain has-length has-lifespan has-nationality has-occupation has-parent has-population has-sibling"
    " has-spouse has-tourist-attraction has-type has-weight headquarters invented-by invented-when is-member-of"
    " is-where loc-leader movie-has-director org-has-founder org-has-member org-leader post-code starring won-award"
    f" {NO_RELATION}".split()
)
"""The 36 labels of the corpus; others are read, and reported."""

_TAG = re.compile(r"<(/?)e([12])>")
_WORD = re.compile(r"\s*\S*[^\s.,:;!?()\[\]\"«»“”،؛؟]")
_BREAKS = re.compile(r"[\t\n\r]")


class _Tag(NamedTuple):
    closing: bool
    entity: str
    position: int  # in the text without tags


def read_smiler(path: str | Path, report: Report | None = None, *, marked_only: bool = False) -> Iterator[Sentence]:
    """Yield the sentences of a SMiLER file, each with its triple, or without one where the label is ``no_relation``.

    A row marks one triple, whatever else its text states. With ``marked_only`` it counts as annotated for the relation
    of that triple alone; ``no_relation`` rows then say nothing, and are left out.

    Offsets count in the text without tags, which is otherwise kept character for character. Rows without a usable text
    or triple are dropped and reported. Raises `InputError` for a wrong header, and for a malformed row unless
    ``report`` collects errors.
    """
    report = Report() if report is None else report
    lines = read_lines(path, report)
    _check_header(next(lines, (1, ""))[1], path)
    for _, line in lines:
        sentence = _parse(line, report)
        if sentence is not None and marked_only:
            sentence = _marked(sentence, report)
        if sentence is not None:
            yield sentence


def has_smiler_header(path: str | Path) -> bool:
    """Whether a file begins as SMiLER's do; raises `InputError` where it cannot be read."""
    return next(read_lines(path), (1, ""))[1].split("\t") == list(COLUMNS)


def _marked(sentence: Sentence, report: Report) -> Sentence | None:
    if not sentence.triples:
        report.add("no-relation-row", f"a row labelled {NO_RELATION}")
        return None
    return replace(sentence, annotated=tuple(triple.relation for triple in sentence.triples))


def _check_header(line: str, path: str | Path) -> None:
    columns = tuple(line.split("\t"))
    for name in COLUMNS:
        if name not in columns:
            raise InputError("the header lacks this column", path=path, line=1, field=name)
    if columns != COLUMNS:
        raise InputError(f"the columns must be, tab-separated: {' '.join(COLUMNS)}", path=path, line=1)


def _parse(line: str, report: Report) -> Sentence | None:
    if not line.strip():
        report.add("blank-line", "the line is blank")
        return None
    number, first, second, label, rest = (*line.split("\t", 4), "", "", "", "")[:5]
    marked, tab, language = rest.rpartition("\t")  # tabs before the last one belong to the text
    if not tab:
        report.add("bad-row", f"{line.count(chr(9)) + 1} columns; {len(COLUMNS)} are needed: {' '.join(COLUMNS)}")
        return None
    for field, value in (("label", label), ("lang", language)):
        if not value or value.isspace():
            report.add("bad-row", "has no value", field=field)
            return None
    if "\t" in marked:
        report.add("tabs-in-text", f"the text holds {marked.count(chr(9))} tab(s)")
    text, tags = _untag(marked)
    if not text or text.isspace():
        report.add("empty-text", "the row has no text")
        return None
    if unquoted(text) not in (None, text[1:-1]):
        report.add("quoted-text", f"the text column is quoted as in CSV: {quote(text)}", field="text")
    triples = () if label == NO_RELATION else _triples(text, tags, label, (first, second), report)
    return None if triples is None else Sentence(text, language, triples, _qualified(number, language))


def has_tags(text: str) -> bool:
    """Whether a text holds tags of its own, which SMiLER's form cannot tell from those of entities."""
    return _TAG.search(text) is not None


def unquoted(text: str) -> str | None:
    """Return what a text quoted as in CSV means: it begins and ends with a quotation mark, inner ones are doubled.

    None for any other text.
    """
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return None
    inner = text[1:-1]
    return None if '"' in inner.replace('""', "") else inner.replace('""', '"')


def _qualified(number: str, language: str) -> str | None:
    return (f"{language}-{number}" if number.isdecimal() else number) or None


def _untag(marked: str) -> tuple[str, list[_Tag]]:
    pieces, tags = [], []
    last = position = 0
    for match in _TAG.finditer(marked):
        pieces.append(marked[last : match.start()])
        position += match.start() - last
        last = match.end()
        tags.append(_Tag(match[1] == "/", match[2], position))
    pieces.append(marked[last:])
    return "".join(pieces), tags


def _triples(text: str, tags: list[_Tag], label: str, forms: tuple[str, str], report: Report) -> tuple[Triple] | None:
    head = _span(text, tags, "1", forms[0], report)
    tail = _span(text, tags, "2", forms[1], report)
    if head is None or tail is None:
        return None
    if label not in LABELS:
        report.add("unknown-label", f"the label {quote(label)} is none of SMiLER's", field="label")
    return (Triple(head, label, tail),)


def _span(text: str, tags: list[_Tag], entity: str, form: str, report: Report) -> Span | None:
    """Find the span of one entity; None, and a notice, where there is none."""
    own = [tag for tag in tags if tag.entity == entity]
    if len(own) > 2:
        report.add("repeated-tag", f"{len(own)} tags of entity {entity} in {quote(text)}")
    for opening, closing in pairwise(own):
        if closing.closing and not opening.closing:
            start, end = opening.position, closing.position
            break
    else:
        opened = next((tag.position for tag in own if not tag.closing), None)
        if opened is None:
            report.add("missing-tag", f"no tag <e{entity}> in {quote(text)}")
            return None
        start, end = opened, _end_of(text, opened, form, tags)
        report.add("missing-closing-tag", f"<e{entity}> is not closed; read as {quote(text[start:end].strip())}")
    inner = text[start:end].strip()
    if not inner:
        report.add("empty-entity", f"<e{entity}> encloses nothing in {quote(text)}")
        return None
    if len(inner) < end - start:
        report.add("space-in-tag", f"blanks around {quote(inner)} within <e{entity}>")
        start = text.index(inner, start)
    return Span(start, start + len(inner), inner)


def _end_of(text: str, start: int, form: str, tags: list[_Tag]) -> int:
    """Return where an entity ends that has no closing tag: with its form, or else with its first word."""
    begin = start + len(text[start:]) - len(text[start:].lstrip())
    form = form.strip()
    if form and text.startswith(form, begin):
        return begin + len(form)
    word = _WORD.match(text, begin)
    limits = [tag.position for tag in tags if tag.position > begin]
    return min([word.end() if word else begin, *limits])


def write_smiler(sentences: Iterable[Sentence], path: str | Path, report: Report | None = None) -> int:
    """Write sentences in SMiLER's form and return how many rows that took: one a triple, one for a negative sentence.

    Entity types have no place in this form. A line break in a text becomes a blank, which is reported. Raises
    `InputError` for a text that holds a tag of its own and for a path that cannot be written.
    """
    report = Report() if report is None else report
    rows = 0
    with atomic_write(path) as handle:
        handle.write("\t".join(COLUMNS) + "\n")
        for sentence in sentences:
            if sentence.annotated is not None:
                report.add(
                    "annotated-lost", f"{len(sentence.annotated)} relation(s) were looked for; write jsonl to keep"
                )
            for row in _rows(sentence, report):
                handle.write("\t".join(row) + "\n")
                rows += 1
    return rows


def _rows(sentence: Sentence, report: Report) -> Iterator[tuple[str, ...]]:
    text = sentence.text
    if has_tags(text):
        raise InputError(f"the text {quote(text)} holds a tag <e1> or <e2> of its own; write jsonl instead")
    if "\n" in text or "\r" in text:
        report.add("line-break-in-text", f"a line break in {quote(text)}")
        text = text.replace("\n", " ").replace("\r", " ")
    number, language = _cell(sentence.id or ""), _cell(sentence.language)
    if not sentence.triples:
        yield number, "", "", NO_RELATION, text, language
    for triple in sentence.triples:
        forms = _cell(triple.head.text), _cell(triple.tail.text)
        yield number, *forms, _cell(triple.relation), _tagged(text, triple.head, triple.tail), language


def _tagged(text: str, head: Span, tail: Span) -> str:
    tags = [(head.start, 1, "<e1>"), (tail.start, 1, "<e2>"), (head.end, 0, "</e1>"), (tail.end, 0, "</e2>")]
    pieces: list[str] = []
    last = 0
    for position, _, tag in sorted(tags):  # where two meet, the one that ends comes before the one that begins
        pieces += text[last:position], tag
        last = position
    return "".join([*pieces, text[last:]])


def _cell(value: str) -> str:
    return _BREAKS.sub(" ", value)
