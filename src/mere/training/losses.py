"""What training minimises: the losses of both heads, and how far two passes of a batch are apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from mere.nn.joint import JointModel
from mere.training.batches import TrainingBatch


def losses(model: JointModel, batch: TrainingBatch, consistency: float = 0.0) -> tuple[Tensor, Tensor]:
    """Relation loss and entity loss of a batch, means over sentences and over (sentence, relation) pairs.

    ``consistency`` is the weight of R-Drop (arXiv:2106.14448, equation 4): the batch goes through twice, with different
    dropout; the losses are the means of both passes, plus so many times how far the passes' scores are apart.
    """
    passes = [_score(model, batch) for _ in range(2 if consistency else 1)]
    each_pass = [_losses(scores, batch) for scores in passes]
    relation, entity = (torch.stack(costs).mean() for costs in zip(*each_pass, strict=True))
    if not consistency:
        return relation, entity
    first, second = passes
    relation = relation + consistency * threshold_divergence(first.margins, second.margins).mean()
    if first.spans is not None and second.spans is not None:
        entity = entity + consistency * threshold_divergence(first.spans, second.spans).mean()
    return relation, entity


@contextmanager
def autocast(bf16: bool) -> Iterator[None]:
    """Have forward passes run under bfloat16 autocast, or in floats."""
    # The fused kernel's backward pass is slow in bfloat16: it took half of a step.
    attention = sdpa_kernel(SDPBackend.MATH) if bf16 else nullcontext()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16), attention:
        yield


@dataclass(frozen=True)
class _Scores:
    """What a model says of a batch: its real sentences' margins; spans and types of its pairs, where it has any."""

    margins: Tensor
    spans: Tensor | None
    types: Tensor | None


def _score(model: JointModel, batch: TrainingBatch) -> _Scores:
    states, margins = model(batch.inputs)
    # What was not looked for is no class at all: its presence or absence teaches nothing.
    margins = margins[: batch.sentences].float().masked_fill(~batch.looked_for[: batch.sentences], float("-inf"))
    if not len(batch.rows):
        return _Scores(margins, None, None)
    spans, types = model.entities(states, batch.inputs.spannable, batch.rows, batch.pair_relations)
    return _Scores(margins, spans.float().flatten(0, 1), types)


def _losses(scores: _Scores, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
    relation = threshold_loss(scores.margins, batch.relations[: batch.sentences]).mean()
    if scores.spans is None:
        return relation, relation.new_zeros(())
    entity = threshold_loss(scores.spans, batch.pairs.flatten(0, 1)).mean()
    if scores.types is not None and bool((batch.types >= 0).any()):
        pair, role, first, last = batch.ends.unbind(1)
        length, kinds = scores.types.shape[1], scores.types.shape[-1]
        # Rows of (pair, token, role, end) by number: the gradient of index_select does not depend on threads.
        rows = scores.types.reshape(-1, kinds)
        ends = (((pair * length + token) * 2 + role) * 2 + end for end, token in enumerate((first, last)))
        of_spans = torch.stack([rows.index_select(0, chosen) for chosen in ends]).sum(0)
        entity = entity + functional.cross_entropy(of_spans.float(), batch.types, ignore_index=-1)
    return relation, entity


def threshold_loss(scores: Tensor, positive: Tensor) -> Tensor:
    """Multi-label loss with zero as the threshold, one value a row.

    ``log(1 + sum over negatives of exp(s)) + log(1 + sum over positives of exp(-s))`` (Su et al., 2022,
    arXiv:2208.02955): all positives above zero, all negatives below, and with a single positive close to a softmax.

    Parameters
    ----------
    scores:
        Rows first; -inf marks what is no class at all.
    positive:
        Of the same shape, True for what is to be above zero.
    """
    scores, positive = scores.flatten(1), positive.flatten(1)
    zero = scores.new_zeros(len(scores), 1)
    negatives = torch.cat([zero, scores.masked_fill(positive, float("-inf"))], dim=1)
    positives = torch.cat([zero, (-scores).masked_fill(~positive, float("-inf"))], dim=1)
    return torch.logsumexp(negatives, dim=1) + torch.logsumexp(positives, dim=1)


def threshold_divergence(first: Tensor, second: Tensor) -> Tensor:
    """How far two scorings of the same rows are apart (R-Drop): a symmetric Kullback-Leibler divergence, one a row.

    Each row's scores, together with the threshold zero, are taken as a softmax; -inf marks what is no class at all and
    must stand in the same places of both.

    Parameters
    ----------
    first:
        Scores, rows first.
    second:
        Scores of the same shape.
    """
    logs = []
    for scores in (first.flatten(1), second.flatten(1)):
        classes = torch.cat([scores.new_zeros(len(scores), 1), scores], dim=1)
        logs.append(functional.log_softmax(classes, dim=1))
    possible = ~logs[0].isneginf()
    left, right = (log.masked_fill(~possible, 0.0) for log in logs)
    difference: Tensor = (left.exp() - right.exp()) * (left - right)
    return difference.sum(1) / 2
