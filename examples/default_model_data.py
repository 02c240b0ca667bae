"""Mix the training data of the model in the package: corpora of others, of our own, and generated sentences.

Run by ``examples/default-model.sh``: ``python examples/default_model_data.py DATA PATTERNS OUTPUT``. DATA holds the
folders plain, english and smiler; PATTERNS is a file that ``mere data generate`` has written.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mere.data.formats import read_all, write_sentences
from mere.data.report import Report
from mere.schema import Sentence, Span, Triple

CORPORA = Path(__file__).parents[1] / "corpora"

PLAIN_TWICE = 2
"""How often running text is seen in an epoch, where everything else is seen once."""

ENGLISH_STATING, ENGLISH_EMPTY, SMILER = 1800, 500, 130
"""Sentences of the English corpora that state something and that do not; and of SMiLER in each language."""


def main() -> None:
    """Write the mixture."""
    data, patterns, output = map(Path, sys.argv[1:])
    chance = random.Random(11)
    plain = read([data / "plain" / "train.jsonl.gz"])
    english = read(sorted((data / "english").glob("*.train.jsonl.gz"), key=lambda path: path.name))
    files = sorted((data / "smiler").glob("*_train.tsv"))
    dense = list(densely_annotated(read(files)))
    taken = {sentence.text for sentence in dense}
    marked = [[sentence for sentence in read([file], marked_only=True) if sentence.text not in taken] for file in files]
    mixture = [
        *plain * PLAIN_TWICE,
        *sample(chance, [sentence for sentence in english if sentence.triples], ENGLISH_STATING),
        *sample(chance, [sentence for sentence in english if not sentence.triples], ENGLISH_EMPTY),
        *dense,
        *(sentence for sentences in marked for sentence in sample(chance, sentences, SMILER)),
        *read(sorted((CORPORA / "prose").glob("*.jsonl"))),
        *read([patterns]),
    ]
    print(f"{write_sentences(mixture, output):,} sentences in {output}")


def read(files: Sequence[Path], *, marked_only: bool = False) -> list[Sentence]:
    """Read all sentences of the files; with ``marked_only`` as annotated for the one relation that each marks."""
    return list(read_all(files, report=Report(keep=1), marked_only=marked_only))


def sample(chance: random.Random, sentences: Sequence[Sentence], count: int) -> list[Sentence]:
    """Draw ``count`` sentences, or all where there are no more."""
    return chance.sample(sentences, min(count, len(sentences)))


def densely_annotated(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Yield the sentences of SMiLER whose every fact is annotated in ``corpora/smiler.tsv``."""
    facts: dict[tuple[str, ...], list[list[str]]] = {}
    for line in (CORPORA / "smiler.tsv").read_text("utf-8").splitlines()[1:]:
        id, language, digest, *fact = line.split("\t")
        facts.setdefault((id, language, digest), []).append(fact)
    for sentence in sentences:
        digest = hashlib.sha256(sentence.text.encode()).hexdigest()[:8]
        rows = facts.pop((sentence.id or "", sentence.language, digest), None)
        if rows is not None:
            triples = tuple(triple(sentence.text, *row) for row in rows if row != ["-"])
            yield replace(sentence, triples=triples)
    if facts:
        sys.exit(
            f"{len(facts)} sentences of corpora/smiler.tsv are not in the SMiLER files given, such as {min(facts)}"
        )


def triple(text: str, relation: str, *offsets: str) -> Triple:
    """Make a triple of a row's columns."""
    head_start, head_end, tail_start, tail_end = map(int, offsets)
    return Triple(Span.of(text, head_start, head_end), relation, Span.of(text, tail_start, tail_end))


if __name__ == "__main__":
    main()
