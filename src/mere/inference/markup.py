"""HTML and wiki markup taken out of a text, behind a map to the text as it was given.

It is read by regular expressions that go over the text once, since `html.parser` needs quadratic time for what is left
open, and knows no wiki text. What is not closed is not markup, and stays.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

from mere.inference.offsets import Normalised, Rewriter

Markup = Literal["html", "wiki"]

_BLOCKS = re.compile(
    "address|article|aside|blockquote|body|br|caption|center|d[dlt]|details|dialog|div|fieldset|figcaption|figure|footer"
    "|form|h[1-6]|head|header|hr|html|legend|li|main|nav|ol|option|p|pre|section|select|summary|table|tbody|td|textarea"
    "|tfoot|th|thead|title|tr|ul",
    re.IGNORECASE,
)
"""Tags between which a sentence does not go on."""

_TAG = r"""</?(?P<tag>[a-zA-Z][\w:-]*+)(?:(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+|[^<>]*+)>"""
_ENTITY = r"&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});|&(?:amp|lt|gt|quot|nbsp)(?![\w;=])"

_HTML = re.compile(
    rf"(?P<comment><!--)|(?P<hidden><(?P<name>script|style|template)\b[^<>]*+>)|(?P<declaration><[!?][^<>]*+>)"
    rf"|{_TAG}|(?P<entity>{_ENTITY})|(?P<line>[ \t\f]*+[\n\r]\s*+)",
    re.IGNORECASE,
)

_NAMESPACES = re.compile(
    "(?:file|image|media|datei|bild|fichier|archivo|imagen|ficheiro|imagem|immagine|bestand|afbeelding|plik|grafika"
    "|файл|изображение|зображення|fil|파일|그림|ملف|صورة|پرونده|تصویر"
    "|category|kategorie|catégorie|categoría|categoria|categorie|kategoria|kategori|категория|категорія|분류|تصنيف|رده)"
    r"\s*:",
    re.IGNORECASE,
)
"""Links to these show no text: files, whose caption is none of the sentence, and categories."""

_INTERWIKI = re.compile("[a-z]{2,3}(?:-[a-z]+)?:[^|]*")

_ELEMENTS = "ref|gallery|math|chem|timeline|score|syntaxhighlight|source|graph|mapframe|imagemap"
_BRACKETS = re.compile(
    rf"(?P<nowiki><nowiki>)|(?P<comment><!--)|<(?:{_ELEMENTS})\b[^<>]*+/>|(?P<element><(?:{_ELEMENTS})\b[^<>]*+>)"
    rf"|(?P<element_end></(?:{_ELEMENTS})\s*>)|(?P<template>\{{\{{)|(?P<template_end>\}}\}})"
    r"|(?P<table>^[ \t:]*+\{\|)|(?P<table_end>^[ \t]*+\|\})|(?P<link>\[\[)|(?P<link_end>\]\])"
    r"|(?P<address>\[(?:https?:|ftp:|mailto:)?//[^\s\[\]<>|]++[ \t]*+)|(?P<address_end>\])|(?P<pipe>\|)",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE = re.compile(
    rf"(?P<drop>'''''|'''|''(?!')|__[A-Z]{{3,}}__|^-{{4,}}|^[*\#:;]++[ \t]*+|^={{1,6}}[ \t]*+(?=[^\n]*=[ \t]*$)"
    rf"|(?<=[^=\n])[ \t]*={{1,6}}[ \t]*$)|{_TAG}|(?P<entity>{_ENTITY})",
    re.MULTILINE,
)


class _Edit(NamedTuple):
    start: int
    end: int
    new: str


class _Opened(NamedTuple):
    """A bracket that waits for its other half; ``pipes`` are where its parts begin."""

    kind: str
    start: int
    end: int
    pipes: list[int]


def strip_markup(text: str, markup: Markup) -> Normalised:
    """Return ``text`` without its markup; spans map back to it.

    Parameters
    ----------
    text:
        A document, or a paragraph of one: what is opened must be closed in it.
    markup:
        ``html``: tags, comments, scripts and styles go, block tags become line breaks and line breaks blanks, entities
        their characters. ``wiki``: templates, tables, references, files and categories go, of links the label stays,
        of headings, lists and emphasis the text; HTML in it as above, but for line breaks.
    """
    edits = list(_html_edits(text) if markup == "html" else _wiki_edits(text))
    rewriter = Rewriter(text)
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if edit.start >= done:  # else it lies within what was left out
            rewriter.put(*edit)
            done = edit.end
    return rewriter.finish()


class _Closings:
    """Finds where something ends; what is not found once is not looked for again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._missing: set[str] = set()

    def end(self, closing: str, start: int) -> int | None:
        """Return the end of the next ``closing``, a pattern, from ``start`` on."""
        if closing in self._missing:
            return None
        match = re.compile(closing, re.IGNORECASE).search(self._text, start)
        if match is None:
            self._missing.add(closing)
            return None
        return match.end()


def _html_edits(text: str) -> Iterator[_Edit]:
    closings = _Closings(text)
    position = 0
    while (match := _HTML.search(text, position)) is not None:
        start, position = match.span()
        if match["comment"] or match["hidden"]:
            closing = "-->" if match["comment"] else rf"</{match['name']}\s*>"
            end = closings.end(closing, position)
            if end is not None:
                yield _Edit(start, end, "")
                position = end
        elif match["line"]:
            yield _Edit(start, position, " ")
        else:
            yield _Edit(start, position, _replacement(match))


def _replacement(match: re.Match[str]) -> str:
    """Return what stands for a tag, an entity, or what is to be dropped."""
    if match["entity"]:
        return html.unescape(match["entity"])
    return "\n" if match["tag"] and _BLOCKS.fullmatch(match["tag"]) else ""


def _wiki_edits(text: str) -> Iterator[_Edit]:
    yield from _bracket_edits(text)
    for match in _INLINE.finditer(text):
        yield _Edit(*match.span(), _replacement(match))


def _bracket_edits(text: str) -> Iterator[_Edit]:
    """Pair brackets off in one pass, and yield what goes of each pair."""
    closings = _Closings(text)
    stack: list[_Opened] = []
    open_kinds: Counter[str] = Counter()
    position = 0
    while (match := _BRACKETS.search(text, position)) is not None:
        start, position = match.span()
        kind = match.lastgroup or ""
        if kind in ("comment", "nowiki"):
            end = closings.end("-->" if kind == "comment" else "</nowiki>", position)
            if end is not None:
                yield from _literal(text, start, end, kind)
                position = end
        elif kind == "":
            yield _Edit(start, position, "")
        elif kind == "pipe":
            if stack:
                stack[-1].pipes.append(position)
        elif not kind.endswith("_end"):
            stack.append(_Opened(kind, start, position, []))
            open_kinds[kind] += 1
        elif open_kinds[kind := kind.removesuffix("_end")]:
            while (opened := stack.pop()).kind != kind:
                open_kinds[opened.kind] -= 1
            open_kinds[kind] -= 1
            yield from _pair_edits(text, opened, start, position)


def _literal(text: str, start: int, end: int, kind: str) -> Iterator[_Edit]:
    """Yield what goes of a comment, or of what is to be shown as it is written."""
    if kind == "comment":
        yield _Edit(start, end, "")
        return
    first, last = start + len("<nowiki>"), end - len("</nowiki>")
    yield _Edit(start, first, "")
    yield _Edit(first, last, text[first:last])  # no change, but no other edit begins in it
    yield _Edit(last, end, "")


def _pair_edits(text: str, opened: _Opened, start: int, end: int) -> Iterator[_Edit]:
    """Yield what goes of a pair whose second half is ``text[start:end]``."""
    if opened.kind == "address":
        yield _Edit(opened.start, opened.end, "")
        yield _Edit(start, end, "")
        return
    target_end = opened.pipes[0] - 1 if opened.pipes else start
    shown = opened.kind == "link" and not _NAMESPACES.match(text, opened.end, target_end)
    if shown and not opened.pipes and _INTERWIKI.fullmatch(text, opened.end, start):
        shown = False
    if not shown:
        yield _Edit(opened.start, end, "")
    elif opened.pipes and opened.pipes[0] < start:
        yield _Edit(opened.start, opened.pipes[0], "")
        yield _Edit(start, end, "")
    else:  # no label, or an empty one
        yield _Edit(opened.start, opened.end + (text[opened.end] == ":"), "")
        yield _Edit(target_end, end, "")
