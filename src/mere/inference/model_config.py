"""The shape of a model as its configuration says it. Torch-free, so that the runtime can read it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Routing = Literal["language", "learned", "random"]
"""How a switcher picks a sentence's sub-module; see `mere.nn.switcher.Switcher`."""


Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
"""A size; the limit is far beyond any use, and keeps a mistyped one from taking all memory."""

Rate = Annotated[float, msgspec.Meta(ge=0, lt=1)]


class AggregatorConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The language-universal aggregator.

    Attributes
    ----------
    reading:
        What is concatenated: ``states`` after the backbone, or ``inputs`` before it (the states are then joined too).
    heads:
        Attention heads.
    """

    reading: Literal["states", "inputs"] = "states"
    heads: Count = 6


class SwitcherConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The language-specific switcher.

    Attributes
    ----------
    width:
        Width b of the bottleneck.
    routing:
        ``language``, ``learned``, or ``random`` (an ablation); see `mere.nn.switcher.Switcher`.
    modules:
        Number of modules for learned routing.
    layers:
        0 puts the switcher behind the aggregator; m puts one behind each of the backbone's top m layers.
    """

    width: Count = 64
    routing: Routing = "language"
    modules: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 4
    layers: Annotated[int, msgspec.Meta(ge=0, le=4096)] = 0


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that shapes a model.

    Attributes
    ----------
    backbone:
        A bundled backbone, a local folder, or a Hugging Face name.
    download:
        Whether a Hugging Face name may be fetched from its hub.
    aggregator, switcher:
        LA and LS; None leaves them out.
    conditioned:
        Whether the entity head sees the relation's feature.
    hidden, span, distances:
        Entity head: width, width of a span's bilinear form, number of span lengths with a bias of their own.
    dropout, backbone_dropout:
        Dropout of the added layers and inside the backbone.
    max_tokens:
        Longest sentence in tokens.
    """

    backbone: str = "e5-small"
    download: bool = False
    aggregator: AggregatorConfig | None = None
    switcher: SwitcherConfig | None = None
    conditioned: bool = True
    hidden: Count = 256
    span: Count = 64
    distances: Count = 24
    dropout: Rate = 0.1
    backbone_dropout: Rate = 0.1
    max_tokens: Count = 254
