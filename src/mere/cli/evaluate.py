"""The command ``mere evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import STANDARD, output, write_json
from mere.cli.gold import read_sentence_files
from mere.cli.options import BatchSize, Json, Model, Precise, files_argument
from mere.cli.tables import rich_table
from mere.inference.artifact import find_model


def evaluate_command(
    model: Model,
    files: Annotated[list[Path], files_argument("Gold data")],
    as_json: Json = None,
    relations: Annotated[bool, typer.Option("--relations", help="Add the scores by relation.")] = False,
    batch_size: BatchSize = 32,
    precise: Precise = False,
) -> None:
    """Score a model on gold data: facts, then exact triples; micro, macro and by language, with 95 % intervals.

    The model reads by the path that extraction takes. A fact is a triple, whichever way round it is said.
    """
    from mere.evaluation.predictions import lost_triples, predictions
    from mere.evaluation.scores import evaluate
    from mere.evaluation.tables import score_tables
    from mere.inference.catalogue import load_catalogue
    from mere.inference.extractor import Extractor

    folder = find_model(model)
    extractor = Extractor.from_pretrained(folder)
    sentences = read_sentence_files(files)
    lost = lost_triples(extractor, sentences)
    predicted = predictions(extractor, sentences, precise=precise, batch_size=batch_size)
    scores = evaluate(sentences, predicted, lost_to_length=lost, catalogue=load_catalogue(folder))
    if as_json != STANDARD:
        for table in score_tables(scores, relations=relations):
            output().print(rich_table(table), "")
    if as_json is not None:
        write_json(scores.to_dict(), as_json, files)
