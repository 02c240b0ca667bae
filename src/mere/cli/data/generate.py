"""The command ``mere data generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mere.cli.console import tell
from mere.cli.options import Seed, output_option
from mere.data.formats import write_sentences
from mere.data.patterns.generate import generate, shipped_patterns
from mere.data.patterns.grammar import read_patterns
from mere.errors import InputError


def generate_command(
    files: Annotated[
        list[str], typer.Argument(metavar="PATTERNS…", help="Pattern files (TOML), or codes of shipped languages.")
    ],
    output: Annotated[Path, output_option("The file to write: .jsonl or .tsv, also with .gz.")],
    count: Annotated[int, typer.Option(min=1, help="Sentences a language.")] = 1000,
    seed: Seed = 1,
    negatives: Annotated[float, typer.Option(min=0, max=1, help="Share of sentences that state no relation.")] = 0.15,
    tokenised: Annotated[
        float, typer.Option(min=0, max=1, help="Share of sentences with blanks around punctuation.")
    ] = 0.0,
    extended: Annotated[
        float, typer.Option(min=0, max=1, help="Share of sentences made longer by frames and further sentences.")
    ] = 0.4,
    hold_out: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the patterns to leave out, for measuring.")
    ] = 0.0,
    only_held_out: Annotated[bool, typer.Option("--only-held-out", help="Use just the patterns left out.")] = False,
) -> None:
    """Write training sentences with exact offsets from sentence patterns and lists of entities.

    Example: mere data generate my-relations.toml --count 2000 --output train.jsonl
    """
    if only_held_out and not hold_out:
        raise InputError("--only-held-out needs --hold-out with the share that was left out")
    shipped = shipped_patterns()
    patterns = [read_patterns(shipped.get(name, Path(name))) for name in files]
    sentences = generate(
        patterns,
        count,
        seed=seed,
        negatives=negatives,
        tokenised=tokenised,
        extended=extended,
        held_out_share=hold_out,
        only_held_out=only_held_out,
    )
    lines = write_sentences(sentences, output)
    tell(f"{lines:,} lines written to {output}")
