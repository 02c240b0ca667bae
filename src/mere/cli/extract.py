"""The command ``mere extract``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from mere.cli.console import STANDARD
from mere.cli.options import BatchSize, ModelOption, Precise, language_option, output_option
from mere.cli.reading import Watch, fingerprint, source_of
from mere.cli.request import Request, chosen_relations, thresholds
from mere.data.files import atomic_write_bytes, is_replaced, packed
from mere.data.formats.rows import TEXT_COLUMN
from mere.errors import InputError
from mere.inference.artifact import DEFAULT
from mere.inference.documents import Paragraph
from mere.inference.extractor import Backend, Extractor, Record
from mere.inference.resume import belongs_to, resumable
from mere.inference.sources import matches, read_documents
from mere.inference.writers import FORMS, Format, form_of


def extract_command(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT|-|FILES…]",
            help="A text, - for standard input, text files, files of rows "
            "(.jsonl .ndjson .jl .json .csv .tsv .parquet), or folders of them.",
        ),
    ] = None,
    model: ModelOption = DEFAULT,
    language: Annotated[str, language_option("Language of all texts, or auto to identify each sentence's.")] = "auto",
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Form of the output; without it as the output's name ends, or a table."),
    ] = None,
    output: Annotated[
        Path | None,
        output_option("Write to a file, - for standard output. A .jsonl that was interrupted goes on when repeated."),
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Take every line as a document of its own.")] = False,
    include: Annotated[str, typer.Option(metavar="PATTERN", help="Which files of folders, such as '*.txt'.")] = "*",
    text_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column or key of the texts in files of rows.")
    ] = TEXT_COLUMN,
    markup: Annotated[
        Literal["html", "wiki"] | None, typer.Option(help="Pass over this markup; offsets count in the text as given.")
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER|RELATION=NUMBER",
            help="All triples at least as likely right as this, in place of the model's thresholds; repeatable.",
        ),
    ] = None,
    relations: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Look for these relations only; repeatable.")
    ] = None,
    precise: Precise = False,
    batch_size: BatchSize = 32,
    backend: Annotated[
        Backend, typer.Option(help="What runs the model; auto takes ONNX graphs where it has any.")
    ] = "auto",
) -> None:
    """Extract (head, relation, tail) triples from texts.

    Examples: mere extract "Ada Lovelace was born in London." | mere extract articles/ --output triples.jsonl

    What was read is told at the end. A file that cannot be read does not stop the others; the exit code is then 2.
    """
    if not inputs:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError("nothing to read; give a text, files, or - for standard input")
        inputs = ["-"]
    # before the model is loaded, so that a wrong name is told at once
    sources = [source_of(given) for given in inputs]
    output = None if output == STANDARD else output
    form = form or form_of(output)
    extractor = Extractor.from_pretrained(model, backend=backend)
    request = Request(
        language=language,
        threshold=thresholds(threshold or (), extractor.relations),
        relations=chosen_relations(relations, extractor.relations),
        precise=precise,
        batch_size=batch_size,
    )
    request.check(extractor)
    watch = Watch(extractor.languages, shown=output is not None or not sys.stdout.isatty())

    def extract(earlier: Iterable[Paragraph] = ()) -> Iterator[Record]:
        paragraphs = read_documents(
            sources,
            lines=lines,
            markup=markup,
            text_column=text_column,
            chosen=lambda path: matches(path, include) and not belongs_to(output, path),
            failed=watch.failed,
            report=watch.report,
        )
        return watch.records(request.records(extractor, watch.tally.read(paragraphs), earlier))

    if output is None:
        FORMS[form].write(extract(), sys.stdout.buffer)
    elif form == "jsonl" and output.suffix.lower() != ".gz" and is_replaced(output):
        settings = (*request.shaping(), fingerprint(model), lines, markup, text_column, backend)
        with watch.resuming(), resumable(output, settings) as unfinished:
            unfinished.write(extract(unfinished.earlier()))
            watch.check()
        watch.earlier = unfinished.count
    else:
        with atomic_write_bytes(output) as raw, packed(raw, output) as handle:
            FORMS[form].write(extract(), handle)  # type: ignore[arg-type]
            watch.check()
    watch.close()
