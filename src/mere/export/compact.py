"""The 8-bit graph of a compact model refers to the model's own file of weights (see `mere.nn.compact`)."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import onnx
from onnx.external_data_helper import set_external_data

from mere.inference.artifact import ENCODER, FOLDER, GRAPHS, INT8, WEIGHTS, Graphs

_LEAST = 512
"""Bytes of a constant from which on it is worth referring to."""


def share_weights(folder: Path) -> None:
    """Let the 8-bit graph of a model refer to its file of weights for what that holds; drop the graph in floats."""
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
