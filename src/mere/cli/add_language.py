"""The command ``mere add-language``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mere.cli.console import tell
from mere.cli.epochs import watching
from mere.cli.gold import read_sentence_files, split_dev
from mere.cli.options import Dev, Seed, files_argument, language_option, model_argument, output_option
from mere.errors import require
from mere.inference.artifact import find_model

DEV_SHARE = 0.2
"""Share of the data that is held out where no dev data is given."""


def add_language_command(
    model: Annotated[str, model_argument("it stays as it is")],
    data: Annotated[list[Path], files_argument("Sentences of the language", "DATA…")],
    language: Annotated[str, language_option("Code of the language.")],
    output: Annotated[Path, output_option("Folder of the run; a run found there goes on.")],
    dev: Dev = None,
    seed: Seed = 1,
) -> None:
    """Add a language to a model, or train one's sub-module further; other languages' outputs do not change.

    The new model is the folder model in that of the run. An interrupted run goes on when the same command is given.
    Without dev data a fifth of the ids is held out.

    Example: mere add-language model swahili.jsonl --language sw --output runs/sw
    """
    require("torch", "train")
    from mere.training.run import add_language

    sentences, held = split_dev(read_sentence_files(data), dev, DEV_SHARE, seed)
    with watching() as watch:
        scores = add_language(find_model(model), language, sentences, held, output, watch, seed=seed)
    for name, evaluation in (("before", scores.before), ("after", scores.after)):
        line = ", ".join(f"{kind} {100 * evaluation.micro[kind].f1:.1f}" for kind in ("triple", "relation", "entity"))
        tell(f"{name}: dev F1 {line} on {evaluation.sentences} sentences")
    tell(f"the model is in {scores.model}")
