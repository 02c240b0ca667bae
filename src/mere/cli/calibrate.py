"""The command ``mere calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import output as results
from mere.cli.console import warn
from mere.cli.gold import read_sentence_files
from mere.cli.options import Model, files_argument, output_option
from mere.inference.artifact import find_model, in_place, read_card, save_decoding
from mere.inference.extractor import Extractor


def calibrate_command(
    model: Model,
    files: Annotated[list[Path], files_argument("Gold data not trained on")],
    precision: Annotated[
        float, typer.Option(min=0, max=1, help="Precision that the precise thresholds are to reach.")
    ] = 0.9,
    output: Annotated[Path | None, output_option("Write a copy here and leave MODEL as it is.")] = None,
) -> None:
    """Fit a model's scores and thresholds anew to data like that which it is to read; its weights stay as they are.

    Training does the same at its end, on its dev data.
    """
    from mere.evaluation.calibration import OPEN, fit_decoding
    from mere.evaluation.card import CONFIDENCE, confidence, with_section
    from mere.evaluation.predictions import gold_candidates

    folder = find_model(model)
    target = output or in_place(folder)
    extractor = Extractor.from_pretrained(folder)
    sentences = read_sentence_files(files)
    extractor.codec = extractor.codec.with_decoding(OPEN)
    decoding, reliability = fit_decoding(gold_candidates(extractor, sentences), sentences, precision)
    report = confidence(reliability)
    card = read_card(folder)
    if card.problem:
        warn(card.problem)
    save_decoding(folder, decoding, with_section(card.text, CONFIDENCE, report), target)
    results().print(report, soft_wrap=True)
