"""The command ``mere export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.errors import require


def export_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's directory, which gets the folder onnx.")],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE…]", help="Gold data to measure on what the export loses.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a copy of the model here and leave MODEL as it is.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Save graphs that lose more F1 than they may.")] = False,
) -> None:
    """Add ONNX graphs to a model, in floats and in 8-bit integers: extraction then is faster and needs no torch.

    Where they lose more than 0.5 points of triple F1, or 2 in a language with 50 sentences, nothing is saved.

    Example: mere export runs/mine/model dev.jsonl
    """
    require("torch", "train")
    from rich.console import Console

    from mere.apps.training_commands import read_sentence_files
    from mere.runtime.onnx_scorer import OnnxScorer
    from mere.training.export import export

    sentences = read_sentence_files(files) if files else []
    rows = export(Path(model), sentences, OnnxScorer, output=output, force=force)
    console = Console(stderr=True)
    for row in rows:
        graphs = ", ".join(f"{name} {f1:.2f}" for name, f1 in row.graphs.items())
        line = f"{row.name} ({row.sentences} sentences): triple F1 with torch {row.torch:.2f}, {graphs}"
        console.print(line, highlight=False, soft_wrap=True)
    if not rows:
        console.print("what the graphs lose was not measured; name gold data to have it measured", soft_wrap=True)
    console.print(f"the graphs are in {(output or Path(model)) / 'onnx'}", highlight=False, soft_wrap=True)
