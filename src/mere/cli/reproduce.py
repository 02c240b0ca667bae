"""The command ``mere reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import output as results
from mere.cli.console import tell
from mere.cli.epochs import watching
from mere.cli.gold import read_sentence_files
from mere.cli.options import FILES, Train, output_option
from mere.data.files import atomic_write
from mere.errors import require


def reproduce_command(
    grid: Annotated[str, typer.Argument(metavar="GRID", help="A TOML file, or a shipped grid's name.")],
    train: Train,
    dev: Annotated[list[Path], typer.Option(metavar="FILE", help=f"Dev data ({FILES}).")],
    output: Annotated[Path, output_option("Folder of the grid; results there are kept.")],
    test: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Data to score; without it the dev data.")
    ] = None,
    parallel: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Translations with shared ids, to measure how near they lie."),
    ] = None,
    look_at: Annotated[str, typer.Option(help="The variant whose representations are measured.")] = "mere",
    variant: Annotated[
        list[str] | None, typer.Option(help="Run only this variant and what it builds on; repeatable.")
    ] = None,
    backbone: Annotated[str, typer.Option(help="Another backbone for all variants.")] = "",
) -> None:
    """Run a grid of trainings over seeds; write a result file each, then tables and figures.

    Example: mere reproduce smiler --train de.tsv --train it.tsv --dev dev.tsv --output grid
    """
    require("torch", "train")
    require("matplotlib", "reproduce")
    from mere.experiments.figures import draw_representations
    from mere.experiments.grid import load_grid
    from mere.experiments.report import write_report
    from mere.experiments.representations import represent
    from mere.experiments.runner import Data, GridRunner

    plan = load_grid(grid)
    data = Data.of(plan, *(read_sentence_files(paths) if paths else [] for paths in (train, dev, test)))
    with watching() as watch:
        runner = GridRunner(plan, data, output, watch, lambda run: tell(f"── {run}"), backbone)
        runs = runner.run(variant or ())
    text = write_report(plan, runs, output)
    if parallel:
        representations = represent(runner.model(look_at, plan.seeds[0]), read_sentence_files(parallel))
        draw_representations(representations, output / "figures")
        with atomic_write(output / "distances.md") as handle:
            handle.write("Mean distance of translations, as a share of that of random pairs, after each part:\n\n")
            for point in representations.vectors:
                handle.write(f"- {point}: {representations.distance(point):.3f}\n")
    results().print(text, soft_wrap=True)
    tell(f"tables and figures are in {output}")
