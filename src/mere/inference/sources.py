"""Documents from texts, files and folders, as one stream of paragraphs in constant memory.

A file is a document, or each of its lines is; of a file that holds rows (`mere.data.formats.rows`, or SMiLER's TSV)
each text is one, called after its id, or after the number of its row. Names of text files may end in ``.gz``. Folders
are read with all that is below them, in the order of names, without what is hidden.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from mere.data.files import STDIN, read_text
from mere.data.formats import read_sentences
from mere.data.formats.rows import TEXT_COLUMN, Row, holds_rows, read_rows
from mere.data.formats.smiler import has_smiler_header
from mere.data.report import Report
from mere.errors import InputError
from mere.inference.documents import Paragraph, checked_text, paragraphs_of, read_blocks, read_paragraphs
from mere.inference.markup import Markup


@dataclass(frozen=True)
class _Reading:
    """How a file is read, as `read_documents` has it."""

    lines: bool
    markup: Markup | None
    text_column: str


def read_documents(
    sources: Iterable[str | Path],
    *,
    lines: bool = False,
    markup: Markup | None = None,
    text_column: str = TEXT_COLUMN,
    chosen: Callable[[Path], bool] = lambda path: True,
    failed: Callable[[InputError], None] | None = None,
    report: Report | None = None,
) -> Iterator[Paragraph]:
    """Yield the paragraphs of all documents in order.

    Parameters
    ----------
    sources:
        A string is a text, a path a file or a folder.
    lines:
        Take every line of a text file as a document of its own.
    markup:
        Pass over this markup; a file is then held whole.
    text_column:
        The column or key of the texts in files that hold rows.
    chosen:
        Which of the files in folders to read.
    failed:
        Told of every file, folder or row that cannot be read, to its end or at all; reading goes on with the next one.
        Without it the first such `InputError` is raised.
    report:
        Told of what is left out of files that hold rows.
    """
    reading = _Reading(lines, markup, text_column)
    report = Report(told=failed) if report is None else report
    for source in sources:
        if isinstance(source, str):
            yield from paragraphs_of("text", checked_text(source), markup)
            continue
        for file in _files(source, chosen):
            try:
                if isinstance(file, InputError):
                    raise file
                yield from _read(file, reading, report)
            except InputError as error:
                if failed is None:
                    raise
                failed(error)


def matches(path: Path, pattern: str) -> bool:
    """Whether the name of a file matches a shell pattern such as ``*.txt``, in any case."""
    return fnmatchcase(path.name.lower(), pattern.lower())


def _files(source: Path, chosen: Callable[[Path], bool]) -> Iterator[Path | InputError]:
    """Yield the files of a folder, or the file itself, and errors for what cannot be looked into."""
    if not source.is_dir():
        yield source
        return
    some = False
    for entry in _below(source, chosen):
        some = True
        yield entry
    if not some:
        yield InputError("the folder holds no file to read", path=source)


def _below(folder: Path, chosen: Callable[[Path], bool]) -> Iterator[Path | InputError]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        yield InputError(f"the folder cannot be read ({error.strerror})", path=folder)
        return
    for path in (folder / name for name in names):
        if os.path.isdir(path):  # not is_dir, which raises where a folder may be listed but not entered
            if path.is_symlink():
                yield InputError("is a link to a folder, which is not followed; name it to have it read", path=path)
            else:
                yield from _below(path, chosen)
        elif chosen(path):
            yield path if os.path.isfile(path) else InputError("is neither a file nor a folder", path=path)


def _read(path: Path, reading: _Reading, report: Report) -> Iterator[Paragraph]:
    name = "stdin" if path == STDIN else str(path).encode("utf-8", "replace").decode()
    if holds_rows(path):
        last = None
        for row in _rows(path, reading.text_column, report):
            document = f"{name}:{row.id or row.line}"
            # neighbours of one name would be taken for one document
            document = last = f"{document}:{row.line}" if document == last else document
            yield from paragraphs_of(document, row.text, reading.markup, row.language)
    elif reading.lines:
        yield from _lines(path, name, reading.markup)
    elif reading.markup:
        yield from paragraphs_of(name, "".join(read_text(path)), reading.markup)
    else:
        for offset, text in read_blocks(read_text(path)):
            yield Paragraph(name, offset, text)


def _lines(path: Path, name: str, markup: Markup | None) -> Iterator[Paragraph]:
    for line in read_paragraphs(read_text(path)):
        document = f"{name}:{line.number}"
        if markup is None:
            yield Paragraph(document, line.column, line.text)
            continue
        for paragraph in paragraphs_of(document, line.text, markup):
            yield replace(paragraph, offset=line.column + paragraph.offset)


def _rows(path: Path, column: str, report: Report) -> Iterator[Row]:
    """Yield the rows of a file; a TSV file with SMiLER's header is read as that, without the tags in its texts."""
    is_tsv = path.name.lower().endswith((".tsv", ".tsv.gz"))
    if not (is_tsv and column == TEXT_COLUMN and has_smiler_header(path)):
        yield from read_rows(path, column, report)
        return
    for sentence in read_sentences(path, report=report):
        yield Row(sentence.text, report.line or 0, sentence.id, sentence.language)
