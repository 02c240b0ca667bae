"""What an extractor can reach of gold data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mere.errors import SchemaError
from mere.evaluation.predictions import lost_triples, predictions
from mere.inference.extractor import Extractor
from mere.schema import Sentence, Span, Triple
from mere.testing import fake_extractor


def _sentence(text: str, head: str, tail: str, relation: str = "is-where") -> Sentence:
    spans = [Span.of(text, text.index(name), text.index(name) + len(name)) for name in (head, tail)]
    return Sentence(text, "en", (Triple(spans[0], relation, spans[1]),))


@pytest.fixture(scope="module")
def extractor(sample: Sequence[Sentence]) -> Extractor:
    """Finds what the sample says, in windows of 40 words."""
    said = {(one.head.text, one.relation, one.tail.text) for sentence in sample for one in sentence.triples}
    whole = fake_extractor([*said, ("Ulm", "is-where", "Bonn")], sorted({sentence.language for sentence in sample}))
    whole.codec = replace(whole.codec, max_tokens=40)
    return whole


def test_triples_within_a_window_are_not_lost(extractor: Extractor) -> None:
    filler = "and so on, " * 60
    near = _sentence(f"{filler}Ulm lies in Bonn", "Ulm", "Bonn")
    far = _sentence(f"Ulm lies, {filler}in Bonn", "Ulm", "Bonn")
    assert lost_triples(extractor, [near]) == 0
    assert lost_triples(extractor, [near, far]) == 1


def test_a_relation_that_the_model_does_not_know_is_told(extractor: Extractor) -> None:
    with pytest.raises(SchemaError, match="relation 'likes'"):
        lost_triples(extractor, [_sentence("Ada likes Bob", "Ada", "Bob", "likes")])


def test_predictions_stand_in_the_order_of_the_sentences(extractor: Extractor, sample: Sequence[Sentence]) -> None:
    chosen = sample[::20]
    both = predictions(extractor, chosen)
    assert sum(map(bool, both)) > 7
    assert both == [predictions(extractor, [sentence])[0] for sentence in chosen]
