"""The layers that mERE puts on a backbone: aggregator (LA), switcher (LS), relation head, entity head.

Shapes: B sentences, N positions, d the backbone's width, R relations, P (sentence, relation) pairs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Aggregator(nn.Module):
    """The language-universal aggregator: tokens of sentences in different languages attend to each other.

    One pre-norm Transformer layer with a residual, applied to ``k`` neighbouring sentences of the batch at once
    (mERE, unified training). With ``k = 1`` a sentence attends to itself alone.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.norm_feedforward = nn.LayerNorm(width)
        widen, narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.feedforward = nn.Sequential(widen, nn.GELU(), narrow)
        self.dropout = nn.Dropout(dropout)
        # As a residual branch that starts at zero the layer begins as the identity and cannot hurt the backbone.
        for last in (self.output, narrow):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, states: Tensor, mask: Tensor, k: int = 1) -> Tensor:
        """Let tokens attend to each other across ``k`` neighbouring sentences; returns B×N×d.

        Parameters
        ----------
        states:
            B×N×d.
        mask:
            B×N, False for padding.
        k:
            A divisor of B.
        """
        batch, length, width = states.shape
        joined: Tensor = states.reshape(batch // k, k * length, width)
        normed = self.norm_attention(joined)
        query, key, value = (
            projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projected in self.query_key_value(normed).chunk(3, dim=-1)
        )
        visible = mask.reshape(batch // k, 1, 1, k * length)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        joined = joined + self.dropout(self.output(attended.transpose(1, 2).flatten(2)))
        joined = joined + self.dropout(self.feedforward(self.norm_feedforward(joined)))
        return joined.reshape(batch, length, width)


class RelationHead(nn.Module):
    """Scores every relation of a sentence against the threshold *no relation*.

    Relations above it are predicted, so that none, one or several come out of one mechanism; what it is trained by is
    `mere.training.losses.threshold_loss`.
    """

    def __init__(self, width: int, relations: int, dropout: float) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Dropout(dropout))
        self.scores = nn.Linear(width, relations + 1)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return B×R margins: each relation's score less that of *no relation*; above zero it is predicted.

        Parameters
        ----------
        states:
            B×N×d.
        mask:
            B×N, False for padding.
        """
        visible = mask.unsqueeze(-1)
        mean = (states * visible).sum(1) / visible.sum(1).clamp(min=1)
        # Not -inf, which would be the maximum of a row that is all padding, and spread from there as NaN.
        highest = states.masked_fill(~visible, -1e4).amax(1)
        scores = self.scores(self.features(torch.cat([mean, highest], dim=-1)))
        margins: Tensor = scores[:, 1:] - scores[:, :1]
        return margins


class EntityHead(nn.Module):
    """Finds head and tail of a relation: [h_i ; r] to span scores and links.

    ``project(h) + condition(r)`` is a linear map of the concatenation [h ; r], computed once a sentence for all of its
    relations. Without the relation feature (an ablation) the condition is left out. Where the schema has entity types,
    a span's type follows from the features of its two ends, for head and tail apart.
    """

    def __init__(
        self,
        width: int,
        relations: int,
        types: int,
        *,
        hidden: int,
        span: int,
        distances: int,
        dropout: float,
        conditioned: bool,
    ) -> None:
        super().__init__()
        self.project = nn.Linear(width, hidden)
        self.condition = nn.Embedding(relations, hidden) if conditioned else None
        self.activate = nn.Sequential(nn.GELU(), nn.Dropout(dropout))
        self.ends = nn.Linear(hidden, 4)
        self.bilinear = nn.Linear(hidden, 8 * span)
        self.span = span
        self.length_bias = nn.Parameter(torch.zeros(2, distances))
        self.types = nn.Linear(hidden, 4 * types) if types else None

    def forward(
        self, states: Tensor, spannable: Tensor, rows: Tensor, relations: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Score spans, links and types.

        Parameters
        ----------
        states:
            B×N×d.
        spannable:
            B×N, False where no span may begin or end.
        rows:
            P rows of sentences.
        relations:
            P relation indices.

        Returns
        -------
        scores:
            P×4×N×N: head spans, tail spans, start links, end links; what is no span holds -inf.
        types:
            P×N×2×2×T: type scores of head and tail, of their first and last token; None without entity types.
        """
        # index_select, not []: with several threads the gradient of [] is summed in any order (see `Switcher`).
        projected = self.project(states).index_select(0, rows)
        if self.condition is not None:
            projected = projected + self.condition(relations).unsqueeze(1)
        features = self.activate(projected)
        left, right = self.bilinear(features).unflatten(-1, (2, 4, self.span)).permute(2, 0, 3, 1, 4)
        scores = left @ right.transpose(-1, -2) * self.span**-0.5
        start, end = self.ends(features).unflatten(-1, (2, 2)).permute(2, 0, 3, 1)
        length = states.shape[1]
        position = torch.arange(length, device=states.device)
        distance = position.unsqueeze(0) - position.unsqueeze(1)
        nearest = distance.clamp(0, self.length_bias.shape[1] - 1)
        bias = self.length_bias.index_select(1, nearest.flatten()).reshape(2, length, length)
        spans = scores[:, :2] + start.unsqueeze(-1) + end.unsqueeze(-2) + bias
        possible = spannable[rows]
        pair = possible.unsqueeze(-1) & possible.unsqueeze(-2)
        spans = spans.masked_fill(~(pair & (distance >= 0)).unsqueeze(1), float("-inf"))
        links = scores[:, 2:].masked_fill(~pair.unsqueeze(1), float("-inf"))
        types = None if self.types is None else self.types(features).unflatten(-1, (2, 2, -1))
        return torch.cat([spans, links], dim=1), types
