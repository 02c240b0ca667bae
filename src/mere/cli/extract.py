"""The command ``mere extract``."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import mere
from mere.cli.data import print_summary
from mere.data.files import atomic_write
from mere.data.report import Report
from mere.errors import InputError
from mere.inference.artifact import DEFAULT, MANIFEST, find_model
from mere.inference.documents import Paragraph
from mere.inference.extractor import Backend, Extractor, Record
from mere.inference.resume import belongs_to, resumable
from mere.inference.sources import STDIN, matches, read_documents
from mere.inference.tally import Tally
from mere.inference.writers import WRITERS, Format, form_of


def extract_command(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT|-|FILES…]", help="A text, - for standard input, text files, data files, or folders of them."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", "-m", metavar="MODEL", help="A model's directory; default is the one in the package."),
    ] = DEFAULT,
    language: Annotated[
        str, typer.Option("--language", "-l", help="Language of all texts, or auto to identify each sentence's.")
    ] = "auto",
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Form of the output; without it as the output's name ends, or a table."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to a file. A .jsonl that was interrupted goes on when repeated."),
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Take every line as a document of its own.")] = False,
    include: Annotated[str, typer.Option(metavar="PATTERN", help="Which files of folders, such as '*.txt'.")] = "*",
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="All triples at least as likely right as this, in place of thresholds."),
    ] = None,
    precise: Annotated[
        bool, typer.Option("--precise", help="Only sure triples, by the model's own thresholds.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences a batch.")] = 32,
    backend: Annotated[
        Backend, typer.Option(help="What runs the model; auto takes ONNX graphs where it has any.")
    ] = "auto",
) -> None:
    """Extract (head, relation, tail) triples from texts.

    Examples: mere extract "Ada Lovelace was born in London." | mere extract articles/ --output triples.jsonl

    What was read is told at the end. A file that cannot be read does not stop the others; the exit code is then 2.
    """
    if not inputs:
        if sys.stdin.isatty():
            raise InputError("nothing to read; give a text, files, or - for standard input")
        inputs = ["-"]
    sources = [_source(one) for one in inputs]  # before the model is loaded, so that a wrong name is told at once
    extractor = Extractor.from_pretrained(model, backend=backend)
    reading = _Reading(not sys.stdout.isatty() or output is not None)

    def extract(known: Iterable[Paragraph] = ()) -> Iterator[Record]:
        paragraphs = read_documents(
            sources,
            lines=lines,
            chosen=lambda path: matches(path, include) and not belongs_to(output, path),
            failed=reading.failed,
            report=reading.report,
        )
        records = extractor.records(
            reading.tally.read(paragraphs),
            known=known,
            language=language,
            threshold=threshold,
            precise=precise,
            batch_size=batch_size,
        )
        return reading.watch(reading.tally.found(records))

    form = form or form_of(output)
    if output is None:
        WRITERS[form](extract(), sys.stdout)
        sys.stdout.flush()
    elif form == "jsonl" and output.suffix.lower() != ".gz":
        settings = (mere.__version__, _fingerprint(model), language, threshold, precise, lines, backend)
        with resumable(output, settings) as part:
            part.write(extract(part.known()))
            reading.check()
        reading.known = part.found
    else:
        with atomic_write(output) as handle:
            WRITERS[form](extract(), handle)
            reading.check()
    reading.close()


class _Reading:
    """Tells people how the reading goes: a bar on a terminal, a line for what cannot be read, a line at the end."""

    def __init__(self, show: bool) -> None:
        self.tally = Tally()
        self.report = Report(keep=1)
        self.known = 0
        self._failures = 0
        self._console = Console(stderr=True, soft_wrap=True)
        self._show = show and self._console.is_terminal

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """Pass records on while a bar shows what was read and found."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._show) as bar:
            task = bar.add_task("")
            for record in records:
                if self._show:
                    bar.update(task, description=str(self.tally))
                yield record

    def failed(self, error: InputError) -> None:
        """Tell of a file that cannot be read."""
        self._failures += 1
        typer.echo(f"error: {error}", err=True)

    def check(self) -> None:
        """End the command where nothing could be read, before an older output is replaced."""
        if self._failures and not self.tally.documents:
            raise typer.Exit(2)

    def close(self) -> None:
        """Tell what was read and what was not; the exit code is 2 where something was not."""
        self.check()
        print_summary(self.report)
        earlier = f"; {self.known:,} sentences were there from an earlier run" if self.known else ""
        typer.echo(f"{self.tally}{earlier}", err=True)
        if self._failures:
            typer.echo(f"{self._failures:,} of the inputs could not be read to their end, see above", err=True)
            raise typer.Exit(2)


def _fingerprint(model: str) -> str:
    """Return a checksum of the model: that of its manifest, which holds those of its files."""
    return hashlib.sha256((find_model(model) / MANIFEST).read_bytes()).hexdigest()


def _source(one: str) -> str | Path:
    """Tell a text from a file or folder."""
    if one == "-":
        return STDIN
    if not one.strip():  # as a path it would be the folder one is in
        raise InputError("a text is empty; give a text, a file, a folder, or - for standard input")
    path = Path(one)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a text too long for a name, or with a NUL
        exists = False
    if exists:
        return path
    if path.suffix and len(path.suffix) <= 6 and not any(c.isspace() for c in one):
        raise InputError("there is no such file; a text of one word with a dot is taken for a file name", path=one)
    return one
