"""The language-specific switcher (LS): small independent modules, one of which a sentence's language picks.

mERE, language-specific training; each sub-module is a bottleneck adapter. What it brings: docs/concepts/method.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mere.inference.model_config import Routing


class Bottleneck(nn.Module):
    """A sub-module, which is a bottleneck adapter: LayerNorm, d→b→d with GELU.

    Zero-initialised, so that with its residual it starts as the identity.
    """

    def __init__(self, width: int, bottleneck: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)


class Gate(nn.Module):
    """Learned routing: a softmax over modules from an embedding of the language, soft until it is hardened.

    Attributes
    ----------
    table:
        The module of each language once hardened; -1 while the gate is soft.
    """

    def __init__(self, languages: int, modules: int, width: int = 16) -> None:
        super().__init__()
        self.embedding = nn.Embedding(languages, width)
        self.scores = nn.Linear(width, modules)
        self.table: Tensor
        self.register_buffer("table", torch.full((languages,), -1))

    @property
    def is_hard(self) -> bool:
        """Whether the table is fixed."""
        return bool((self.table >= 0).all())

    def weights(self) -> Tensor:
        """Return every language's softmax over modules."""
        return torch.softmax(self.scores(self.embedding.weight), dim=-1)

    def overlap(self) -> Tensor:
        """Return the mean product of two languages' gates, 0 where no two share a module: the penalty."""
        gates = self.weights()
        products = gates @ gates.T
        count = len(gates)
        return (products.sum() - products.diagonal().sum()) / max(1, count * (count - 1))

    def harden(self) -> None:
        """Fix each language to the module it prefers."""
        self.table.copy_(self.weights().argmax(-1))


class Switcher(nn.Module):
    """Sends every sentence through the sub-module of its language; residual.

    Sub-modules are named, so that one can be added, trained and saved without touching another.

    Parameters
    ----------
    width, bottleneck:
        d and b.
    names:
        The languages, the shared sub-module last.
    routing:
        ``language``: a module a language. ``learned``: ``modules`` of them behind a `Gate`. ``random``: as many as
        languages, picked by a hash of the sentence's tokens (an ablation).
    modules:
        Number of modules for learned routing.
    """

    def __init__(self, width: int, bottleneck: int, names: Sequence[str], routing: Routing, modules: int) -> None:
        super().__init__()
        self.routing = routing
        self.gate = Gate(len(names), modules) if routing == "learned" else None
        keys = [f"module{number}" for number in range(modules)] if routing == "learned" else names
        self.parts = nn.ModuleDict({name: Bottleneck(width, bottleneck) for name in keys})

    def forward(self, states: Tensor, language: Tensor, ids: Tensor) -> Tensor:
        """Add to states what the sub-modules of their sentences' languages say; returns B×N×d.

        Parameters
        ----------
        states:
            B×N×d.
        language:
            B language indices.
        ids:
            B×N token ids, which only random routing asks for.
        """
        if self.gate is not None and not self.gate.is_hard:
            gates = self.gate.weights().index_select(0, language)
            branches = [self._branch(states, torch.full_like(language, index)) for index in range(len(self.parts))]
            return states + torch.einsum("bm,mbnd->bnd", gates, torch.stack(branches))
        if self.gate is not None:
            chosen = self.gate.table[language]
        elif self.routing == "random":
            # Knuth's multiplicative hash: a sentence goes the same way in every epoch, and like ones go apart.
            chosen = (ids.sum(1) * 2654435761 >> 16) % len(self.parts)
        else:
            chosen = language
        return states + self._branch(states, chosen)

    def _branch(self, states: Tensor, chosen: Tensor) -> Tensor:
        """Return what the chosen sub-modules add to B×N×d states."""
        parts = list(self.parts.values())

        def parameter(path: str) -> Tensor:
            """One parameter of every sub-module, stacked and picked for each sentence: B×1×… or B×…."""
            # Indexing with [] adds gradients up in whatever order the threads come; index_select in the batch's.
            picked = torch.stack([module.get_parameter(path) for module in parts]).index_select(0, chosen)
            return picked.unsqueeze(1) if picked.dim() == 2 else picked.transpose(1, 2)

        normed = functional.layer_norm(states, states.shape[-1:]) * parameter("norm.weight") + parameter("norm.bias")
        narrow = functional.gelu(normed @ parameter("down.weight") + parameter("down.bias"))
        return narrow @ parameter("up.weight") + parameter("up.bias")
