"""Compact models, for shipping: each large matrix is there once, in 8-bit integers, for both ways of running the model.

Where the 8-bit graph has rounded the matrix of a linear layer (see `mere.model.quantise`), the file of weights holds
that in place of floats: ``NAME`` the integers, inputs by outputs, ``NAME.outputs`` the scales, and ``NAME.inputs`` what
the rows were multiplied by. The graph then refers to those very bytes and has none of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from mere.model.files import ENCODER, FOLDER, GRAPHS, INT8, WEIGHTS, Graphs
from mere.model.quantise import Rounded

_OUTPUTS, _INPUTS = ".outputs", ".inputs"
_LEAST = 512
"""Bytes of a constant from which on it is worth referring to."""


def compacted(state: Mapping[str, Tensor], rounded: Mapping[bytes, Rounded]) -> dict[str, Tensor]:
    """Return ``state`` with those matrices in 8-bit integers that `quantise` has rounded."""
    compact = dict(state)
    if not rounded:
        return compact
    for name, tensor in state.items():
        found = rounded.get(tensor.T.numpy().tobytes()) if tensor.dim() == 2 else None
        if found is not None:
            compact[name] = torch.from_numpy(found.integers)
            compact[name + _OUTPUTS] = torch.from_numpy(found.outputs)
            if found.inputs is not None:
                compact[name + _INPUTS] = torch.tensor(found.inputs)  # a copy: query, key and value have the same
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


def share_weights(folder: Path) -> None:
    """Let the 8-bit graph of a model refer to its file of weights for what that holds; drop the graph in floats."""
    import onnx
    from onnx.external_data_helper import set_external_data

    content = (folder / WEIGHTS).read_bytes()
    first = 8 + int.from_bytes(content[:8], "little")  # behind the header and its length
    spans = [tensor["data_offsets"] for name, tensor in json.loads(content[8:first]).items() if name != "__metadata__"]
    places = {content[first + start : first + end]: first + start for start, end in spans}
    graphs = folder / FOLDER
    model = onnx.load(graphs / INT8)
    for constant in model.graph.initializer:
        place = places.get(constant.raw_data)
        if place is not None and len(constant.raw_data) >= _LEAST:
            set_external_data(constant, WEIGHTS, offset=place, length=len(constant.raw_data))
            constant.ClearField("raw_data")
    onnx.save(model, graphs / INT8)
    msgspec.structs.replace(Graphs.read(graphs / GRAPHS), shares_weights=True).write(graphs / GRAPHS)
    (graphs / ENCODER).unlink()
