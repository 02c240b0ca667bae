"""Sentences to triples: normalised, tokenised, read in windows, scored in batches, and back in the text as given.

The one path that extraction, evaluation and calibration share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mere.inference.clitics import without_clitics
from mere.inference.codec import Codec
from mere.inference.decoding import Candidate
from mere.inference.documents import Cut, windows
from mere.inference.normalise import normalise
from mere.inference.offsets import Normalised
from mere.inference.predictor import Item, Scorer, candidates
from mere.inference.tokenizer import Tokens
from mere.inference.truecase import Score
from mere.schema import Sentence, Span, Triple


class Encoder(Protocol):
    """What cuts texts into tokens with offsets (see `mere.inference.tokenizer.Tokenizer`)."""

    bos: int
    eos: int
    pad: int

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of every text; nothing is cut off."""
        ...

    @property
    def word_score(self) -> Score | None:
        """Tells how well the vocabulary knows a word, as a logarithm; None where it cannot."""
        ...


@dataclass(frozen=True)
class Reading:
    """What was read in a sentence: its candidate triples, best windows' first, and in how many windows."""

    candidates: list[Candidate]
    windows: int


class Reader:
    """Reads sentences with one model.

    Parameters
    ----------
    scorer, codec, tokenizer:
        The model's parts.
    """

    def __init__(self, scorer: Scorer, codec: Codec, tokenizer: Encoder) -> None:
        self.scorer = scorer
        self.codec = codec
        self.tokenizer = tokenizer

    def read(self, cuts: Sequence[Cut], *, batch_size: int) -> list[Reading]:
        """Return what was read in each sentence; offsets count in its text."""
        forms = [self.normal(cut) for cut in cuts]
        tokens = self.tokenizer.encode([form.text for form in forms])
        pieces = [windows(sentence_tokens, self.codec.max_tokens) for sentence_tokens in tokens]
        rows = [row for row, windows_of_row in enumerate(pieces) for _ in windows_of_row]
        items = [
            Item(forms[row].text, window, self.codec.language_index(cuts[row].sentence.language))
            for row, window in zip(rows, (window for row_windows in pieces for window in row_windows), strict=True)
        ]
        readings = [Reading([], len(row_windows)) for row_windows in pieces]
        scored = candidates(self.scorer, self.codec, items, batch_size=batch_size)
        for row, judged in zip(rows, scored, strict=True):
            language, score = cuts[row].sentence.language, self.tokenizer.word_score
            readings[row].candidates.extend(given(judged, forms[row], language, score))
        return readings

    def normal(self, cut: Cut) -> Normalised:
        """Return the form of a sentence's text that the model reads."""
        return cut.form.then(normalise(cut.form.text, cut.sentence.language, self.tokenizer.word_score))


def given(
    judged: Iterable[Candidate], form: Normalised, language: str, score: Score | None = None
) -> Iterable[Candidate]:
    """Yield candidates with spans in the text that was given, in place of its normal form, and without clitics."""

    def span(normal: Span) -> Span:
        start, end = without_clitics(form.text, normal.start, normal.end, language, score)
        start, end = form.original_span(start, end)
        return Span(start, end, form.given[start:end], normal.type)

    for candidate in judged:
        triple = candidate.triple
        yield replace(candidate, triple=replace(triple, head=span(triple.head), tail=span(triple.tail)))


def normal_triples(sentence: Sentence, form: Normalised) -> tuple[Triple, ...]:
    """Return a sentence's gold triples with spans in its normal form; one whose span is left out there is lost."""
    triples = []
    for triple in sentence.triples:
        spans = [form.normal_span(span.start, span.end) for span in (triple.head, triple.tail)]
        if all(start < end for start, end in spans):
            head, tail = (
                Span(start, end, form.text[start:end], span.type)
                for (start, end), span in zip(spans, (triple.head, triple.tail), strict=True)
            )
            triples.append(replace(triple, head=head, tail=tail))
    return tuple(triples)
