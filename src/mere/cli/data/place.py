"""Where reading stands, for the bar; the report is asked, so that readers need not know of any bar."""

from __future__ import annotations

from collections.abc import Callable

from mere.cli.console import State
from mere.data.report import Report


def reading_place(report: Report) -> Callable[[], State]:
    """Return what tells the file and line that a report has come to."""

    def state() -> State:
        path, line = report.path, report.line
        return State("working" if path is None else f"{path.name}, line {line or 0:,}")

    return state
