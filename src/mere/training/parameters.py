"""What of a model learns in a stage, and how fast."""

from __future__ import annotations

from torch import nn

from mere.nn.joint import JointModel
from mere.nn.switcher import Switcher
from mere.training.config import Stage


def parameter_groups(model: JointModel, stage: Stage) -> list[dict[str, object]]:
    """Set what learns and return it with its rates: the backbone by layer, all else together."""
    parts: dict[str, list[nn.Module]] = {
        "aggregator": [model.aggregator] if model.aggregator is not None else [],
        "switcher": _sub_modules(model, stage),
        "heads": [model.relation_head, model.entity_head],
    }
    model.requires_grad_(False)
    fresh = [
        parameter
        for name, modules in parts.items()
        if name in stage.train
        for module in modules
        for parameter in module.requires_grad_(True).parameters()
    ]
    groups: list[dict[str, object]] = [{"params": fresh, "lr": stage.learning_rate}] if fresh else []
    if "backbone" in stage.train:
        layers = model.backbone.layers
        for depth, layer in enumerate(layers[stage.frozen_layers :], start=stage.frozen_layers):
            rate = stage.backbone_learning_rate * stage.layer_decay ** (len(layers) - 1 - depth)
            groups.append({"params": list(layer.requires_grad_(True).parameters()), "lr": rate})
        if stage.frozen_layers == 0:
            rate = stage.backbone_learning_rate * stage.layer_decay ** len(layers)
            embeddings = model.backbone.embeddings.requires_grad_(True)
            if not stage.train_embeddings:
                model.backbone.word_embeddings.requires_grad_(False)
            learning = [parameter for parameter in embeddings.parameters() if parameter.requires_grad]
            groups.append({"params": learning, "lr": rate})
    return groups


def _sub_modules(model: JointModel, stage: Stage) -> list[nn.Module]:
    """List the switcher's parts that learn: all of it, or the languages that the stage names."""
    if not stage.languages:
        return list(model.switchers)
    switchers = [switcher for switcher in model.switchers if isinstance(switcher, Switcher)]
    return [switcher.parts[language] for switcher in switchers for language in stage.languages]
