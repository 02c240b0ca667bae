"""How a training goes, for people."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mere.cli.console import State, progress, tell, warn

if TYPE_CHECKING:
    from mere.training.reports import Watch


@contextmanager
def watching() -> Iterator[Watch]:
    """Show a bar with loss, speed and time left on a terminal, and a line an epoch everywhere."""
    from mere.training.memory import MemoryPlan
    from mere.training.reports import EpochReport, StepReport

    state, start = State("preparing"), time.monotonic()
    sentences, best = 0, -1.0

    def watch(report: StepReport | EpochReport | MemoryPlan) -> None:
        nonlocal state, sentences, best
        if isinstance(report, StepReport):
            sentences += report.sentences
            speed = sentences / max(time.monotonic() - start, 1e-9)
            words = f"{report.stage}, epoch {report.epoch + 1}: loss {report.loss:.3f}, {speed:.0f} sentences/s"
            state = State(words, report.step, report.steps)
            return
        if isinstance(report, MemoryPlan):
            tell(f"memory: {report}")
            return
        best = max(best, report.triple)
        f1 = ", ".join(f"{kind} {100 * getattr(report, kind):.1f}" for kind in ("triple", "relation", "entity"))
        tell(f"{report.stage}, epoch {report.epoch + 1}: loss {report.loss:.3f}; dev F1 {f1}")

    with progress(lambda: state):
        yield watch
    if best == 0:
        warn("no triple of the dev data is found; for few sentences raise 'epochs' and lower 'batch_size'")
