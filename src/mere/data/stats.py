"""Counts of what data files hold, by language, in one pass and constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mere.data.formats import read_all
from mere.data.report import Report
from mere.schema import Sentence


class Lengths:
    """An exact histogram of text lengths in characters, as large as the number of lengths that differ."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, length: int) -> None:
        """Count one text."""
        self._counts[length] += 1

    def include(self, other: Lengths) -> None:
        """Count all texts of another histogram too."""
        self._counts.update(other._counts)

    def quantile(self, share: float) -> int:
        """Return the least length that ``share`` of all texts do not exceed; 0 where no text was counted."""
        left = share * self._counts.total()
        for length in sorted(self._counts):
            left -= self._counts[length]
            if left <= 0:
                return length
        return 0

    def above(self, length: int) -> int:
        """Return how many texts are longer than ``length``."""
        return sum(count for value, count in self._counts.items() if value > length)

    def to_dict(self) -> dict[str, int]:
        """Return median, 95th percentile and maximum."""
        return {"median": self.quantile(0.5), "p95": self.quantile(0.95), "max": self.quantile(1.0)}


@dataclass(slots=True)
class LanguageStats:
    """What the sentences of one language (or of all) amount to; in ``partly`` some relations only were looked for."""

    sentences: int = 0
    negatives: int = 0
    partly: int = 0
    triples: int = 0
    relations: Counter[str] = field(default_factory=Counter)
    lengths: Lengths = field(default_factory=Lengths)

    def add(self, sentence: Sentence) -> None:
        """Count one sentence."""
        self.sentences += 1
        self.negatives += not sentence.triples
        self.partly += sentence.annotated is not None
        self.triples += len(sentence.triples)
        self.relations.update(triple.relation for triple in sentence.triples)
        self.lengths.add(len(sentence.text))

    def include(self, other: LanguageStats) -> None:
        """Count all that another one counted too."""
        self.sentences += other.sentences
        self.negatives += other.negatives
        self.partly += other.partly
        self.triples += other.triples
        self.relations.update(other.relations)
        self.lengths.include(other.lengths)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; the most frequent relation comes first."""
        return {
            "sentences": self.sentences,
            "negatives": self.negatives,
            "partly_annotated": self.partly,
            "triples": self.triples,
            "relations": dict(self.relations.most_common()),
            "length": self.lengths.to_dict(),
        }


def stats(paths: Iterable[str | Path], *, report: Report | None = None) -> dict[str, LanguageStats]:
    """Count the sentences of all ``paths`` by language, sorted by its name.

    Raises `InputError` for files and lines that cannot be used, unless ``report`` collects errors.
    """
    languages: dict[str, LanguageStats] = {}
    for sentence in read_all(paths, report=report):
        languages.setdefault(sentence.language, LanguageStats()).add(sentence)
    return dict(sorted(languages.items()))


def total(languages: Mapping[str, LanguageStats]) -> LanguageStats:
    """Return the sum over all languages."""
    everything = LanguageStats()
    for counts in languages.values():
        everything.include(counts)
    return everything
