"""The command ``mere extract``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mere.apps.output import WRITERS, Format
from mere.data.files import atomic_write, read_lines
from mere.data.readers import read_sentences
from mere.errors import InputError
from mere.runtime.documents import Paragraph
from mere.runtime.extractor import Extractor, Runtime

STDIN = "-"

_DATA_ENDINGS = (".tsv", ".jsonl", ".tsv.gz", ".jsonl.gz")
"""Files whose sentences' texts are taken, each as a document called after its id."""


def extract_command(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT|-|FILES…]", help="A text, - for standard input, text files, or data files."),
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help="A model's directory.")] = "default",
    language: Annotated[
        str, typer.Option("--language", "-l", help="Language of all texts, or auto to identify each sentence's.")
    ] = "auto",
    form: Annotated[Format, typer.Option("--format", "-f", help="Form of the output.")] = "table",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file, whole or not at all.")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Take every line as a document of its own.")] = False,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out triples that are less likely right than this.")
    ] = 0.0,
    precise: Annotated[
        bool, typer.Option("--precise", help="Only sure triples, by the model's own thresholds.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences a batch.")] = 32,
    runtime: Annotated[
        Runtime, typer.Option(help="What runs the model; auto takes ONNX graphs where it has any.")
    ] = "auto",
) -> None:
    """Extract (head, relation, tail) triples from texts.

    Examples: mere extract "Ada Lovelace was born in London." | mere extract --format jsonl article.txt
    """
    if not inputs:
        if sys.stdin.isatty():
            raise InputError("nothing to read; give a text, files, or - for standard input")
        inputs = [STDIN]
    paragraphs = _paragraphs(inputs, lines)
    extractor = Extractor.load(model, runtime)
    spoken = None if language == "auto" else language
    records = extractor.paragraphs(paragraphs, spoken, min_score, batch_size, precise)
    if output is None:
        WRITERS[form](records, sys.stdout)
        sys.stdout.flush()
    else:
        with atomic_write(output) as handle:
            WRITERS[form](records, handle)


def _paragraphs(inputs: list[str], lines: bool) -> Iterator[Paragraph]:
    """Tell texts from files, at once, so that a wrong name is reported before a model is loaded."""
    sources: list[str | Path] = [_source(one) for one in inputs]
    return (paragraph for source in sources for paragraph in _read(source, lines))


def _source(one: str) -> str | Path:
    if one == STDIN:
        return Path("/dev/stdin")
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


def _read(source: str | Path, lines: bool) -> Iterator[Paragraph]:
    if isinstance(source, str):
        yield Paragraph("text", 0, source)
        return
    if source.name.lower().endswith(_DATA_ENDINGS):
        for number, sentence in enumerate(read_sentences(source), start=1):
            yield Paragraph(f"{source}:{sentence.id or number}", 0, sentence.text)
        return
    name = "stdin" if str(source) == "/dev/stdin" else str(source)
    offset = 0
    for number, line in read_lines(source, keep_ends=True):
        yield Paragraph(f"{name}:{number}" if lines else name, 0 if lines else offset, line)
        offset += len(line)
