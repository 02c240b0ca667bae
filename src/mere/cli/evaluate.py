"""The command ``mere evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.table import Table

from mere.cli.console import output, table, write_json
from mere.cli.gold import read_sentence_files
from mere.cli.options import BatchSize, Json, Model, Precise, files_argument
from mere.errors import require
from mere.inference.artifact import find_model

if TYPE_CHECKING:
    from mere.evaluation.scores import Evaluation, Score


def evaluate_command(
    model: Model,
    files: Annotated[list[Path], files_argument("Gold data")],
    as_json: Json = None,
    batch_size: BatchSize = 32,
    precise: Precise = False,
) -> None:
    """Score a model on gold data: per language, micro and macro, with 95 % intervals."""
    require("torch", "train")
    from mere.evaluation.scores import evaluate
    from mere.nn.weights import load_artifact
    from mere.training.run import encode
    from mere.training.trainer import predict_examples

    joint = load_artifact(find_model(model))
    sentences = read_sentence_files(files)
    examples = encode(joint, sentences)
    lost = sum(example.lost for example in examples)
    predicted = predict_examples(joint, examples, batch_size, precise=precise)
    scores = evaluate(sentences, predicted, lost_to_length=lost)
    output().print(_table(scores))
    if as_json is not None:
        write_json(scores.to_dict(), as_json, files)


def _table(scores: Evaluation) -> Table:
    names = ("triple P", "R", "F1", "95 % interval", "relation F1", "entity F1", "triple F1 by surface")
    rows = {**scores.languages, "micro": scores.micro, "macro": scores.macro}
    caption = f"{scores.sentences:,} sentences, {scores.lost_to_length} gold triples lost to length limits"
    return table("language", *names, rows=[(name, *_cells(of)) for name, of in rows.items()], caption=caption)


def _cells(of: dict[str, Score]) -> list[str]:
    triple = of["triple"]
    low, high = triple.ci95
    values = (triple.precision, triple.recall, triple.f1)
    others = (of[kind].f1 for kind in ("relation", "entity", "triple_surface"))
    interval = f"{100 * low:.1f}–{100 * high:.1f}"
    return [*(f"{100 * value:.1f}" for value in values), interval, *(f"{100 * value:.1f}" for value in others)]
