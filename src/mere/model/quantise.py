"""Products of an ONNX graph in 8-bit integers, with a scale of its own for every token.

onnxruntime's own dynamic quantisation takes one scale from the whole batch, so that what a sentence gives would depend
on its neighbours and on padding. Here every row of the left matrix, which is a token's state, is divided by its largest
magnitude before it is rounded, and the product multiplied by it after: a token's result depends on nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

WEIGHT_LIMIT = 127
"""Largest magnitude of an 8-bit weight."""

_SMALLEST = 1e-6
"""A row's scale is at least this, so that a row of zeros stays one."""


def quantise(source: Path, target: Path, weights: Path | None = None) -> None:
    """Rewrite the products of a graph whose right side is a constant matrix; all else stays 32-bit floats.

    Matrices that the safetensors file ``weights`` holds byte for byte are read from there and not written again.
    """
    import onnx

    model = onnx.load(source)
    _Rewriter(model.graph).run()
    if weights is not None:
        _share(model.graph, weights)
    if all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


def rounded(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix of inputs by outputs in 8-bit integers, and the scale of each output."""
    columns = np.maximum(np.abs(matrix).max(0), _SMALLEST) / WEIGHT_LIMIT
    return np.round(matrix / columns).astype(np.int8, order="C"), columns.astype(np.float32)


def _share(graph: GraphProto, weights: Path) -> None:
    """Let 8-bit constants refer to where their bytes lie in a safetensors file."""
    from onnx import TensorProto
    from onnx.external_data_helper import set_external_data

    content = weights.read_bytes()
    first = 8 + int.from_bytes(content[:8], "little")  # behind the header and its length
    spans = [tensor["data_offsets"] for name, tensor in json.loads(content[8:first]).items() if name != "__metadata__"]
    places = {content[first + start : first + end]: first + start for start, end in spans}
    for constant in graph.initializer:
        place = places.get(constant.raw_data) if constant.data_type == TensorProto.INT8 else None
        if place is not None:
            set_external_data(constant, weights.name, offset=place, length=len(constant.raw_data))
            constant.ClearField("raw_data")


class _Rewriter:
    """Replaces nodes of one graph."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes: list[NodeProto] = []
        self.scaled: dict[str, tuple[str, str]] = {}

    def run(self) -> None:
        """Replace every product that can be."""
        self._constant("mere.axes", np.array([-1], np.int64))
        self._constant("mere.smallest", np.array(_SMALLEST, np.float32))
        self._constant("mere.step", np.array(1 / 127, np.float32))
        self._constant("mere.zero", np.array(128, np.uint8))
        for node in self.graph.node:
            weight = self.constants.get(node.input[1]) if node.op_type == "MatMul" else None
            if weight is not None and len(weight.dims) == 2:
                self._product(node)
            else:
                self.nodes.append(node)
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        del self.graph.node[:], self.graph.initializer[:]
        self.graph.node.extend(self.nodes)
        self.graph.initializer.extend(kept)

    def _product(self, node: NodeProto) -> None:
        """Write ``rows @ weight`` as integers, scaled back by row and by column."""
        rows, scale = self._rows(node.input[0])
        name, output = node.input[1], node.output[0]
        if f"{name}.int8" not in self.constants:
            from onnx import numpy_helper

            integers, columns = rounded(numpy_helper.to_array(self.constants[name]))
            self._constant(f"{name}.int8", integers)
            self._constant(f"{name}.columns", columns)
        product = [rows, f"{name}.int8", "mere.step", f"{name}.columns", "mere.zero"]
        self._node("MatMulIntegerToFloat", product, f"{output}.unscaled", domain="com.microsoft")
        self._node("Mul", [f"{output}.unscaled", scale], output)

    def _rows(self, name: str) -> tuple[str, str]:
        """Return names of the rows of ``name`` in 8-bit integers and of their scales, written once."""
        if name not in self.scaled:
            parts = ("highest", "lowest", "depth", "scale", "unit", "rows")
            highest, lowest, depth, scale, unit, rows = (f"{name}.{part}" for part in parts)
            self._node("ReduceMax", [name, "mere.axes"], highest, keepdims=1)
            self._node("ReduceMin", [name, "mere.axes"], lowest, keepdims=1)
            self._node("Neg", [lowest], depth)
            self._node("Max", [highest, depth, "mere.smallest"], scale)
            self._node("Div", [name, scale], unit)
            self._node("QuantizeLinear", [unit, "mere.step", "mere.zero"], rows)
            self.scaled[name] = (rows, scale)
        return self.scaled[name]

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def _constant(self, name: str, value: np.ndarray[Any, Any]) -> None:
        from onnx import numpy_helper

        self.constants[name] = numpy_helper.from_array(value, name)
        self.graph.initializer.append(self.constants[name])
