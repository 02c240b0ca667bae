"""How large the parts of a model are."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from mere.nn.joint import JointModel


def part_sizes(model: JointModel) -> dict[str, int]:
    """Return how many parameters each part of ``model`` has; parts that it lacks are left out."""
    parts: dict[str, Iterable[nn.Module]] = {
        "backbone": [model.backbone],
        "aggregator": [model.aggregator] if model.aggregator is not None else [],
        "switcher": model.switchers,
        "heads": [model.relation_head, model.entity_head],
    }
    sizes = {
        name: sum(parameter.numel() for module in modules for parameter in module.parameters())
        for name, modules in parts.items()
    }
    return {name: size for name, size in sizes.items() if size}
