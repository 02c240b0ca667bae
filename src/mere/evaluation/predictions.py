"""What an extractor says of gold sentences: each is read as a document, by the path that extraction takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from mere.inference.decoding import Candidate
from mere.inference.documents import windows
from mere.inference.extractor import Extractor
from mere.inference.language_id import UNDETERMINED
from mere.inference.normalise import normalise
from mere.inference.reader import normal_triples
from mere.schema import Sentence, Triple

T = TypeVar("T")


def predictions(
    extractor: Extractor, gold: Sequence[Sentence], *, precise: bool = False, batch_size: int = 32
) -> list[tuple[Triple, ...]]:
    """Return the triples that are found in every sentence, its language given; ``precise`` keeps only sure ones."""

    def read(texts: list[str], language: str) -> list[tuple[Triple, ...]]:
        documents = extractor.extract(texts, language=language, precise=precise, batch_size=batch_size)
        return [document.triples for document in documents]

    return _by_language(extractor, gold, read)


def gold_candidates(extractor: Extractor, gold: Sequence[Sentence]) -> list[list[Candidate]]:
    """Return the candidates of every sentence, its language given; those that were not looked for are left out."""
    judged = _by_language(extractor, gold, extractor.candidates)
    return [
        [candidate for candidate in candidates if sentence.looked_for(candidate.triple.relation)]
        for candidates, sentence in zip(judged, gold, strict=True)
    ]


def lost_triples(extractor: Extractor, gold: Sequence[Sentence]) -> int:
    """Count the gold triples that no prediction can match.

    Their spans do not begin and end where tokens do, or lie so far apart that no window holds both. Raises
    `SchemaError` for a relation that the model does not know.
    """
    codec, tokenizer = extractor.codec, extractor.tokenizer
    forms = [normalise(sentence.text, sentence.language, tokenizer.word_score) for sentence in gold]
    reached = 0
    for sentence, form, tokens in zip(gold, forms, tokenizer.encode([form.text for form in forms]), strict=True):
        views = windows(tokens, codec.max_tokens)
        for triple in normal_triples(sentence, form):
            alone = replace(sentence, text=form.text, triples=(triple,))
            reached += any(not codec.encode(alone, view).lost for view in views)
    return sum(len(sentence.triples) for sentence in gold) - reached


def _by_language(extractor: Extractor, gold: Sequence[Sentence], read: Callable[[list[str], str], list[T]]) -> list[T]:
    """Read the sentences of each language at once; one that the model does not know is read as `UNDETERMINED`."""
    results: dict[int, T] = {}
    for language in sorted({sentence.language for sentence in gold}):
        rows = [row for row, sentence in enumerate(gold) if sentence.language == language]
        spoken = language if language in extractor.languages else UNDETERMINED
        results.update(zip(rows, read([gold[row].text for row in rows], spoken), strict=True))
    return [results[row] for row in range(len(gold))]
