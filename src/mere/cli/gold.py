"""Sentences with triples for the commands that train and measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mere.cli.console import is_verbose, summarise
from mere.data.formats import read_all
from mere.data.report import Report
from mere.data.splits import split_by_id
from mere.errors import InputError
from mere.schema import Sentence

_KEPT = 20


def read_sentence_files(files: Sequence[Path], *, marked_only: bool = False) -> list[Sentence]:
    """Read all sentences of files, and tell what was mended or left out; raises `InputError` where there are none.

    ``marked_only`` is as in `mere.data.formats.read_sentences`.
    """
    report = Report(keep=_KEPT if is_verbose() else 1)
    sentences = list(read_all(files, report=report, marked_only=marked_only))
    summarise(report)
    if not sentences:
        raise InputError("there are no sentences in: " + ", ".join(map(str, files)))
    return sentences


def split_dev(
    sentences: list[Sentence], dev: Sequence[Path] | None, share: float, seed: int
) -> tuple[list[Sentence], list[Sentence]]:
    """Return training and dev sentences: those of the dev files, or a share of the ids where there are none."""
    if dev:
        return sentences, read_sentence_files(dev)
    parts = list(split_by_id(sentences, {"train": 1 - share, "dev": share}, seed=seed))
    first, second = ([sentence for name, sentence in parts if name == side] for side in ("train", "dev"))
    return first, second
