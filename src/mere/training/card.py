"""The model card that is saved with every model."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from mere.model.joint import JointModel
from mere.training.evaluation import Evaluation, Score


def model_card(model: JointModel, scores: Evaluation, sentences: int) -> str:
    """Write the card: what the model can say, what it was trained on, how well it does on the dev data."""
    schema = model.schema
    parts: dict[str, list[nn.Module]] = {
        "backbone": [model.backbone],
        "aggregator": [model.aggregator] if model.aggregator is not None else [],
        "switcher": list(model.switchers),
        "heads": [model.relation_head, model.entity_head],
    }
    sizes = {name: _size(modules) for name, modules in parts.items() if modules}
    rows = [_row(name, of) for name, of in (("micro", scores.micro), ("macro", scores.macro))]
    rows += [_row(language, of) for language, of in scores.languages.items()]
    return "\n".join(
        [
            "# mere model",
            "",
            f"Backbone `{model.config.backbone}`, {sum(sizes.values()):,} parameters beside the word embeddings: "
            + ", ".join(f"{name} {size:,}" for name, size in sizes.items())
            + ".",
            "",
            f"Trained on {sentences:,} sentences. Languages: {', '.join(schema.languages)}.",
            f"Relations: {', '.join(schema.relations)}.",
            "",
            f"F1 in per cent on {scores.sentences:,} dev sentences, with the 95 % bootstrap interval of triple F1:",
            "",
            "| language | triple | interval | relation | entity pair |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _size(modules: Sequence[nn.Module]) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def _row(name: str, scores: dict[str, Score]) -> str:
    triple = scores["triple"]
    low, high = (100 * bound for bound in triple.ci95)
    relation, entity = (100 * scores[kind].f1 for kind in ("relation", "entity"))
    return f"| {name} | {100 * triple.f1:.1f} | {low:.1f}–{high:.1f} | {relation:.1f} | {entity:.1f} |"
