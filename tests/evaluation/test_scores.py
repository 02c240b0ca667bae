"""The evaluation protocol, on cases small enough to count by hand."""

from __future__ import annotations

import pytest

from mere.evaluation.scores import evaluate
from mere.schema import Sentence, Span, Triple

TEXT = "Ada met Bob and Ada"


def _triple(head: int, relation: str, tail: int) -> Triple:
    words = {0: (0, 3), 1: (8, 11), 2: (16, 19)}
    return Triple(Span.of(TEXT, *words[head]), relation, Span.of(TEXT, *words[tail]))


def _gold(language: str, *triples: Triple) -> Sentence:
    return Sentence(TEXT, language, triples)


def test_a_right_relation_with_a_wrong_span_counts_for_the_relation_alone() -> None:
    scores = evaluate([_gold("en", _triple(0, "met", 1))], [[_triple(2, "met", 1)]]).micro
    assert (scores["relation"].f1, scores["entity"].f1, scores["triple"].f1) == (1.0, 0.0, 0.0)
    assert scores["triple_surface"].f1 == 1.0, "the other Ada reads the same"


def test_head_and_tail_are_in_order() -> None:
    scores = evaluate([_gold("en", _triple(0, "met", 1))], [[_triple(1, "met", 0)]]).micro
    assert scores["entity"].f1 == 0.0


def test_precision_and_recall_are_over_all_triples() -> None:
    gold = [_gold("en", _triple(0, "met", 1), _triple(2, "met", 1)), _gold("de")]
    predicted = [[_triple(0, "met", 1)], [_triple(0, "met", 1)]]
    score = evaluate(gold, predicted).micro["triple"]
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)


def test_macro_is_the_mean_of_languages_and_micro_is_not() -> None:
    gold = [_gold("en", _triple(0, "met", 1))] * 3 + [_gold("de", _triple(0, "met", 1))]
    predicted = [[_triple(0, "met", 1)]] * 3 + [[]]
    result = evaluate(gold, predicted)
    assert result.languages["en"]["triple"].f1 == 1.0
    assert result.languages["de"]["triple"].f1 == 0.0
    assert result.macro["triple"].f1 == 0.5
    assert result.micro["triple"].f1 == pytest.approx(6 / 7)


def test_a_triple_found_twice_counts_once() -> None:
    score = evaluate([_gold("en", _triple(0, "met", 1))], [[_triple(0, "met", 1)] * 2]).micro["triple"]
    assert score.precision == 1.0


def test_intervals_hold_the_score_and_narrow_with_data() -> None:
    def score(times: int) -> tuple[float, float, float]:
        gold = [_gold("en", _triple(0, "met", 1))] * (2 * times)
        predicted = [[_triple(0, "met", 1)]] * times + [[]] * times
        found = evaluate(gold, predicted).micro["triple"]
        return (*found.ci95, found.f1)

    few, many = score(5), score(500)
    for low, high, f1 in (few, many):
        assert low <= f1 <= high
    assert many[1] - many[0] < few[1] - few[0]


def test_the_json_has_the_agreed_form() -> None:
    values = evaluate([_gold("de", _triple(0, "met", 1))], [[]], lost_to_length=1).to_dict()
    assert set(values) == {"micro", "macro", "languages", "sentences", "lost_to_length", "facts"}
    assert set(values["micro"]) >= {"triple", "relation", "entity"}
    assert set(values["languages"]["de"]["triple"]) == {"precision", "recall", "f1", "ci95"}
    assert (values["sentences"], values["lost_to_length"]) == (1, 1)
