"""The joint model of mERE, top to bottom as the method reads (docs/concepts/method.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from mere.arrays import Floats, Integers
from mere.errors import ConfigError
from mere.inference.codec import SHARED_MODULE, Arrays, Codec, EntityScores
from mere.inference.model_config import AggregatorConfig, ModelConfig, SwitcherConfig
from mere.nn.backbones import Backbone
from mere.nn.layers import Aggregator, EntityHead, RelationHead
from mere.nn.switcher import Gate, Switcher
from mere.schema import Schema

__all__ = ["AggregatorConfig", "Batch", "Depth", "JointModel", "ModelConfig", "SwitcherConfig", "TorchScorer"]


Depth = int | Literal["switcher"]
"""How much of a model lies below a point: so many backbone layers, or everything under the switcher."""


@dataclass(frozen=True)
class Batch:
    """A batch as tensors: what `mere.inference.codec.Arrays` holds, and how to read it.

    Attributes
    ----------
    k:
        How many neighbouring sentences LA joins.
    states, depth:
        B×N×d states that were computed before, up to this depth of the model; None where nothing was.
    """

    ids: Tensor
    mask: Tensor
    spannable: Tensor
    language: Tensor
    k: int = 1
    states: Tensor | None = None
    depth: Depth = 0

    @classmethod
    def of(cls, arrays: Arrays, k: int = 1, depth: Depth = 0) -> Batch:
        """Wrap the codec's arrays; nothing is copied."""
        return cls(
            ids=torch.from_numpy(arrays.ids),
            mask=torch.from_numpy(arrays.mask),
            spannable=torch.from_numpy(arrays.spannable),
            language=torch.from_numpy(arrays.language),
            k=k,
            states=None if arrays.states is None else torch.from_numpy(arrays.states),
            depth=depth,
        )


class JointModel(nn.Module):
    """Backbone → aggregator → switcher → relation head, entity head.

    Parameters
    ----------
    config, schema:
        Its shape and what it can say.
    backbone:
        The encoder; where None, ``config.backbone`` is loaded with its pretrained weights.

    Raises `ConfigError` for a configuration that does not fit the backbone.
    """

    def __init__(self, config: ModelConfig, schema: Schema, backbone: Backbone | None = None) -> None:
        super().__init__()
        self.config = config
        self.schema = schema
        self.backbone = backbone or Backbone.pretrained(
            config.backbone, download=config.download, dropout=config.backbone_dropout
        )
        tokenizer = self.backbone.tokenizer
        self.codec = Codec(
            schema,
            bos=tokenizer.bos,
            eos=tokenizer.eos,
            pad=tokenizer.pad,
            max_tokens=min(config.max_tokens, self.backbone.positions - 2),
        )
        width, relations = self.backbone.width, len(schema.relations)
        _check_shape(config, width, len(self.backbone.layers))
        languages = (*schema.languages, SHARED_MODULE)
        self.aggregator = Aggregator(width, config.aggregator.heads, config.dropout) if config.aggregator else None
        self.switchers = nn.ModuleList()
        if config.switcher is not None:
            shape = (width, config.switcher.width, languages, config.switcher.routing, config.switcher.modules)
            self.switchers.extend(Switcher(*shape) for _ in range(max(1, config.switcher.layers)))
        self.dropout = nn.Dropout(config.dropout)
        self.relation_head = RelationHead(width, relations, config.dropout)
        self.entity_head = EntityHead(
            width,
            relations,
            len(schema.entity_types),
            hidden=config.hidden,
            span=config.span,
            distances=config.distances,
            dropout=config.dropout,
            conditioned=config.conditioned,
        )

    @property
    def gates(self) -> list[Gate]:
        """The switchers' gates, where routing is learned."""
        return [module for module in self.switchers.modules() if isinstance(module, Gate)]

    def universal(self, batch: Batch) -> Tensor:
        """Return the B×N×d states below the switcher: the backbone's, aggregated over k sentences each.

        With switchers inside the backbone they are applied on the way, and nothing is left for `specific` to do.
        """
        if batch.states is not None and batch.depth == "switcher":
            return batch.states
        top = len(self.backbone.layers)
        plain = top - (self.config.switcher.layers if self.config.switcher else 0)
        if batch.states is not None:
            assert isinstance(batch.depth, int)
            states = self.backbone.between(batch.states, batch.mask, batch.depth, plain)
        elif self.config.aggregator is not None and self.config.aggregator.reading == "inputs":
            # Every sentence keeps positions of its own, as alone at inference: joined ones may exceed the backbone's.
            embedded = self.backbone.lower(batch.ids, batch.mask, 0)
            rows = len(batch.ids) // batch.k
            joined = self.backbone.between(
                embedded.reshape(rows, -1, embedded.shape[-1]), batch.mask.reshape(rows, -1), 0, plain
            )
            states = joined.reshape(embedded.shape)
        else:
            states = self.backbone.lower(batch.ids, batch.mask, plain)
        for layer in range(plain, top):
            states = self.backbone.between(states, batch.mask, layer, layer + 1)
            states = self.switchers[layer - plain](states, batch.language, batch.ids)
        return states if self.aggregator is None else cast(Tensor, self.aggregator(states, batch.mask, batch.k))

    def below(self, batch: Batch, depth: Depth) -> Tensor:
        """Return the B×N×d states at ``depth``, which a batch can bring along in place of having them computed."""
        return self.universal(batch) if depth == "switcher" else self.backbone.lower(batch.ids, batch.mask, depth)

    def specific(self, states: Tensor, batch: Batch) -> Tensor:
        """Return the B×N×d states that the heads see: switched by each sentence's language."""
        if self.config.switcher and self.config.switcher.layers == 0:
            states = self.switchers[0](states, batch.language, batch.ids)
        return cast(Tensor, self.dropout(states))

    def states(self, batch: Batch) -> Tensor:
        """Return B×N×d token states, ready for the heads."""
        return self.specific(self.universal(batch), batch)

    def relations(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return B×R margins over *no relation*.

        Parameters
        ----------
        states:
            B×N×d, as `states` gives them.
        mask:
            B×N, False for padding.
        """
        return cast(Tensor, self.relation_head(states, mask))

    def entities(
        self, states: Tensor, spannable: Tensor, rows: Tensor, relations: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Return span and link scores, P×4×N×N, and type scores, P×N×2×2×T; see `EntityHead`.

        Parameters
        ----------
        states:
            B×N×d, as `states` gives them.
        spannable:
            B×N, False where no span may begin or end.
        rows:
            P rows of sentences.
        relations:
            P relation indices.
        """
        return cast(tuple[Tensor, Tensor | None], self.entity_head(states, spannable, rows, relations))

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return states and relation margins; the entity head is asked about chosen relations with `entities`."""
        states = self.states(batch)
        return states, self.relations(states, batch.mask)


def _check_shape(config: ModelConfig, width: int, layers: int) -> None:
    if config.aggregator is not None and width % config.aggregator.heads:
        heads = config.aggregator.heads
        raise ConfigError(f"'model.aggregator.heads' is {heads}, which does not divide the backbone's width {width}")
    if config.switcher is not None and config.switcher.layers > layers:
        inside = config.switcher.layers
        raise ConfigError(f"'model.switcher.layers' is {inside}, and the backbone has {layers} layers")


class TorchScorer:
    """Scores batches with a `JointModel` in evaluation mode (a `mere.inference.predictor.Scorer`).

    ``depth`` tells how deep states are that batches bring along.
    """

    def __init__(self, model: JointModel, depth: Depth = 0) -> None:
        self.model = model
        self.depth = depth

    @torch.inference_mode()
    def relations(self, arrays: Arrays) -> tuple[Tensor, Floats]:
        """Return B×N×d states and B×R margins."""
        self.model.eval()
        states, margins = self.model(Batch.of(arrays, depth=self.depth))
        return states, margins.float().numpy()

    @torch.inference_mode()
    def entities(self, states: Tensor, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        """Return the entity scores of P (row, relation) pairs."""
        spannable, *pairs = (torch.from_numpy(array) for array in (arrays.spannable, rows, relations))
        scores, types = self.model.entities(states, spannable, *pairs)
        head, tail, link_start, link_end = np.moveaxis(scores.float().numpy(), 1, 0)
        return EntityScores(head, tail, link_start, link_end, None if types is None else types.float().numpy())
