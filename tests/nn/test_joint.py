"""The joint model: batched as single, gold relations as predicted ones, a switcher's languages apart."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
import torch

from mere.inference.predictor import Item, predict
from mere.nn.joint import AggregatorConfig, Batch, JointModel, ModelConfig, SwitcherConfig, TorchScorer
from mere.nn.layers import Aggregator
from mere.nn.switcher import Switcher
from mere.schema import Schema, Sentence
from mere.training.run import encode


@pytest.fixture(scope="module")
def model(tiny_backbone: str, sample: list[Sentence]) -> JointModel:
    torch.manual_seed(1)
    config = ModelConfig(
        backbone=tiny_backbone,
        aggregator=AggregatorConfig(heads=2),
        switcher=SwitcherConfig(width=4),
        hidden=16,
        span=8,
    )
    joint = JointModel(config, Schema.of(sample)).eval()
    for parameter in joint.parameters():  # random weights everywhere, so that no part is the identity
        parameter.data.add_(torch.randn_like(parameter) * 0.05)
    return joint


def _batch(model: JointModel, sentences: list[Sentence]) -> Batch:
    examples = encode(model, sentences)
    return Batch.of(model.codec.batch([e.tokens for e in examples], [e.language for e in examples]))


@torch.inference_mode()
def test_a_batch_scores_like_its_sentences_alone(model: JointModel, sample: list[Sentence]) -> None:
    chosen = sample[::40]
    together_states, together = model(_batch(model, chosen))
    for row, sentence in enumerate(chosen):
        batch = _batch(model, [sentence])
        states, margins = model(batch)
        length = states.shape[1]
        torch.testing.assert_close(together[row], margins[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together_states[row, :length], states[0], atol=1e-5, rtol=1e-4)


def test_triples_do_not_depend_on_the_batch(model: JointModel, sample: list[Sentence]) -> None:
    examples = encode(model, sample[:40])
    items = [Item(e.sentence.text, e.tokens, e.language) for e in examples]
    scorer = TorchScorer(model)
    alone = [predict(scorer, model.codec, [item])[0] for item in items]
    for size in (7, 32):
        together = predict(scorer, model.codec, items, batch_size=size)
        assert [[t.key for t in one] for one in together] == [[t.key for t in one] for one in alone]
    assert any(alone), "the random model predicts nothing; the test compares empty lists"


def test_every_predicted_span_is_its_text(model: JointModel, sample: list[Sentence]) -> None:
    examples = encode(model, sample)
    items = [Item(e.sentence.text, e.tokens, e.language) for e in examples]
    for item, triples in zip(items, predict(TorchScorer(model), model.codec, items), strict=True):
        for triple in triples:
            for span in (triple.head, triple.tail):
                assert item.text[span.start : span.end] == span.text != ""


@torch.inference_mode()
def test_concatenated_sentences_attend_to_each_other_and_are_cut_back(
    model: JointModel, sample: list[Sentence]
) -> None:
    batch = _batch(model, sample[:4])
    apart, joined = model.universal(batch), model.universal(replace(batch, k=2))
    assert apart.shape == joined.shape
    assert not torch.allclose(apart, joined, atol=1e-4)
    half = slice(0, 2)
    halves = Batch(batch.ids[half], batch.mask[half], batch.spannable[half], batch.language[half], k=2)
    torch.testing.assert_close(model.universal(halves), joined[:2], atol=1e-5, rtol=1e-4)


def test_a_new_aggregator_is_the_identity() -> None:
    states = torch.randn(4, 5, 12)
    assert torch.equal(Aggregator(12, 2, 0.0)(states, torch.ones(4, 5, dtype=torch.bool), 2), states)


def test_changing_one_language_leaves_the_others_bit_identical(model: JointModel, sample: list[Sentence]) -> None:
    by_language = {language: [s for s in sample if s.language == language][:3] for language in ("de", "fr", "ko")}
    with torch.inference_mode():
        before = {language: model(_batch(model, ss))[1] for language, ss in by_language.items()}
        mixed = [s for ss in by_language.values() for s in ss]
        mixed_before = model(_batch(model, mixed))[1]
        changed = cast(Switcher, model.switchers[0]).parts["fr"]
        kept = {name: value.clone() for name, value in changed.state_dict().items()}
        for parameter in changed.parameters():
            parameter.add_(0.1)
        after = {language: model(_batch(model, ss))[1] for language, ss in by_language.items()}
        mixed_after = model(_batch(model, mixed))[1]
        changed.load_state_dict(kept)
    assert torch.equal(before["de"], after["de"])
    assert torch.equal(before["ko"], after["ko"])
    assert not torch.equal(before["fr"], after["fr"])
    untouched = [row for row, sentence in enumerate(mixed) if sentence.language != "fr"]
    assert torch.equal(mixed_before[untouched], mixed_after[untouched])


def test_the_relation_feature_changes_the_spans(model: JointModel, sample: list[Sentence]) -> None:
    batch = _batch(model, sample[:1])
    with torch.inference_mode():
        states = model.states(batch)
        rows, relations = torch.tensor([0, 0]), torch.tensor([0, 1])
        (first, second), _ = model.entities(states, batch.spannable, rows, relations)
    assert not torch.equal(first, second)
