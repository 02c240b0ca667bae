"""Scores of facts, on cases small enough to count by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mere.data.catalogue import Catalogue
from mere.evaluation.facts import Fact, FactScores, matches, score_facts
from mere.evaluation.scores import evaluate
from mere.schema import Sentence, Span, Triple

TEXT = "abcdefghijklmnopqrstuvwxyz"
A, B, C, D = (0, 4), (6, 10), (12, 16), (18, 22)
Place = tuple[int, int]


def _triple(head: Place, relation: str, tail: Place) -> Triple:
    return Triple(Span.of(TEXT, *head), relation, Span.of(TEXT, *tail))


def _sentence(*triples: Triple, language: str = "en", annotated: tuple[str, ...] | None = None) -> Sentence:
    return Sentence(TEXT, language, triples, annotated=annotated)


def _counts(gold: Sequence[Triple], predicted: Sequence[Triple]) -> tuple[float, float, float, float]:
    """Strict precision and recall, then lenient ones."""
    scores = score_facts([_sentence(*gold)], [predicted])
    strict, lenient = scores.strict.micro, scores.lenient.micro
    return strict.precision, strict.recall, lenient.precision, lenient.recall


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ((A, "has-parent", B), (B, "has-child", A)),
        ((A, "is-member-of", B), (B, "org-has-member", A)),
        ((A, "has-spouse", B), (B, "has-spouse", A)),
        ((A, "has-sibling", B), (B, "has-sibling", A)),
        ((A, "from-country", B), (A, "has-nationality", B)),
    ],
)
def test_the_same_fact_said_otherwise_is_right_both_ways(
    stated: tuple[Place, str, Place], said: tuple[Place, str, Place]
) -> None:
    assert _counts([_triple(*stated)], [_triple(*said)]) == (1, 1, 1, 1)
    assert _counts([_triple(*said)], [_triple(*stated)]) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ((A, "has-parent", B), (A, "has-child", B)),
        ((A, "has-parent", B), (B, "has-parent", A)),
        ((A, "from-country", B), (B, "has-nationality", A)),
        ((A, "is-where", B), (B, "is-where", A)),
        ((A, "has-spouse", B), (A, "has-sibling", B)),
    ],
)
def test_turning_round_what_has_a_direction_is_wrong(
    stated: tuple[Place, str, Place], said: tuple[Place, str, Place]
) -> None:
    assert _counts([_triple(*stated)], [_triple(*said)]) == (0, 0, 0, 0)


def test_a_fact_said_twice_counts_once() -> None:
    both = [_triple(A, "has-parent", B), _triple(B, "has-child", A)]
    assert _counts(both[:1], both) == (1, 1, 1, 1)
    assert _counts(both, both[:1]) == (1, 1, 1, 1)


def test_lenient_wants_both_spans_to_overlap() -> None:
    stated = [_triple(A, "is-where", B)]
    assert _counts(stated, [_triple((1, 3), "is-where", (5, 7))]) == (0, 0, 1, 1)
    assert _counts(stated, [_triple((1, 3), "is-where", C)]) == (0, 0, 0, 0)
    assert _counts(stated, [_triple((1, 3), "birth-place", B)]) == (0, 0, 0, 0)


def test_spans_that_touch_do_not_overlap() -> None:
    assert _counts([_triple(A, "is-where", B)], [_triple((4, 5), "is-where", B)]) == (0, 0, 0, 0)


def test_lenient_turns_round_too() -> None:
    assert _counts([_triple(A, "has-parent", B)], [_triple((7, 9), "has-child", (0, 2))]) == (0, 0, 1, 1)
    assert _counts([_triple(A, "has-spouse", B)], [_triple((7, 9), "has-spouse", (0, 2))]) == (0, 0, 1, 1)


def test_lenient_turns_round_what_is_symmetric_where_spans_overlap_each_other() -> None:
    assert _counts([_triple((0, 4), "has-spouse", (3, 10))], [_triple((1, 9), "has-spouse", (2, 3))]) == (0, 0, 1, 1)
    assert _counts([_triple((0, 4), "is-where", (3, 10))], [_triple((1, 9), "is-where", (2, 3))]) == (0, 0, 0, 0)


def test_two_predictions_of_one_gold_fact_are_one_right_and_one_wrong() -> None:
    said = [_triple((0, 2), "is-where", B), _triple((2, 4), "is-where", B)]
    assert _counts([_triple(A, "is-where", B)], said) == (0, 0, 0.5, 1)


def test_one_prediction_of_two_gold_facts_finds_one() -> None:
    stated = [_triple((0, 2), "is-where", B), _triple((2, 4), "is-where", B)]
    assert _counts(stated, [_triple(A, "is-where", B)]) == (0, 0, 1, 0.5)


def test_matching_takes_a_second_choice_where_that_makes_more_pairs() -> None:
    wide, narrow = Fact("r", (0, 9), B), Fact("r", (1, 3), B)
    assert wide < narrow, "it comes first, and takes what the narrow one needs"
    assert matches([Fact("r", (0, 4), B), Fact("r", (5, 9), B)], [wide, narrow]) == 2
    chain = [Fact("r", (start, start + 3), C) for start in (0, 2, 4, 6)]
    shifted = [Fact("r", (start, start + 3), C) for start in (2, 4, 6, 8)]
    assert matches(chain, shifted) == 4


FACTS = st.frozensets(
    st.builds(
        lambda relation, a, b, c, d: Fact(relation, (a, a + b), (c, c + d)),
        st.sampled_from("rs"),
        *[st.integers(0, 6), st.integers(1, 4)] * 2,
    ),
    max_size=6,
)


@given(FACTS, FACTS)
def test_matching_is_fair_and_no_stricter_than_strict(gold: frozenset[Fact], predicted: frozenset[Fact]) -> None:
    number = matches(gold, predicted)
    assert len(gold & predicted) <= number <= min(len(gold), len(predicted))
    assert number == matches(predicted, gold)


def _annotated(annotated: tuple[str, ...], stated: Sequence[Triple], said: Sequence[Triple]) -> tuple[float, float]:
    score = score_facts([_sentence(*stated, annotated=annotated)], [said]).strict.micro
    return score.precision, score.recall


def test_predictions_that_were_not_looked_for_are_not_counted() -> None:
    stated, other = _triple(A, "is-where", B), _triple(A, "birth-place", B)
    assert _annotated(("is-where",), [stated], [stated, other]) == (1, 1)
    assert _annotated(("is-where", "birth-place"), [stated], [stated, other]) == (0.5, 1)


def test_looked_for_one_way_is_looked_for_the_other_way() -> None:
    stated = _triple(A, "has-parent", B)
    assert _annotated(("has-parent",), [stated], [_triple(B, "has-child", A)]) == (1, 1)
    assert _annotated(("has-parent",), [stated], [_triple(C, "has-child", A)]) == (0, 0)
    assert _annotated(("has-sibling",), [], [_triple(C, "has-child", A)]) == (1, 1), "nothing to find, nothing counted"


def test_empty_sentences_with_a_triple() -> None:
    wrong = _triple(A, "is-where", B)
    gold = [_sentence(), _sentence(), _sentence(language="de"), _sentence(wrong), _sentence(annotated=("is-where",))]
    scores = score_facts(gold, [[wrong, _triple(C, "is-where", D)], [], [], [wrong], [wrong]])
    assert scores.all_empty.to_dict() == {"sentences": 3, "with_triple": 1, "share": 1 / 3}
    assert scores.empty["en"].share == 0.5
    assert scores.empty["de"].share == 0
    assert score_facts(gold[3:], [[], []]).all_empty.share is None


def test_relations_that_state_the_same_share_a_score() -> None:
    gold = [_sentence(_triple(A, "has-parent", B), _triple(A, "is-where", C)), _sentence(_triple(A, "has-child", B))]
    scores = score_facts(gold, [[_triple(B, "has-child", A)], []])
    assert set(scores.relations["strict"]) == {"has-child", "is-where"}
    assert scores.relations["strict"]["has-child"].recall == 0.5
    assert scores.relations["lenient"]["is-where"].recall == 0
    assert scores.forms["has-child"] == ("has-child", "has-parent")
    assert scores.stated == {"has-child": 2, "is-where": 1}


def test_macro_is_the_mean_of_languages() -> None:
    fact = _triple(A, "is-where", B)
    gold = [_sentence(fact)] * 3 + [_sentence(fact, language="de")]
    strict = score_facts(gold, [[fact]] * 3 + [[]]).strict
    assert (strict.macro.f1, strict.languages["en"].f1, strict.languages["de"].f1) == (0.5, 1, 0)
    assert strict.micro.f1 == pytest.approx(6 / 7)


def test_a_model_of_other_relations_has_its_own_catalogue() -> None:
    entry = {"definition": "d", "head": ["person"], "tail": ["person"]}
    own = Catalogue.from_dict({"knows": {**entry, "symmetric": True}})
    gold, said = [_sentence(_triple(A, "knows", B))], [[_triple(B, "knows", A)]]
    assert score_facts(gold, said).strict.micro.f1 == 0
    assert score_facts(gold, said, own).strict.micro.f1 == 1
    assert evaluate(gold, said, catalogue=own).facts.strict.micro.f1 == 1


def _mixed() -> tuple[list[Sentence], list[list[Triple]]]:
    fact = _triple(A, "is-where", B)
    gold = [_sentence(fact), _sentence(), _sentence(fact, annotated=("is-where",), language="de")] * 4
    return gold, [[fact] if row % 4 else [] for row in range(len(gold))]


def test_sentences_that_were_annotated_for_all_relations_stand_apart() -> None:
    gold, predicted = _mixed()
    mixed = evaluate(gold, predicted)
    assert isinstance(mixed.fully_annotated, FactScores)
    assert mixed.mixed
    assert (mixed.facts.sentences, mixed.fully_annotated.sentences) == (12, 8)
    assert mixed.to_dict()["facts_fully_annotated"]["sentences"] == 8
    alone = evaluate(*zip(*[pair for pair in zip(gold, predicted, strict=True) if not pair[0].annotated], strict=True))
    assert alone.facts == mixed.fully_annotated == alone.fully_annotated
    assert not alone.mixed
    assert "facts_fully_annotated" not in alone.to_dict()
    partial = evaluate(gold[2::3], predicted[2::3])
    assert partial.fully_annotated is None
    assert not partial.mixed


def test_the_json_has_the_agreed_form_and_is_the_same_every_time() -> None:
    values = evaluate(*_mixed()).to_dict()["facts"]
    assert values == json.loads(json.dumps(evaluate(*_mixed()).to_dict()["facts"]))
    for kind in ("strict", "lenient"):
        assert set(values[kind]) == {"micro", "macro", "languages", "relations"}
        assert set(values[kind]["relations"]["is-where"]) == {"precision", "recall", "f1", "ci95"}
    assert set(values["empty_with_triple"]) == {"sentences", "with_triple", "share", "languages"}
    assert values["strict"]["micro"]["ci95"][0] < values["strict"]["micro"]["f1"] < values["strict"]["micro"]["ci95"][1]


def test_no_sentence_is_no_trouble() -> None:
    assert evaluate([], []).to_dict()["facts"]["sentences"] == 0
