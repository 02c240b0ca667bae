"""The command ``mere data check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from mere.cli.console import STYLES, output, progress, table, tell
from mere.cli.data.place import reading_place
from mere.cli.options import FILES
from mere.data.doctor import Doctor
from mere.data.fix import fix
from mere.data.report import KINDS, Report
from mere.errors import InputError

Role = Annotated[list[Path] | None, typer.Option(metavar="FILE", help=f"A file of this role ({FILES}).")]


def check_command(
    files: Annotated[list[Path] | None, typer.Argument(help=f"Files without a role ({FILES}).")] = None,
    train: Role = None,
    dev: Role = None,
    test: Role = None,
    examples: Annotated[int, typer.Option(min=0, help="How many places to show of each kind.")] = 3,
    mended: Annotated[
        Path | None,
        typer.Option(
            "--fix",
            metavar="OUT",
            help="Also write the data mended: a file, or for several files a folder. Spans are trimmed, names that "
            "differ in case, sign or blank only become one, duplicates and lines that cannot be read are left out.",
        ),
    ] = None,
) -> None:
    """Look for faults in data files: bad lines, doubtful spans, duplicates, leaks from train into dev and test.

    The exit code is 0 when all is well or merely doubtful, 1 when there are errors, 2 when a file cannot be read.
    """
    roles = {role: paths for role, paths in (("train", train), ("dev", dev), ("test", test)) if paths}
    roles |= {str(path): [path] for path in files or ()}
    if not roles:
        raise InputError("name the files to check: mere data check --train FILE --test FILE, or mere data check FILE")
    report = Report(keep=examples, collect_errors=True)
    with Doctor(roles, report) as doctor:
        with progress(reading_place(report)):
            doctor.check()
        _print_report(report)
        if mended is not None:
            tell(str(fix(roles, mended, doctor.spellings())))
    if report.count("error"):
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    console = output()
    if not report.counts:
        console.print("Nothing to report.")
        return
    rows = []
    for kind in report.kinds():
        severity, meaning = KINDS[kind]
        rows.append((Text(severity, STYLES[severity]), kind, meaning, f"{report.counts[kind]:,}"))
    shown = table("", "kind", "meaning", "count", rows=rows)
    for column in shown.columns[:-1]:
        column.justify = "left"
    console.print(shown)
    for kind in report.kinds():
        for notice in report.notices(kind):
            console.print(Text.assemble((kind, STYLES[notice.severity]), f" {notice}"), soft_wrap=True)
