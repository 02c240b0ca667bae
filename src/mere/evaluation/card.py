"""The model card that is saved with every model. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mere.evaluation.calibration import BINS, Bin, Reliability
from mere.evaluation.scores import Evaluation, Score

if TYPE_CHECKING:
    from torch import nn

    from mere.nn.joint import JointModel

CONFIDENCE = "Confidence"
"""Title of the card's section on scores."""


def model_card(model: JointModel, scores: Evaluation, sentences: int, reliability: Reliability | None = None) -> str:
    """Write the card: what the model can say, what it was trained on, how well it does on the dev data.

    ``reliability`` says how far its scores can be trusted, where that was measured.
    """
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
    card = "\n".join(
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
    return card if reliability is None else with_section(card, CONFIDENCE, confidence(reliability))


def confidence(reliability: Reliability) -> str:
    """Describe how far scores can be trusted: the reliability diagram as a table, errors, the precise thresholds."""
    triple, relation = (100 * f1 for f1 in reliability.f1)
    lines = [
        "A triple's score is the probability that it is right. Measured on "
        f"{sum(of.count for of in reliability.bins):,} predicted triples, each half of the data judged by curves and "
        f"thresholds fitted on the other: expected calibration error {reliability.ece:.3f} ({BINS} bins of equal "
        f"width), triple F1 {triple:.1f}, relation F1 {relation:.1f}.",
        "",
        "| score | triples | mean score | right | |",
        "|---|---|---|---|---|",
        *map(_bin, reliability.bins),
        "",
    ]
    wished = f"{100 * reliability.wished:.0f} %"
    if reliability.precise is None:
        lines.append(f"No precise thresholds: the data did not show scores that reach a precision of {wished}.")
    else:
        precision, recall = (100 * share for share in reliability.precise)
        lines.append(
            f"At the precise thresholds, set for a precision of {wished}: precision {precision:.1f} %, "
            f"recall {recall:.1f} %."
        )
    return "\n".join(lines)


def with_section(card: str, title: str, body: str) -> str:
    """Return the card with ``body`` as its section ``title``, in place of one that it may have."""
    before, *rest = re.split(rf"^## {re.escape(title)}$", card, maxsplit=1, flags=re.MULTILINE)
    after = re.search(r"^## ", rest[0], re.MULTILINE) if rest else None
    tail = rest[0][after.start() :] if after else ""
    return f"{before.rstrip()}\n\n## {title}\n\n{body.strip()}\n" + (f"\n{tail}" if tail else "")


def _bin(of: Bin) -> str:
    bar = "█" * round(20 * of.right)
    return f"| {of.low:.1f}–{of.high:.1f} | {of.count} | {of.score:.2f} | {of.right:.2f} | {bar} |"


def _size(modules: Sequence[nn.Module]) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def _row(name: str, scores: dict[str, Score]) -> str:
    triple = scores["triple"]
    low, high = (100 * bound for bound in triple.ci95)
    relation, entity = (100 * scores[kind].f1 for kind in ("relation", "entity"))
    return f"| {name} | {100 * triple.f1:.1f} | {low:.1f}–{high:.1f} | {relation:.1f} | {entity:.1f} |"
