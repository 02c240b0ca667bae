"""The losses: small for what is right, blind to padding, and larger where two passes disagree."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mere.nn.joint import AggregatorConfig, JointModel, ModelConfig
from mere.schema import Schema, Sentence
from mere.training.batches import collate
from mere.training.losses import autocast, losses, threshold_divergence, threshold_loss
from mere.training.run import encode


@pytest.fixture(scope="module")
def model(tiny_backbone: str, sample: list[Sentence]) -> JointModel:
    torch.manual_seed(1)
    config = ModelConfig(backbone=tiny_backbone, aggregator=AggregatorConfig(heads=2), hidden=16, span=8)
    return JointModel(config, Schema.of(sample)).eval()


def test_the_loss_is_small_for_what_is_right_and_large_for_what_is_wrong() -> None:
    positive = torch.tensor([[True, False, False], [False, False, False]])
    right = torch.tensor([[9.0, -9.0, float("-inf")], [-9.0, -9.0, float("-inf")]])
    wrong = torch.where(torch.isinf(right), right, -right)
    assert threshold_loss(right, positive).max() < 0.01
    assert threshold_loss(wrong, positive).min() > 8


def test_scores_that_are_the_same_are_not_apart_and_others_are_whatever_is_masked() -> None:
    scores = torch.tensor([[2.0, -1.0, float("-inf")], [0.5, 0.0, float("-inf")]], requires_grad=True)
    assert torch.equal(threshold_divergence(scores, scores), torch.zeros(2))
    apart = threshold_divergence(scores, scores.detach() * 2)
    assert (apart > 0).all()
    torch.testing.assert_close(apart, threshold_divergence(scores * 2, scores))  # symmetric
    apart.sum().backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


def test_consistency_costs_what_dropout_changes_and_nothing_without_dropout(
    model: JointModel, sample: list[Sentence]
) -> None:
    batch = collate(model.codec, encode(model, sample[:3]))
    with torch.no_grad():
        for plain, consistent in zip(losses(model, batch), losses(model, batch, consistency=5.0), strict=True):
            torch.testing.assert_close(plain, consistent)
        model.train()
        costs = []
        for consistency in (1e-9, 5.0):
            torch.manual_seed(1)
            costs.append(losses(model, batch, consistency))
        model.eval()
    for small, large in zip(*costs, strict=True):
        assert large > small


def test_padding_sentences_do_not_change_the_loss(model: JointModel, sample: list[Sentence]) -> None:
    examples = encode(model, sample[:3])
    with torch.inference_mode():
        plain = losses(model, collate(model.codec, examples))
        batch = collate(model.codec, examples, k=2)  # padded to four rows
        padded = losses(model, replace(batch, inputs=replace(batch.inputs, k=1)))
    assert len(batch.inputs.ids) == 4
    for one, other in zip(plain, padded, strict=True):
        torch.testing.assert_close(one, other)


def test_bfloat16_points_the_same_way_as_floats(model: JointModel, sample: list[Sentence]) -> None:
    batch = collate(model.codec, encode(model, sample[:6]), k=3)
    directions = []
    for bf16 in (False, True):
        model.zero_grad()
        with autocast(bf16):
            relation, entity = losses(model, batch)
        (relation + entity).backward()  # type: ignore[no-untyped-call]
        gradients = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
        directions.append(torch.cat(gradients))
    model.zero_grad()
    floats, halves = directions
    assert not torch.equal(floats, halves)  # an autocast that changes nothing was not taken
    assert torch.cosine_similarity(floats, halves, dim=0) > 0.99
