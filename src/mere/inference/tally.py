"""What an extraction has read and found, counted on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mere.inference.documents import Paragraph
from mere.inference.extractor import Record
from mere.inference.language_id import UNDETERMINED


@dataclass
class Tally:
    """Counts what goes through it.

    >>> tally = Tally()
    >>> for record in tally.found(extractor.records(tally.read(read_documents([Path("articles")])))):
    ...     print(record)
    >>> print(tally)

    ``characters`` counts everything that was read, white space included; ``windows`` is above ``sentences`` where
    sentences were too long for the model and read in overlapping pieces. ``foreign`` counts the sentences in languages
    other than ``languages``, those of the model, where these are given.
    """

    languages: tuple[str, ...] = ()
    documents: int = 0
    characters: int = 0
    sentences: int = 0
    windows: int = 0
    triples: int = 0
    foreign: Counter[str] = field(default_factory=Counter)

    def read(self, paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
        """Pass paragraphs on."""
        last = None
        for paragraph in paragraphs:
            self.documents += paragraph.document != last
            last = paragraph.document
            self.characters += len(paragraph.text)
            yield paragraph

    def found(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass records on."""
        for record in records:
            self.sentences += 1
            self.windows += record.windows
            self.triples += len(record.sentence.triples)
            if self.languages and record.sentence.language not in (*self.languages, UNDETERMINED):
                self.foreign[record.sentence.language] += 1
            yield record

    def warning(self) -> str:
        """Tell of sentences in languages that the model was not trained for; empty where there are none."""
        if not self.foreign:
            return ""
        count = self.foreign.total()
        start = "1 sentence is in a language" if count == 1 else f"{count:,} sentences are in languages"
        names = ", ".join(f"{language} ({number:,})" for language, number in self.foreign.most_common())
        return f"{start} that the model was not trained for: {names}"

    def __str__(self) -> str:
        read = f"{self.characters:,} characters of {_many(self.documents, 'document')}"
        return f"{read}: {_many(self.sentences, 'sentence')}, {_many(self.windows, 'window')}, " + _many(
            self.triples, "triple"
        )


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}" + "s" * (count != 1)
