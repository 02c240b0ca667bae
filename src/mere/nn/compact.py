"""Compact models, for shipping: each large matrix is there once, in 8-bit integers, for both ways of running the model.

Where the 8-bit graph has rounded the matrix of a linear layer (see `mere.export.quantise`), the file of weights holds
that in place of floats: ``NAME`` the integers, inputs by outputs, ``NAME.outputs`` the scales, and ``NAME.inputs`` what
the rows were multiplied by. The graph then refers to those very bytes and has none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mere.arrays import Floats

_OUTPUTS, _INPUTS = ".outputs", ".inputs"


@dataclass(frozen=True)
class Rounded:
    """A matrix of inputs by outputs as integers; what it stands for is ``integers * outputs / inputs``.

    ``outputs`` holds a scale a column, ``inputs`` what each row was multiplied by; None where none was.
    """

    integers: NDArray[np.int8]
    outputs: Floats
    inputs: Floats | None


def compacted(state: Mapping[str, Tensor], rounded: Mapping[bytes, Rounded]) -> dict[str, Tensor]:
    """Return ``state`` with those matrices in 8-bit integers that `quantise` has rounded."""
    compact = dict(state)
    if not rounded:
        return compact
    for name, tensor in state.items():
        matrix = rounded.get(tensor.T.numpy().tobytes()) if tensor.dim() == 2 else None
        if matrix is not None:
            compact[name] = torch.from_numpy(matrix.integers)
            compact[name + _OUTPUTS] = torch.from_numpy(matrix.outputs)
            if matrix.inputs is not None:
                compact[name + _INPUTS] = torch.tensor(matrix.inputs)  # a copy: query, key and value have the same
    return compact


def expanded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``state`` with its 8-bit matrices in 32-bit floats; one without any stays as it is."""
    plain = dict(state)
    for name, tensor in state.items():
        if tensor.dtype == torch.int8:
            matrix = tensor * plain.pop(name + _OUTPUTS)
            inputs = plain.pop(name + _INPUTS, None)
            plain[name] = (matrix if inputs is None else matrix / inputs.unsqueeze(1)).T.contiguous()
    return plain
