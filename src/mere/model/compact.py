"""Weights in 8-bit integers, for a model that is shipped.

The matrix of a linear layer is saved under its name as 8-bit integers, and its scales, one an output, as
``NAME.scale``; it is rounded as the 8-bit graph rounds its own (see `mere.model.quantise`). The integers lie inputs by
outputs, the other way round than torch has them, so that the graph can take their very bytes for its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mere.model.quantise import rounded

_SCALE = ".scale"


def compacted(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``state``, all or a part of the model's, with the matrices of linear layers in 8-bit integers."""
    matrices = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    compact = {}
    for name, tensor in state.items():
        if name not in matrices:
            compact[name] = tensor
            continue
        integers, scales = rounded(tensor.T.numpy())
        compact[name], compact[name + _SCALE] = torch.from_numpy(integers), torch.from_numpy(scales)
    return compact


def expanded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``state`` with its 8-bit matrices in 32-bit floats; one without any stays as it is."""
    rounded_ones = {name for name, tensor in state.items() if tensor.dtype == torch.int8}
    plain = {name: tensor for name, tensor in state.items() if not {name, name.removesuffix(_SCALE)} & rounded_ones}
    return plain | {name: (state[name] * state[name + _SCALE]).T.contiguous() for name in rounded_ones}
