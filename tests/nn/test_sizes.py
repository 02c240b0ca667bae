"""Sizes of a model's parts, as the model card names them."""

from __future__ import annotations

from pathlib import Path

from mere.nn.joint import AggregatorConfig, JointModel, ModelConfig, SwitcherConfig
from mere.nn.sizes import part_sizes
from mere.nn.weights import load_artifact
from mere.schema import Schema


def test_parts_add_up_to_the_model(tiny_model: str, tiny_backbone: str) -> None:
    plain = load_artifact(Path(tiny_model))
    assert list(part_sizes(plain)) == ["backbone", "switcher", "heads"]
    config = ModelConfig(backbone=tiny_backbone, aggregator=AggregatorConfig(heads=2), switcher=SwitcherConfig(width=4))
    whole = JointModel(config, Schema(("likes",), ("de", "en")))
    sizes = part_sizes(whole)
    assert list(sizes) == ["backbone", "aggregator", "switcher", "heads"]
    assert sum(sizes.values()) == sum(parameter.numel() for parameter in whole.parameters())
