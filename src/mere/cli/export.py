"""The command ``mere export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import tell, warn
from mere.cli.gold import read_sentence_files
from mere.cli.options import files_argument, model_argument, output_option
from mere.errors import require
from mere.inference.artifact import find_model, in_place, read_card


def export_command(
    model: Annotated[str, model_argument("it gets the folder onnx")],
    files: Annotated[
        list[Path] | None, files_argument("Gold data to measure on what the export loses", "[FILE…]")
    ] = None,
    output: Annotated[Path | None, output_option("Write a copy here and leave MODEL as it is.")] = None,
    compact: Annotated[
        bool, typer.Option("--compact", help="Round the weights to 8-bit integers too, and leave out graphs in floats.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Save graphs that lose more F1 than they may.")] = False,
) -> None:
    """Add ONNX graphs to a model, in floats and in 8-bit integers: extraction then is faster and needs no torch.

    Where they lose more than 0.5 points of triple F1, or 2 in a language with 50 sentences, nothing is saved. A compact
    model is a third as large or less, for shipping; both ways of running it use the same rounded weights.

    Example: mere export runs/mine/model dev.jsonl
    """
    require("torch", "train")
    from mere.export.gate import export
    from mere.inference.onnx_scorer import OnnxScorer

    folder = find_model(model)
    target = output or in_place(folder)
    sentences = read_sentence_files(files) if files else []
    problem = read_card(folder).problem
    rows = export(folder, sentences, OnnxScorer, output=target, force=force, compact=compact)
    if problem:
        warn(problem)
    for row in rows:
        graphs = ", ".join(f"{name} {f1:.2f}" for name, f1 in row.exported.items())
        tell(f"{row.name} ({row.sentences} sentences): triple F1 with torch {row.torch:.2f}, {graphs}")
    if not rows:
        tell("what the graphs lose was not measured; name gold data to have it measured")
    tell(f"the graphs are in {target / 'onnx'}")
