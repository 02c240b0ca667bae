"""The model card that is saved with every model. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mere.evaluation.calibration import BINS, Bin, Reliability
from mere.evaluation.scores import Evaluation
from mere.evaluation.tables import facts_table, triples_table
from mere.schema import Schema

CONFIDENCE = "Confidence"
"""Title of the card's section on scores."""


def model_card(
    schema: Schema,
    backbone: str,
    sizes: Mapping[str, int],
    scores: Evaluation,
    sentences: int,
    reliability: Reliability | None = None,
) -> str:
    """Write the card: what the model can say, what it was trained on, how well it does on the dev data.

    Parameters
    ----------
    schema, backbone, sizes:
        What the model can say, the name of what it was built on, and the parameters of each of its parts.
    scores, sentences:
        Scores on the dev data, and how many sentences training has seen.
    reliability:
        How far the scores of triples can be trusted, where that was measured.
    """
    parts = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
    card = "\n".join(
        [
            "# mere model",
            "",
            f"Backbone `{backbone}`, {sum(sizes.values()):,} parameters beside the word embeddings: {parts}.",
            "",
            f"Trained on {sentences:,} sentences. Languages: {', '.join(schema.languages)}.",
            f"Relations: {', '.join(schema.relations)}.",
            "",
            quality(scores),
            "",
        ]
    )
    return card if reliability is None else with_section(card, CONFIDENCE, confidence(reliability))


def quality(scores: Evaluation) -> str:
    """Describe how well a model does on dev data, by facts first where any was annotated for all relations."""
    exact = triples_table(scores)
    lines = []
    if scores.fully_annotated is not None:
        facts = facts_table(scores.fully_annotated)
        lines += [
            "On dev sentences that were annotated for all relations, with the 95 % bootstrap interval of strict F1: "
            f"{facts.note}. A triple that is turned round by an inverse or symmetric relation is the same fact; strict "
            "wants both spans exact, lenient both overlapping.",
            "",
            facts.markdown(),
            "",
        ]
    return "\n".join([*lines, f"On the dev data: {exact.note}.", "", exact.markdown()])


def confidence(reliability: Reliability) -> str:
    """Describe how far scores can be trusted: the reliability diagram as a table, errors, the precise thresholds."""
    triple, relation = (100 * f1 for f1 in reliability.f1)
    lines = [
        "A triple's score is the probability that it is right. Measured on "
        f"{sum(bin.count for bin in reliability.bins):,} predicted triples, each half of the data judged by curves and "
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


def _bin(bin: Bin) -> str:
    bar = "█" * round(20 * bin.right)
    return f"| {bin.low:.1f}–{bin.high:.1f} | {bin.count} | {bin.score:.2f} | {bin.right:.2f} | {bar} |"
