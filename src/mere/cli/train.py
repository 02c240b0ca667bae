"""The command ``mere train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import tell
from mere.cli.epochs import watching
from mere.cli.gold import read_sentence_files, split_dev
from mere.cli.options import Dev, Train, output_option
from mere.errors import require
from mere.inference.artifact import find_model

DEV_SHARE = 0.1
"""Share of the data that is held out where no dev data is given."""


def train_command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A TOML file, or a shipped configuration's name.")],
    train: Train,
    output: Annotated[Path, output_option("Folder of the run; a run found there goes on.")],
    dev: Dev = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="MODEL", help="Start from this model's weights; its shape and schema are kept."),
    ] = None,
) -> None:
    """Train a model; an interrupted training goes on when the same command is given again.

    Without dev data a tenth of the ids is held out.
    """
    require("torch", "train")
    from mere.training.config import load_config
    from mere.training.run import train as run

    settings = load_config(config)
    sentences = read_sentence_files(train, marked_only=settings.marked_only)
    sentences, held = split_dev(sentences, dev, DEV_SHARE, settings.seed)
    with watching() as watch:
        model = run(settings, sentences, held, output, watch, start=None if start is None else find_model(start))
    tell(f"the model is in {model}")
