"""What the command line reads, and how it tells people of the reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from mere.cli.console import State, fail, is_verbose, progress, summarise, tell, warn
from mere.data.files import STDIN
from mere.data.report import Report
from mere.errors import InputError
from mere.inference.artifact import MANIFEST, find_model
from mere.inference.extractor import Record
from mere.inference.tally import Tally

MOST_ERRORS = 20
"""Errors that are told one by one, unless details are wanted."""


class Watch:
    """Tells how an extraction goes: a bar on a terminal, a line for what cannot be read, what came of it at the end.

    Parameters
    ----------
    languages:
        Those of the model.
    shown:
        Whether there may be a bar.
    """

    def __init__(self, languages: tuple[str, ...], *, shown: bool) -> None:
        self.tally = Tally(languages)
        self.report = Report(keep=MOST_ERRORS if is_verbose() else 1, told=self.failed)
        self.earlier = 0
        self._failures = 0
        self._shown = shown

    def records(self, records: Iterator[Record]) -> Iterator[Record]:
        """Pass records on while a bar shows what was read and found."""
        with progress(lambda: State(str(self.tally)), shown=self._shown):
            yield from self.tally.found(records)

    def failed(self, error: InputError) -> None:
        """Tell of a file or row that cannot be read."""
        self._failures += 1
        if self._failures <= MOST_ERRORS or is_verbose():
            fail(str(error))

    def check(self) -> None:
        """End the command where nothing could be read, before an older output is replaced; raises `typer.Exit`."""
        if self._failures and not self.tally.documents:
            raise typer.Exit(2)

    @contextmanager
    def resuming(self) -> Iterator[None]:
        """Tell, after Ctrl-C, that the same command goes on."""
        try:
            yield
        except KeyboardInterrupt:
            if self.tally.sentences:
                tell("interrupted; the same command goes on from what is written")
            raise

    def close(self) -> None:
        """Tell what was read and what was not; raises `typer.Exit` with code 2 where something was not."""
        if self._failures > MOST_ERRORS and not is_verbose():
            fail(f"{self._failures - MOST_ERRORS:,} more such errors; --verbose tells them all")
        self.check()
        summarise(self.report)
        earlier = f"; {self.earlier:,} sentences were there from an earlier run" if self.earlier else ""
        tell(f"{self.tally}{earlier}")
        if foreign := self.tally.warning():
            warn(foreign)
        if self._failures:
            tell(f"{self._failures:,} of the inputs could not be read to their end, see above")
            raise typer.Exit(2)


def fingerprint(model: str) -> str:
    """Return a checksum of the model: that of its manifest, which holds those of its files."""
    return hashlib.sha256((find_model(model) / MANIFEST).read_bytes()).hexdigest()


def source_of(given: str) -> str | Path:
    """Tell a text from a file or folder; raises `InputError` for the name of one that is not there."""
    if given == "-":
        return STDIN
    if not given.strip():  # as a path it would be the folder one is in
        raise InputError("a text is empty; give a text, a file, a folder, or - for standard input")
    path = Path(given)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a text too long for a name, or with a NUL
        exists = False
    if exists:
        return path
    if given.endswith("/") or ("/" in given and given.isascii() and not any(c.isspace() for c in given)):
        raise InputError("there is no such file or folder; a text needs a blank somewhere", path=given)
    if path.suffix and len(path.suffix) <= 6 and not any(c.isspace() for c in given):
        raise InputError("there is no such file; a text of one word with a dot is taken for a file name", path=given)
    return given
