"""How commands talk to people, on standard error: one bar, one table, one way of warnings and summaries.

Quiet means errors only. Verbose means details of every warning, and a line a minute of long work, also where no
terminal shows a bar.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mere.data.files import atomic_write
from mere.data.report import KINDS, Report
from mere.errors import InputError

Verbosity = Literal["quiet", "normal", "verbose"]

STANDARD = Path("-")
"""In place of a file to write: standard output."""

STYLES = {"error": "bold red", "warning": "yellow", "repaired": "cyan", "dropped": "magenta"}
"""Of the severities of a report."""

EVERY = 60.0
"""Seconds between two lines of verbose work."""

_verbosity: Verbosity = "normal"


def set_verbosity(quiet: bool, verbose: bool) -> None:
    """Say less or more from now on; raises `InputError` for both at once."""
    global _verbosity
    if quiet and verbose:
        raise InputError("--quiet and --verbose exclude each other; give one of them")
    _verbosity = "quiet" if quiet else "verbose" if verbose else "normal"


def is_verbose() -> bool:
    """Whether details are wanted."""
    return _verbosity == "verbose"


def errors() -> Console:
    """Return the console for people; what goes there is neither wrapped nor taken for markup."""
    return Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


def output() -> Console:
    """Return the console for results."""
    return Console(highlight=False, markup=False, emoji=False)


def fail(message: str) -> None:
    """Tell of an error."""
    errors().print(f"error: {message}")


def tell(message: str) -> None:
    """Tell what was done."""
    if _verbosity != "quiet":
        errors().print(message)


def warn(message: str) -> None:
    """Tell of something doubtful."""
    if _verbosity != "quiet":
        errors().print(Text.assemble(("warning", STYLES["warning"]), f": {message}"))


def summarise(report: Report) -> None:
    """Tell what was mended or left out: one line a kind, with the place where there is but one.

    Every place that the report has kept follows if details are wanted.
    """
    if _verbosity == "quiet":
        return
    for kind in report.kinds():
        severity, meaning = KINDS[kind]
        notices = report.notices(kind)
        place = f" ({notices[0]})" if report.counts[kind] == 1 and notices else ""
        line = f": {kind}, {report.counts[kind]:,} x: {meaning}{place}"
        errors().print(Text.assemble((severity, STYLES[severity]), line))
        if is_verbose():
            for notice in notices:
                errors().print(Text(f"    {notice}"))


def table(*columns: str, rows: Sequence[Sequence[str | Text]], footer: Sequence[str] = (), caption: str = "") -> Table:
    """Return a table for people: names in the first column, whose words are never cut, figures in the others."""
    made = Table(box=None, header_style="bold", footer_style="bold", show_footer=bool(footer), caption=caption or None)
    made.collapse_padding, made.pad_edge = True, False
    longest = max((len(word) for row in rows for word in str(row[0]).split()), default=0)
    feet = [*footer, *("" for _ in columns[len(footer) :])]
    for number, (name, foot) in enumerate(zip(columns, feet, strict=True)):
        if number:
            made.add_column(name, Text(foot), justify="right")
        else:
            made.add_column(name, Text(foot), overflow="fold", min_width=longest)
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def write_json(values: Any, path: Path, inputs: Sequence[Path] = ()) -> None:
    """Write values as JSON to a file, or to standard output for ``-``; raises `InputError` for one of ``inputs``."""
    written = json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    if path == STANDARD:
        sys.stdout.write(written)
        return
    if any(path.exists() and given.exists() and path.samefile(given) for given in inputs):
        raise InputError(
            "is one of the files to read; --json wants the file to write, or - for standard output", path=path
        )
    with atomic_write(path) as handle:
        handle.write(written)


class State(NamedTuple):
    """How far some work has come: in words, and in steps where their number is known."""

    words: str
    done: int = 0
    total: int | None = None


@contextmanager
def progress(state: Callable[[], State], *, shown: bool = True) -> Iterator[Console]:
    """Show a bar on a terminal while the block runs; ``state`` is asked by another thread.

    Gives the console for whatever else is to be said meanwhile.
    """
    console = errors()
    visible = shown and console.is_terminal and _verbosity != "quiet"
    columns = (SpinnerColumn(), _StateColumn(state), TimeElapsedColumn())
    with (
        Progress(*columns, console=console, transient=True, disable=not visible) as bar,
        _reported(state, console),
    ):
        bar.add_task("")
        yield console


@contextmanager
def _reported(state: Callable[[], State], console: Console) -> Iterator[None]:
    """Print a line a minute where details are wanted."""
    if not is_verbose():
        yield
        return
    ended = threading.Event()

    def report() -> None:
        while not ended.wait(EVERY):
            now = state()
            steps = f" ({now.done:,} of {now.total:,})" if now.total else ""
            console.print(f"{time.strftime('%H:%M:%S')} {now.words}{steps}")

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _StateColumn(ProgressColumn):
    """Words, and a bar where the number of steps is known."""

    def __init__(self, state: Callable[[], State]) -> None:
        super().__init__()
        self._state = state

    def render(self, task: Task) -> Text | Table:
        """Return what the state is now."""
        words, done, total = self._state()
        if not total:
            return Text(words)
        grid = Table.grid(padding=(0, 1))
        left = (task.elapsed or 0.0) * (total - done) / done if done else 0.0
        remaining = f"{int(left) // 60}:{int(left) % 60:02} left" if done else ""
        grid.add_row(Text(words), ProgressBar(total, done, width=30), f"{done}/{total}", remaining)
        return grid
