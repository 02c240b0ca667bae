"""Products of an ONNX graph in 8-bit integers, with a scale of its own for every token.

onnxruntime's own dynamic quantisation takes one scale from the whole batch, so that what a sentence gives would depend
on its neighbours and on padding. Here every row of the left matrix, which is a token's state, is divided by its largest
magnitude before it is rounded, and the product multiplied by it after: a token's result depends on nothing else.

Two things keep the rounding fine. A channel with large states would leave few steps to the others, so it is divided by
a factor that its row of the weights is multiplied by (SmoothQuant, arXiv:2211.10438, equation 4). And states that come
from a GELU, which are nowhere far below zero, are counted from its lowest value on, so that no step is left unused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mere.arrays import Floats
from mere.nn.compact import Rounded

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

WEIGHT_LIMIT = 127
"""Largest magnitude of an 8-bit weight."""

_SMALLEST = 1e-6
"""A scale is at least this, so that zeros stay zeros."""

_SHARE = 0.6
"""How much of the difference between channels the weights take over: 0 leaves it to the states, 1 takes all."""

_LOWEST_GELU = -0.17


def quantise(source: Path, target: Path, samples: Iterable[Mapping[str, NDArray[Any]]]) -> dict[bytes, Rounded]:
    """Rewrite the products of a graph whose right side is a constant matrix; all else stays 32-bit floats.

    ``samples`` are inputs of the graph, without padding; from them the range of every channel is learnt. Returns how
    each matrix was rounded, by the bytes that it had as floats.
    """
    import onnx

    model = onnx.load(source)
    products = _products(model.graph)
    smooth = [name for name in products if not _is_gelu(model.graph, name)]
    rewriter = _Rewriter(model.graph, products, _largest(source, smooth, samples))
    rewriter.run()
    if all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)
    return rewriter.rounded


def _products(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """Return the products to rewrite by the name of their left side."""
    matrices = {tensor.name for tensor in graph.initializer if len(tensor.dims) == 2}
    products = defaultdict(list)
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in matrices:
            products[node.input[0]].append(node)
    return dict(products)


def _is_gelu(graph: GraphProto, name: str) -> bool:
    return any(name in node.output and node.op_type == "Gelu" for node in graph.node)


def _largest(source: Path, names: Sequence[str], samples: Iterable[Mapping[str, NDArray[Any]]]) -> dict[str, Floats]:
    """Run the graph and return the largest magnitude of every channel of the values called ``names``."""
    import onnx
    import onnxruntime

    model = onnx.load(source)
    outputs = {output.name for output in model.graph.output}
    inner = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    model.graph.output.extend(value for value in inner if value.name not in outputs)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    largest: dict[str, Floats] = {}
    for sample in samples:
        for name, value in zip(names, session.run(list(names), dict(sample)), strict=True):
            channels = np.abs(value).reshape(-1, value.shape[-1]).max(0)
            largest[name] = np.maximum(channels, largest.get(name, 0.0))
    return largest


class _Rewriter:
    """Replaces the products of one graph."""

    def __init__(
        self, graph: GraphProto, products: Mapping[str, Sequence[NodeProto]], largest: Mapping[str, Floats]
    ) -> None:
        from onnx import numpy_helper

        self.graph = graph
        self.products = products
        self.largest = largest
        matrices = {node.input[1] for nodes in products.values() for node in nodes}
        self.weights = {t.name: numpy_helper.to_array(t) for t in graph.initializer if t.name in matrices}
        self.nodes: list[NodeProto] = []
        self.rounded: dict[bytes, Rounded] = {}

    def run(self) -> None:
        """Replace every product."""
        self._constant("mere.axes", np.array([-1], np.int64))
        self._constant("mere.smallest", np.array(_SMALLEST, np.float32))
        self._constant("mere.floor", np.array(-_LOWEST_GELU, np.float32))
        for name, steps, middle in (("signed", 127, 128), ("unsigned", 255, 0)):
            self._constant(f"mere.{name}.step", np.array(1 / steps, np.float32))
            self._constant(f"mere.{name}.zero", np.array(middle, np.uint8))
        rewritten = {id(node) for nodes in self.products.values() for node in nodes}
        done = set()
        for node in self.graph.node:
            if id(node) not in rewritten:
                self.nodes.append(node)
            elif node.input[0] not in done:
                done.add(node.input[0])
                self._rewrite(node.input[0])
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        del self.graph.node[:], self.graph.initializer[:]
        self.graph.node.extend(self.nodes)
        self.graph.initializer.extend(kept)

    def _rewrite(self, rows: str) -> None:
        """Replace all products whose left side is called ``rows``."""
        if rows in self.largest:
            factors = self._factors(rows)
            self._constant(f"{rows}.factors", 1 / factors)
            self._node("Mul", [rows, f"{rows}.factors"], f"{rows}.even")
            self._signed(f"{rows}.even")
            for node in self.products[rows]:
                self._product(node, f"{rows}.even", "signed", factors)
        else:
            self._node("Add", [rows, "mere.floor"], f"{rows}.raised")
            self._unsigned(f"{rows}.raised")
            for node in self.products[rows]:
                self._product(node, f"{rows}.raised", "unsigned", None)

    def _factors(self, rows: str) -> Floats:
        """Return what every channel of the left side is divided by; 1 in the geometric mean."""
        weights = np.max([np.abs(self.weights[node.input[1]]).max(1) for node in self.products[rows]], axis=0)
        states = np.maximum(self.largest[rows], _SMALLEST)
        factors = states**_SHARE / np.maximum(weights, _SMALLEST) ** (1 - _SHARE)
        even: Floats = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
        return even

    def _signed(self, name: str) -> None:
        """Round rows to -127..127 of their largest magnitude."""
        highest, lowest, depth = (f"{name}.{bound}" for bound in ("highest", "lowest", "depth"))
        self._node("ReduceMax", [name, "mere.axes"], highest, keepdims=1)
        self._node("ReduceMin", [name, "mere.axes"], lowest, keepdims=1)
        self._node("Neg", [lowest], depth)
        self._node("Max", [highest, depth, "mere.smallest"], f"{name}.scale")
        self._round(name, "signed")

    def _unsigned(self, name: str) -> None:
        """Round rows, which are nowhere below zero, to 0..255 of their largest value."""
        self._node("ReduceMax", [name, "mere.axes"], f"{name}.scale", keepdims=1)
        self._round(name, "unsigned")

    def _round(self, name: str, kind: str) -> None:
        self._node("Div", [name, f"{name}.scale"], f"{name}.unit")
        self._node("QuantizeLinear", [f"{name}.unit", f"mere.{kind}.step", f"mere.{kind}.zero"], f"{name}.rows")

    def _product(self, node: NodeProto, rows: str, kind: str, factors: Floats | None) -> None:
        """Write a product as integers, scaled back by row and by column."""
        output, name = node.output[0], f"{node.input[1]}.of.{rows}"
        weight = self.weights[node.input[1]] if factors is None else self.weights[node.input[1]] * factors[:, None]
        columns = (np.maximum(np.abs(weight).max(0), _SMALLEST) / WEIGHT_LIMIT).astype(np.float32)
        integers = np.round(weight / columns).astype(np.int8)
        self.rounded[self.weights[node.input[1]].tobytes()] = Rounded(integers, columns, factors)
        self._constant(f"{name}.int8", integers)
        self._constant(f"{name}.columns", columns)
        inputs = [f"{rows}.rows", f"{name}.int8", f"mere.{kind}.step", f"{name}.columns", f"mere.{kind}.zero"]
        self._node("MatMulIntegerToFloat", inputs, f"{output}.unscaled", domain="com.microsoft")
        if factors is not None:
            self._node("Mul", [f"{output}.unscaled", f"{rows}.scale"], output)
            return
        self._constant(f"{name}.floor", _LOWEST_GELU * columns * integers.sum(0, dtype=np.float32))
        self._node("Mul", [f"{output}.unscaled", f"{rows}.scale"], f"{output}.raised")
        self._node("Add", [f"{output}.raised", f"{name}.floor"], output)

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def _constant(self, name: str, value: NDArray[Any]) -> None:
        from onnx import numpy_helper

        self.graph.initializer.append(numpy_helper.from_array(value, name))
