"""What a grid leaves behind: ``table.md`` and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mere.data.files import atomic_write
from mere.experiments.compare import compare, markdown
from mere.experiments.figures import draw_concatenation, draw_languages, draw_sizes
from mere.experiments.grid import Grid
from mere.experiments.runner import KINDS, Result


def write_report(grid: Grid, results: Sequence[Result], output: Path) -> str:
    """Write tables and figures of ``results`` to ``output`` and return the tables."""
    shown = [result for result in results if grid.variants[result.variant].shown]
    baseline = grid.baseline if any(r.variant == grid.baseline for r in shown) else shown[0].variant
    parts = []
    for kind in KINDS:
        rows = compare(shown, baseline, kind)
        parts.append(f"## {kind.capitalize()} F1\n\n{markdown(rows, baseline)}")
        if kind == "triple":
            draw_languages(rows, output / "figures")
            draw_sizes(rows, shown, grid, output / "figures")
            draw_concatenation(rows, grid, output / "figures")
    parts.append(f"## Time\n\n{_times(shown)}")
    text = "\n".join(parts)
    with atomic_write(output / "table.md") as handle:
        handle.write(text)
    return text


def _times(results: Sequence[Result]) -> str:
    """Write the mean seconds of an epoch, by variant and stage."""
    lines = ["| variant | stage | sentences | seconds an epoch |", "|---|---|---|---|"]
    for variant in dict.fromkeys(result.variant for result in results):
        stages: dict[str, list[float]] = {}
        runs = [result for result in results if result.variant == variant]
        for epoch in (epoch for result in runs for epoch in result.history):
            stages.setdefault(epoch["stage"], []).append(epoch["seconds"])
        sizes = runs[0].sentences
        lines += [
            f"| {variant} | {stage} | {sizes} | {sum(seconds) / len(seconds):.1f} |"
            for stage, seconds in stages.items()
        ]
    return "\n".join([*lines, ""])
