"""The commands ``mere train`` and ``mere evaluate``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from mere.cli.tables import rich_table
from mere.data.files import atomic_write
from mere.data.formats import read_all
from mere.data.report import Report
from mere.data.splits import split_by_id
from mere.errors import InputError, require
from mere.inference.artifact import find_model
from mere.schema import Sentence

if TYPE_CHECKING:
    from mere.training.reports import Watch

DEV_SHARE = 0.1
LANGUAGE_DEV_SHARE = 0.2
"""Shares of the data that `train` and `add-language` hold out where no dev data is given."""

FILES = "SMiLER's .tsv or .jsonl, also with .gz; repeatable"


def train_command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A TOML file, or a shipped configuration's name.")],
    train: Annotated[list[Path], typer.Option(metavar="FILE", help=f"Training data ({FILES}).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; a run found there goes on.")],
    dev: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Dev data; without it a tenth of the ids is held out.")
    ] = None,
) -> None:
    """Train a model; an interrupted training goes on when the same command is given again."""
    require("torch", "train")
    from mere.training.config import load_config
    from mere.training.run import train as run

    settings = load_config(config)
    sentences, held = _split(read_sentence_files(train), dev, DEV_SHARE, settings.seed)
    console = Console(stderr=True)
    with watching(console) as watch:
        model = run(settings, sentences, held, output, watch)
    console.print(f"the model is in {model}", highlight=False, soft_wrap=True)


def add_language_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's directory, or default; it stays as it is.")],
    data: Annotated[list[Path], typer.Argument(metavar="DATA…", help=f"Sentences of the language ({FILES}).")],
    language: Annotated[str, typer.Option("--language", "-l", help="Code of the language.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; a run found there goes on.")],
    dev: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Dev data; without it a fifth of the ids is held out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of order and dropout.")] = 1,
) -> None:
    """Add a language to a model, or train one's sub-module further; other languages' outputs do not change.

    The new model is the folder model in that of the run. An interrupted run goes on when the same command is given.

    Example: mere add-language model swahili.jsonl --language sw --output runs/sw
    """
    require("torch", "train")
    from mere.training.run import add_language

    sentences, held = _split(read_sentence_files(data), dev, LANGUAGE_DEV_SHARE, seed)
    console = Console(stderr=True)
    with watching(console) as watch:
        scores = add_language(find_model(model), language, sentences, held, output, watch, seed=seed)
    for name, of in (("before", scores.before), ("after", scores.after)):
        line = ", ".join(f"{kind} {100 * of.micro[kind].f1:.1f}" for kind in ("triple", "relation", "entity"))
        console.print(f"{name}: dev F1 {line} on {of.sentences} sentences", highlight=False, soft_wrap=True)
    console.print(f"the model is in {scores.model}", highlight=False, soft_wrap=True)


def evaluate_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's directory, or default.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=f"Gold data ({FILES}).")],
    as_json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Also write the scores here.")] = None,
    relations: Annotated[bool, typer.Option("--relations", help="Add the scores by relation.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences a batch.")] = 32,
    precise: Annotated[
        bool, typer.Option("--precise", help="Only sure triples, by the model's own thresholds.")
    ] = False,
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
    for table in score_tables(scores, relations=relations):
        Console().print(rich_table(table), "")
    if as_json is not None:
        with atomic_write(as_json) as handle:
            json.dump(scores.to_dict(), handle, indent=1)


def _split(
    sentences: list[Sentence], dev: Sequence[Path] | None, share: float, seed: int
) -> tuple[list[Sentence], list[Sentence]]:
    """Return training and dev sentences: those of the dev files, or a share of the ids where there are none."""
    if dev:
        return sentences, read_sentence_files(dev)
    parts = list(split_by_id(sentences, {"train": 1 - share, "dev": share}, seed=seed))
    first, second = ([one for name, one in parts if name == part] for part in ("train", "dev"))
    return first, second


def read_sentence_files(files: Sequence[Path]) -> list[Sentence]:
    """Read all sentences of the files; warnings go to stderr, and no sentence at all is an `InputError`."""
    report = Report(keep=1)
    sentences = list(read_all(files, report=report))
    for kind in report.kinds():
        for notice in report.notices(kind):
            more = report.counts[kind] - 1
            Console(stderr=True).print(Text(f"{kind}: {notice}" + (f" (and {more} more)" if more else "")))
    if not sentences:
        raise InputError("there are no sentences in: " + ", ".join(map(str, files)))
    return sentences


@contextmanager
def watching(console: Console) -> Iterator[Watch]:
    """Show a bar with loss, speed and time left on a terminal, and a line an epoch everywhere."""
    from mere.training.memory import MemoryPlan
    from mere.training.reports import EpochReport, StepReport

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}, {task.fields[speed]:.0f} sentences/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, loss=0.0, speed=0.0)
        sentences, best = 0, -1.0

        def watch(report: StepReport | EpochReport | MemoryPlan) -> None:
            nonlocal sentences, best
            if isinstance(report, StepReport):
                sentences += report.sentences
                speed = sentences / max(bar.tasks[0].elapsed or 1e-9, 1e-9)
                name = f"{report.stage}, epoch {report.epoch + 1}"
                bar.update(
                    task, description=name, completed=report.step, total=report.steps, loss=report.loss, speed=speed
                )
                return
            if isinstance(report, MemoryPlan):
                console.print(f"memory: {report}", highlight=False, soft_wrap=True)
                return
            best = max(best, report.triple)
            f1 = ", ".join(f"{kind} {100 * getattr(report, kind):.1f}" for kind in ("triple", "relation", "entity"))
            line = f"{report.stage}, epoch {report.epoch + 1}: loss {report.loss:.3f}; dev F1 {f1}"
            console.print(line, highlight=False, soft_wrap=True)

        yield watch
    if best == 0:
        console.print("no triple of the dev data is found; for few sentences raise 'epochs' and lower 'batch_size'")
