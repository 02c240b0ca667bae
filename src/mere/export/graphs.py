"""A model as ONNX graphs: what an artifact's ``onnx`` folder holds, and how it is made from a `JointModel`.

::

    onnx/encoder.onnx        backbone, aggregator, switcher, relation head; 32-bit floats
    onnx/encoder.int8.onnx   the same, its large products in 8-bit integers (see `mere.export.quantise`)
    onnx/entities.onnx       the entity head
    onnx/graphs.json         what the runtime has to know (see `mere.inference.artifact.Graphs`)

A compact model has no encoder in floats, and its 8-bit one takes matrices from the model's own file of weights (see
`mere.nn.compact`).

The encoder takes rows of the word embedding table (B×N×d) where the backbone is a bundled one, whose table stays in its
own package, else token ids (B×N); besides the mask (B×N) and the languages (B). It gives states (B×N×d) and relation
margins (B×R). The entity head takes states, spannable positions, and P sentence rows and relations.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mere.data.formats import SAMPLE, read_sentences
from mere.errors import InputError, require
from mere.export.quantise import quantise
from mere.inference.artifact import ENCODER, ENTITIES, GRAPHS, INT8, Graphs
from mere.nn.backbones import Backbone, PackedEmbedding
from mere.nn.compact import Rounded
from mere.nn.joint import Batch, JointModel
from mere.nn.switcher import Switcher

OPSET = 23
"""Version of ONNX's operators; the first with attention."""

_SLOWER_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]
"""Fusions that do not pay: on a CPU these nodes take longer than the two that they replace."""


def write_graphs(model: JointModel, folder: Path) -> dict[bytes, Rounded]:
    """Write all of a model's graphs to ``folder``, which must be there; return what `quantise` says of the encoder.

    Raises
    ------
    InputError
        For a switcher whose routing is random, or learned but not yet hardened.
    MissingExtraError
        Where the packages of the extra ``export`` are not installed.
    """
    for package in ("onnx", "onnxscript"):
        require(package, "export")
    model = _with_fixed_routing(model).eval()
    words = model.backbone.packed
    batch, length, width = 3, 7, model.backbone.width  # any but 0 and 1, which the exporter takes for constants
    mask = torch.ones(batch, length, dtype=torch.bool)
    ids = torch.full((batch, length), model.codec.pad + 1)
    rows, relations = torch.zeros(2, 4, dtype=torch.long).unbind()  # one tensor for both would be taken for one input
    inputs = {
        "words" if words else "ids": torch.zeros(batch, length, width) if words else ids,
        "mask": mask,
        "language": torch.zeros(batch, dtype=torch.long),
    }
    _export(_Encoder(model), inputs, ["states", "margins"], folder / ENCODER)
    outputs = ["scores", "types"] if model.schema.entity_types else ["scores"]
    pairs = {"states": torch.zeros(batch, length, width), "spannable": mask, "rows": rows, "relations": relations}
    _export(_EntityHead(model), pairs, outputs, folder / ENTITIES)
    rounded = quantise(folder / ENCODER, folder / INT8, _samples(model))
    Graphs(inputs="words" if words else "ids", max_tokens=model.codec.max_tokens).write(folder / GRAPHS)
    return rounded


def _samples(model: JointModel) -> Iterator[dict[str, NDArray[Any]]]:
    """Give the encoder's inputs for single sentences of the sample corpus, in all its languages."""
    codec, backbone = model.codec, model.backbone
    sentences = list(read_sentences(SAMPLE))[::2]
    encoded = backbone.tokenizer.encode([sentence.text for sentence in sentences])
    for sentence, tokens in zip(sentences, encoded, strict=True):
        arrays = codec.batch([tokens.window(0, codec.max_tokens)], [codec.language_index(sentence.language)])
        table = backbone.word_embeddings
        words = {"words": table.file.embedding_rows(arrays.ids)} if isinstance(table, PackedEmbedding) else {}
        yield {**(words or {"ids": arrays.ids}), "mask": arrays.mask, "language": arrays.language}


class _Encoder(nn.Module):
    """What is computed once a sentence."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, mask: Tensor, language: Tensor) -> tuple[Tensor, Tensor]:
        embedded = _embedded(self.model.backbone, inputs, mask)
        batch = Batch(mask, mask, mask, language, states=embedded, depth=0)  # nothing above the embeddings asks for ids
        states = self.model.states(batch)
        return states, self.model.relations(states, mask)


def _embedded(backbone: Backbone, inputs: Tensor, mask: Tensor) -> Tensor:
    if backbone.packed:
        return cast(Tensor, backbone.embeddings(inputs_embeds=inputs))
    return backbone.lower(inputs, mask, 0)


class _EntityHead(nn.Module):
    """What is computed for each predicted relation."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, states: Tensor, spannable: Tensor, rows: Tensor, relations: Tensor) -> Any:
        scores, types = self.model.entities(states, spannable, rows, relations)
        return scores if types is None else (scores, types)


def _with_fixed_routing(model: JointModel) -> JointModel:
    """Return ``model``, or one of the same parts whose switchers look their sub-module up, as a hardened gate does.

    Raises `InputError` for routing that is no table of languages.
    """
    shape = model.config.switcher
    if shape is None or shape.routing == "language":
        return model
    if shape.routing == "random":
        raise InputError("a switcher with random routing is an ablation and cannot be exported; keep using torch")
    if not all(gate.is_hard for gate in model.gates):
        raise InputError("the switcher's learned routing is not hardened yet; finish the training, then export")
    config = msgspec.structs.replace(model.config, switcher=msgspec.structs.replace(shape, routing="language"))
    with torch.random.fork_rng():  # the weights that this draws are all replaced
        fixed = JointModel(config, model.schema, model.backbone)
    fixed.aggregator, fixed.relation_head, fixed.entity_head = model.aggregator, model.relation_head, model.entity_head
    fixed.codec = model.codec
    for old, new in zip(model.switchers, fixed.switchers, strict=True):
        assert isinstance(old, Switcher)
        assert isinstance(new, Switcher)
        assert old.gate is not None
        modules = list(old.parts.values())
        for module, number in zip(new.parts.values(), old.gate.table.tolist(), strict=True):
            module.load_state_dict(modules[number].state_dict())
    return fixed


def _export(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], path: Path) -> None:
    """Trace ``module`` and write its graph, fused by onnxruntime; the first two axes of every input are dynamic."""
    dynamic = torch.export.Dim.DYNAMIC
    shapes = tuple(dict.fromkeys(range(min(2, tensor.dim())), dynamic) for tensor in inputs.values())
    plain = path.with_suffix(".plain")
    with _quiet(), torch.no_grad(), _attention_as_a_node():
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            verbose=False,
            dynamo=True,
        )
        assert program is not None
        program.save(str(plain), external_data=False)
    _fuse(plain, path)
    plain.unlink()


def _fuse(source: Path, target: Path) -> None:
    """Let onnxruntime fold constants and fuse nodes once, so that it need not when the model is loaded."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    try:
        onnxruntime.InferenceSession(
            str(source), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER_FUSED
        )
    except Exception as error:  # the library has no class of its own for them; it reads what was just written
        raise OSError(f"the graph cannot be fused: {str(error).splitlines()[0]}") from error


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Stand for torch's attention in the trace: one node of ONNX, which takes heads side by side."""
    assert dropout_p == 0 and not is_causal and not enable_gqa  # noqa: PT018  no encoder asks for these
    batch, heads, length, width = query.shape
    mask = None if attn_mask is None else attn_mask.expand(batch, attn_mask.shape[1], length, key.shape[2])
    attended = torch.onnx.ops.symbolic(
        "Attention",
        [*(tensor.transpose(1, 2).flatten(2) for tensor in (query, key, value)), mask],
        {"q_num_heads": heads, "kv_num_heads": heads, "scale": width**-0.5 if scale is None else scale},
        dtype=query.dtype,
        shape=(batch, length, heads * width),
        version=OPSET,
    )
    return attended.reshape(batch, length, heads, width).transpose(1, 2)


@contextlib.contextmanager
def _attention_as_a_node() -> Iterator[None]:
    """Have `_attention` take the place of torch's attention for as long as the block runs.

    Backbones and aggregator both look that up by its public name when they are traced; a trace is nobody else's time.
    """
    usual = functional.scaled_dot_product_attention
    functional.scaled_dot_product_attention = _attention
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = usual


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes on its own workings from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
