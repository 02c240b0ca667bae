"""The command ``mere data convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import progress, summarise, tell
from mere.cli.data.place import reading_place
from mere.cli.options import FILES
from mere.data.formats import check_ending, read_sentences, write_sentences
from mere.data.report import Report

_FORMS = FILES.removesuffix("; repeatable")


def convert_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help=f"The file to read ({_FORMS}).")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=f"The file to write ({_FORMS}).")],
) -> None:
    """Write a data file anew in another form: SMiLER's TSV (one triple a row) or jsonl, as the names end."""
    check_ending(target)
    report = Report(keep=1)
    with progress(reading_place(report)):
        lines = write_sentences(read_sentences(source, report=report), target, report=report)
    summarise(report)
    tell(f"{lines:,} lines written to {target}")
