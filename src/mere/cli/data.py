"""The commands ``mere data check``, ``stats`` and ``convert``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mere.cli.generate import generate_command
from mere.data.doctor import check
from mere.data.formats import read_sentences, write_sentences
from mere.data.report import KINDS, Report
from mere.data.stats import LanguageStats, stats, total
from mere.errors import InputError

data_app = typer.Typer(help="Check, count and convert data files.", no_args_is_help=True)
data_app.command("generate")(generate_command)

_FORMS = "SMiLER's .tsv or .jsonl, also with .gz"
_STYLES = {"error": "bold red", "warning": "yellow", "repaired": "cyan", "dropped": "magenta"}

Role = Annotated[list[Path] | None, typer.Option(metavar="FILE", help=f"A file of this role ({_FORMS}); repeatable.")]


@data_app.command("check")
def check_command(
    files: Annotated[list[Path] | None, typer.Argument(help=f"Files without a role ({_FORMS}).")] = None,
    train: Role = None,
    dev: Role = None,
    test: Role = None,
    examples: Annotated[int, typer.Option(min=0, help="How many places to show of each kind.")] = 3,
) -> None:
    """Look for faults in data files: bad lines, doubtful spans, duplicates, leaks from train into dev and test.

    The exit code is 0 when all is well or merely doubtful, 1 when there are errors, 2 when a file cannot be read.
    """
    roles = {role: paths for role, paths in (("train", train), ("dev", dev), ("test", test)) if paths}
    roles |= {str(path): [path] for path in files or ()}
    if not roles:
        raise InputError("name the files to check: mere data check --train FILE --test FILE, or mere data check FILE")
    report = Report(keep=examples, collect_errors=True)
    with _progress(report):
        check(roles, report=report)
    _print_report(report, Console())
    if report.count("error"):
        raise typer.Exit(1)


@data_app.command("stats")
def stats_command(
    files: Annotated[list[Path], typer.Argument(help=f"The files to count ({_FORMS}).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of tables.")] = False,
) -> None:
    """Count sentences, triples and relations by language, and measure lengths."""
    report = Report()
    with _progress(report):
        languages = stats(files, report=report)
    print_summary(report)
    everything = total(languages)
    if as_json:
        values = {language: one.to_dict() for language, one in languages.items()}
        typer.echo(json.dumps({"languages": values, "total": everything.to_dict()}, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(_language_table(languages, everything))
    console.print(_relation_table(everything))


@data_app.command("convert")
def convert_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help=f"The file to read ({_FORMS}).")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=f"The file to write ({_FORMS}).")],
) -> None:
    """Write a data file anew in another form: SMiLER's TSV (one triple a row) or jsonl, as the names end."""
    report = Report(keep=1)
    with _progress(report):
        lines = write_sentences(read_sentences(source, report=report), target, report=report)
    print_summary(report)
    Console(stderr=True).print(f"{lines:,} lines written to", Text(str(target)), soft_wrap=True, highlight=False)


class _Place(ProgressColumn):
    """Shows where reading stands; the report is asked, so that readers need not know of any progress bar."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def render(self, task: Task) -> Text:
        path, line = self._report.path, self._report.line
        return Text("working" if path is None else f"{path.name}, line {line or 0:,}")


@contextmanager
def _progress(report: Report) -> Iterator[None]:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), _Place(report), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task("")
        yield


def _print_report(report: Report, console: Console) -> None:
    if not report.counts:
        console.print("Nothing to report.")
        return
    table = Table("", "kind", "meaning", box=None, header_style="bold")
    table.add_column("count", justify="right")
    for kind in report.kinds():
        severity, meaning = KINDS[kind]
        table.add_row(Text(severity, _STYLES[severity]), kind, meaning, f"{report.counts[kind]:,}")
    console.print(table)
    for kind in report.kinds():
        for notice in report.notices(kind):
            console.print(Text.assemble((kind, _STYLES[notice.severity]), f" {notice}"), soft_wrap=True)


def print_summary(report: Report) -> None:
    """Say on stderr what was mended or left out, one line a kind."""
    console = Console(stderr=True)
    for kind in report.kinds():
        severity, meaning = KINDS[kind]
        line = Text.assemble((severity, _STYLES[severity]), f": {kind}, {report.counts[kind]:,} x: {meaning}")
        console.print(line, soft_wrap=True)


def _language_table(languages: dict[str, LanguageStats], everything: LanguageStats) -> Table:
    table = Table("language", box=None, header_style="bold", show_footer=len(languages) > 1, footer_style="bold")
    rows = {language: _cells(one) for language, one in languages.items()}
    table.columns[0].footer = "all"
    names = ("sentences", "negatives", "triples", "relations", "length: median", "95 %", "max")
    for name, footer in zip(names, _cells(everything), strict=True):
        table.add_column(name, footer, justify="right")
    for language, cells in rows.items():
        table.add_row(Text(language), *cells)
    return table


def _cells(one: LanguageStats) -> list[str]:
    counts = (one.sentences, one.negatives, one.triples, len(one.relations), *one.lengths.to_dict().values())
    return [f"{count:,}" for count in counts]


def _relation_table(everything: LanguageStats) -> Table:
    table = Table("relation", box=None, header_style="bold")
    table.add_column("triples", justify="right")
    for relation, count in everything.relations.most_common():
        table.add_row(Text(relation), f"{count:,}")
    return table
