"""Calibration: scores that can be trusted, thresholds that do what they were set for, whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mere.evaluation.calibration import (
    LEAST,
    OPEN,
    Reliability,
    bins_of,
    cross_fit,
    expected_calibration_error,
    fit,
    fit_decoding,
)
from mere.evaluation.card import CONFIDENCE, confidence, with_section
from mere.evaluation.logistic import fit_logistic
from mere.evaluation.predictions import gold_candidates
from mere.evaluation.scores import micro_f1
from mere.inference.decoding import Calibration, Candidate, Decoding, Evidence, Thresholds
from mere.inference.extractor import Extractor
from mere.nn.joint import JointModel, ModelConfig, TorchScorer
from mere.schema import Schema, Sentence, Span, Triple
from mere.training.run import encode
from mere.training.trainer import predict_examples

TEXT = "Ada was born in London."
SPANS = Span.of(TEXT, 0, 3), Span.of(TEXT, 16, 22)
Data = tuple[list[list[Candidate]], list[Sentence]]


def _data(size: int, *, seed: int = 0, boast: float = 3.0, relations: tuple[str, ...] = ("born-in", "died-in")) -> Data:
    """Make sentences of one candidate whose logits are ``boast`` times too large."""
    random = np.random.default_rng(seed)
    candidates, gold = [], []
    for number in range(size):
        margin, logit = random.normal(1.0, 2.0), random.normal(0.8, 2.0)
        stated, right = (random.random() < 1 / (1 + np.exp(-value)) for value in (margin, logit))
        relation, language = relations[number % len(relations)], ("de", "en")[number // 2 % 2]
        truth = SPANS if right else SPANS[::-1]
        triples = (Triple(truth[0], relation, truth[1]),) if stated else ()
        gold.append(Sentence(TEXT, language, triples, id=f"{seed}-{number}"))
        evidence = Evidence(language, boast * margin, boast * logit, best=True)
        candidates.append([Calibration().judge(Triple(SPANS[0], relation, SPANS[1]), evidence)])
    return candidates, gold


def _error(decoding: Decoding, candidates: list[list[Candidate]], gold: list[Sentence]) -> float:
    judged = [decoding.calibration.judge(each[0].triple, each[0].evidence).triple for each in candidates]
    right = [triple.key in {t.key for t in sentence.triples} for triple, sentence in zip(judged, gold, strict=True)]
    return expected_calibration_error(bins_of(np.array([triple.score for triple in judged]), np.array(right)))


def _sure(decoding: Decoding, candidates: list[list[Candidate]], gold: list[Sentence]) -> tuple[int, int]:
    """Right and predicted triples at the precise thresholds."""
    judged = [[decoding.calibration.judge(c.triple, c.evidence) for c in each] for each in candidates]
    kept = [decoding.choose(each, precise=True) for each in judged]
    right = [
        triple.key in {t.key for t in sentence.triples}
        for triples, sentence in zip(kept, gold, strict=True)
        for triple in triples
    ]
    return sum(right), len(right)


def test_scores_that_boast_are_put_right_on_data_that_was_not_seen() -> None:
    decoding, fresh = fit(*_data(1500)), _data(3000, seed=1)
    before, after = _error(Decoding(), *fresh), _error(decoding, *fresh)
    assert before > 0.1
    assert after < 0.04
    assert decoding.calibration.stated.slope == pytest.approx(1 / 3, abs=0.06)
    assert decoding.calibration.pair.slope == pytest.approx(1 / 3, abs=0.06)


def test_the_wished_precision_is_reached_on_data_that_was_not_seen() -> None:
    fresh = _data(4000, seed=1)
    predicted = {}
    for wished in (0.6, 0.8):
        decoding = fit(*_data(1500), precision=wished)
        assert decoding.precise is not None
        right, predicted[wished] = _sure(decoding, *fresh)
        assert right / predicted[wished] == pytest.approx(wished, abs=0.06)
    assert predicted[0.6] > predicted[0.8] > 0


def test_a_precision_out_of_reach_leaves_no_precise_thresholds() -> None:
    candidates, gold = _data(400)
    assert fit(candidates, gold, precision=1.0).precise is None
    assert "No precise thresholds" in confidence(cross_fit(candidates, gold, precision=1.0))


def test_what_was_seen_too_little_has_nothing_of_its_own() -> None:
    candidates, gold = _data(2 * LEAST - 2)
    few = fit(candidates, gold)
    assert few.thresholds.relations == {}
    assert few.calibration.languages == {}
    assert fit(candidates[: LEAST - 1], gold[: LEAST - 1], precision=0.0).precise is None
    many = fit(*_data(12 * LEAST))
    assert set(many.calibration.languages) == {"de", "en"}


def test_the_threshold_is_the_one_with_the_best_f1() -> None:
    candidates, gold = _data(400)
    decoding = fit(candidates, gold)
    judged = [[decoding.calibration.judge(one.triple, one.evidence) for one in sentence] for sentence in candidates]

    def score(threshold: float) -> float:
        predicted = [decoding.above(threshold).choose(sentence) for sentence in judged]
        return micro_f1(gold, predicted, "triple")

    assert 0.1 < decoding.floor < 0.7
    assert score(decoding.floor) == max(score(0.1 + 0.04 * step) for step in range(16)) > score(0.02)


def test_evidence_that_points_the_wrong_way_is_not_followed() -> None:
    candidates, gold = _data(800, boast=-1.0)
    calibration = fit(candidates, gold).calibration
    assert calibration.stated.slope == calibration.pair.slope == 0


@pytest.mark.parametrize("size", [0, 1, 5])
@pytest.mark.parametrize("kind", ["all right", "all wrong", "no candidates"])
def test_little_data_or_one_answer_is_no_error(size: int, kind: str) -> None:
    candidates, gold = _data(size)
    if kind == "no candidates":
        candidates = [[] for _ in gold]
    triples = [Triple(SPANS[0], each[0].triple.relation, SPANS[1]) if each else None for each in candidates]
    gold = [
        Sentence(TEXT, "en", (triple,) if triple is not None and kind == "all right" else (), id=str(number))
        for number, triple in enumerate(triples)
    ]
    decoding, reliability = fit(candidates, gold), cross_fit(candidates, gold)
    assert 0 <= reliability.ece <= 1
    assert decoding.precise is None
    assert CONFIDENCE in with_section("# card\n", CONFIDENCE, confidence(reliability))
    if not size or kind == "no candidates":
        assert decoding.calibration == Calibration()


def test_a_clean_cut_between_right_and_wrong_has_finite_weights() -> None:
    columns = np.column_stack([np.ones(8), np.linspace(-40, 40, 8)])
    weights = fit_logistic(columns, columns[:, 1] > 0, np.array([0.0, 1.0]), np.ones(2), rising=[1])
    assert np.isfinite(weights).all()
    assert weights[1] > 0


def test_the_error_is_the_mean_gap_by_count() -> None:
    bins = bins_of(np.array([0.95, 0.95, 1.0, 0.1]), np.array([True, True, False, True]))
    assert [(bin.low, bin.count) for bin in bins] == [(0.1, 1), (0.9, 3)]
    assert expected_calibration_error(bins) == pytest.approx((3 * abs(2.9 / 3 - 2 / 3) + 0.9) / 4)
    assert expected_calibration_error([]) == 0


def test_evaluation_and_extraction_give_the_same_scores(tiny_backbone: str, sample: list[Sentence]) -> None:
    torch.manual_seed(1)
    model = JointModel(ModelConfig(backbone=tiny_backbone, hidden=16, span=8), Schema.of(sample)).eval()
    with torch.no_grad():
        model.relation_head.scores.bias[0] -= 0.1
    chosen = [sentence for sentence in sample if sentence.language in ("de", "en")]
    examples = encode(model, chosen)
    extractor = Extractor(TorchScorer(model), model.codec.with_decoding(OPEN), model.backbone.tokenizer)
    decoding, reliability = fit_decoding(gold_candidates(extractor, chosen), chosen)
    assert isinstance(reliability, Reliability)
    model.codec = model.codec.with_decoding(Decoding(decoding.calibration, Thresholds(0.01)))
    extractor = Extractor(TorchScorer(model), model.codec, model.backbone.tokenizer)
    evaluated = predict_examples(model, examples)
    assert any(evaluated)
    for sentence, triples in zip(chosen, evaluated, strict=True):
        extracted = extractor.extract(sentence.text, language=sentence.language).triples
        assert [t.key for t in extracted] == [t.key for t in triples]
        assert [t.score for t in extracted] == pytest.approx([t.score for t in triples], abs=1e-5)


def test_a_section_of_the_card_replaces_its_like_and_no_other() -> None:
    card = with_section(with_section("# model\n\ntext\n", "Confidence", "old"), "Speed", "fast")
    again = with_section(card, "Confidence", "new")
    assert again == "# model\n\ntext\n\n## Confidence\n\nnew\n\n## Speed\n\nfast\n"
    assert with_section(again, "Confidence", "new") == again
