"""The figures of a grid, as PNG files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mere.experiments.compare import Row
from mere.experiments.grid import Grid
from mere.experiments.representations import Representations
from mere.experiments.runner import Result


def draw_languages(rows: Sequence[Row], folder: Path) -> None:
    """Draw F1 by language, a bar a variant, with intervals: ``languages.png``."""
    languages = list(rows[0].languages)
    figure, axes = plt.subplots(figsize=(1.5 + 0.16 * len(languages) * (len(rows) + 1), 4), layout="constrained")
    width = 1 / (len(rows) + 1)
    for number, row in enumerate(rows):
        estimates = [row.languages[language] for language in languages]
        errors = [[max(0.0, e.mean - e.low) for e in estimates], [max(0.0, e.high - e.mean) for e in estimates]]
        places = [index + number * width for index in range(len(languages))]
        axes.bar(
            places, [e.mean for e in estimates], width, yerr=errors, label=row.variant, error_kw={"elinewidth": 0.6}
        )
    axes.set_xticks([index + (len(rows) - 1) * width / 2 for index in range(len(languages))], languages)
    axes.set_ylabel("triple F1, %")
    axes.legend(fontsize="small", ncols=2)
    _save(figure, folder / "languages.png")


def draw_sizes(rows: Sequence[Row], results: Sequence[Result], grid: Grid, folder: Path) -> None:
    """Draw F1 against the number of training sentences, a line a family: ``sizes.png``, where sizes differ."""
    sizes = {result.variant: result.sentences for result in results}
    _lines(rows, grid, sizes.__getitem__, "training sentences", folder / "sizes.png")


def draw_concatenation(rows: Sequence[Row], grid: Grid, folder: Path) -> None:
    """Draw F1 against K, the most sentences joined, a line a family: ``concatenation.png``, where K differs."""

    def joined(name: str) -> int:
        return grid.training(name, grid.seeds[0]).stages[0].concatenate

    _lines(rows, grid, joined, "K, the most sentences that are joined", folder / "concatenation.png")


def draw_representations(representations: Representations, folder: Path, sentences: int = 12) -> None:
    """Draw parallel sentences in two dimensions, a panel a point of the model: ``representations.png``.

    Translations have one colour; ``sentences`` of the sentences are drawn.
    """
    ids = list(dict.fromkeys(representations.ids))[:sentences]
    points = list(representations.vectors)
    figure, panels = plt.subplots(1, len(points), figsize=(4 * len(points), 4), layout="constrained")
    for panel, point in zip(panels if len(points) > 1 else [panels], points, strict=True):
        assert isinstance(panel, Axes)
        plane = representations.plane(point)
        for number, id in enumerate(ids):
            rows = [index for index, other in enumerate(representations.ids) if other == id]
            panel.scatter(plane[rows, 0], plane[rows, 1], s=12, color=f"C{number % 10}", alpha=0.7)
        distance = representations.distance(point)
        panel.set_title(f"{point}: translations at {distance:.2f} of random pairs", fontsize="medium")
        panel.set_xticks([])
        panel.set_yticks([])
    _save(figure, folder / "representations.png")


def _lines(rows: Sequence[Row], grid: Grid, x: Callable[[str], int], label: str, path: Path) -> None:
    """Draw macro F1 over ``x``, a line for every family with more than one value of it."""
    families: dict[str, dict[int, Row]] = {}
    for row in rows:
        variant = grid.variants[row.variant]
        if variant.config:
            families.setdefault(variant.family or row.variant, {})[x(row.variant)] = row
    lines = {name: members for name, members in families.items() if len(members) > 1}
    if not lines:
        return
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    for name, members in lines.items():
        values = sorted(members)
        macro = [members[value].macro for value in values]
        errors = [[max(0.0, e.mean - e.low) for e in macro], [max(0.0, e.high - e.mean) for e in macro]]
        axes.errorbar(values, [e.mean for e in macro], yerr=errors, marker="o", capsize=2, label=name)
    axes.set_xlabel(label)
    axes.set_ylabel("macro triple F1, %")
    axes.legend()
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)
