"""Documents from texts, files and folders, as one stream of paragraphs in constant memory.

A file is a document, or each of its lines is; of a data file (SMiLER's ``.tsv``, ``.jsonl``) the text of each sentence
is one, called after the sentence's id. Any name may end in ``.gz``. Folders are read with all that is below them, in
the order of names, without what is hidden.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from mere.data.files import read_text
from mere.data.formats import read_sentences
from mere.data.report import Report
from mere.errors import InputError
from mere.inference.documents import Paragraph, checked_text, paragraphs_of, read_blocks, read_paragraphs

STDIN = Path("/dev/stdin")

_DATA_ENDINGS = (".tsv", ".jsonl", ".tsv.gz", ".jsonl.gz")


def read_documents(
    sources: Iterable[str | Path],
    *,
    lines: bool = False,
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
    chosen:
        Which of the files in folders to read.
    failed:
        Told of every file or folder that cannot be read, to its end or at all; reading goes on with the next one.
        Without it the first such `InputError` is raised.
    report:
        Told of what is left out of data files.
    """
    for source in sources:
        if isinstance(source, str):
            yield from paragraphs_of("text", checked_text(source))
            continue
        for found in _files(source, chosen):
            try:
                if isinstance(found, InputError):
                    raise found
                yield from _read(found, lines, report)
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
    for found in _below(source, chosen):
        some = True
        yield found
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


def _read(path: Path, lines: bool, report: Report | None) -> Iterator[Paragraph]:
    name = "stdin" if path == STDIN else str(path).encode("utf-8", "replace").decode()
    if path.name.lower().endswith(_DATA_ENDINGS):
        for number, sentence in enumerate(read_sentences(path, report=report), start=1):
            yield from paragraphs_of(f"{name}:{sentence.id or number}", sentence.text)
        return
    if lines:
        for line in read_paragraphs(read_text(path)):
            yield Paragraph(f"{name}:{line.number}", line.column, line.text)
        return
    for offset, text in read_blocks(read_text(path)):
        yield Paragraph(name, offset, text)
