"""The command ``mere data stats``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mere.cli.console import STANDARD, output, progress, summarise, table, write_json
from mere.cli.data.place import reading_place
from mere.cli.options import Json, files_argument
from mere.data.report import Report
from mere.data.stats import LanguageStats, stats, total


def stats_command(
    files: Annotated[list[Path], files_argument("The files to count")],
    as_json: Json = None,
) -> None:
    """Count sentences, triples and relations by language, and measure lengths."""
    report = Report()
    with progress(reading_place(report)):
        languages = stats(files, report=report)
    summarise(report)
    everything = total(languages)
    if as_json is not None:
        values = {language: counts.to_dict() for language, counts in languages.items()}
        write_json({"languages": values, "total": everything.to_dict()}, as_json, files)
    if as_json == STANDARD:
        return
    names = ("sentences", "negatives", "partly", "triples", "relations", "length: median", "95 %", "max")
    rows = [(language, *_cells(counts)) for language, counts in languages.items()]
    footer = ("all", *_cells(everything)) if len(languages) > 1 else ()
    output().print(table("language", *names, rows=rows, footer=footer))
    counted = everything.relations.most_common()
    output().print(table("relation", "triples", rows=[(relation, f"{count:,}") for relation, count in counted]))


def _cells(counts: LanguageStats) -> list[str]:
    sentences = (counts.sentences, counts.negatives, counts.partly, counts.triples, len(counts.relations))
    return [f"{count:,}" for count in (*sentences, *counts.lengths.to_dict().values())]
