"""Scores batches with ONNX graphs: extraction without torch."""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mere.arrays import Floats, Integers
from mere.errors import ArtifactError
from mere.inference.artifact import (
    CONFIG,
    ENCODER,
    ENTITIES,
    FOLDER,
    GRAPHS,
    INT8,
    MANIFEST,
    WEIGHTS,
    ArtifactConfig,
    Graphs,
    check_manifest,
)
from mere.inference.codec import Arrays, EntityScores
from mere.inference.e5 import FILES, E5File
from mere.inference.manifest import read_json
from mere.inference.processes import PerProcess, import_onnxruntime

MOST_THREADS = 4
"""Sentences are encoded in so many threads at most."""

_AGAIN = "export the model again"

_POSITIONS = 512
"""Longest input of a backbone whose configuration does not say it: the default of all that can be one."""

TOKENS = 384
"""Tokens that a thread encodes at once: their states stay in its cache, where more would not."""


class OnnxScorer:
    """Scores batches with an exported artifact's graphs (a `mere.inference.predictor.Scorer`); threads may share it.

    Parameters
    ----------
    folder:
        The artifact.
    encoder:
        Which encoder: the 8-bit one where there is one, unless ``encoder.onnx`` is asked for.

    Raises `ArtifactError` where a file is missing, damaged, or of a version that this runtime does not run.
    """

    def __init__(self, folder: Path, encoder: str | None = None) -> None:
        graphs = folder / FOLDER
        if encoder is None:
            encoder = _encoder_of(folder)
        check_manifest(folder, [CONFIG, *(f"{FOLDER}/{name}" for name in (GRAPHS, encoder, ENTITIES))])
        config = ArtifactConfig.read(folder)
        self.graphs = Graphs.read(graphs / GRAPHS)
        _check_fit(self.graphs, config, graphs / GRAPHS)
        shared = encoder == INT8 and self.graphs.shares_weights
        if shared:
            check_manifest(folder, [WEIGHTS])
        self.words: E5File | None = None
        if self.graphs.inputs == "words":
            self.words = E5File.bundled(config.model.backbone)
            self.words.check(config.backbone.embeddings, folder)
        self._encoder = _Graph(graphs / encoder, folder / WEIGHTS if shared else None)
        self._entities = _Graph(graphs / ENTITIES)
        relations = len(config.schema.relations)
        if self._encoder.width("margins") != relations:
            raise ArtifactError(f"{graphs / encoder}: does not score the schema's {relations} relations; {_AGAIN}")
        self._pool = PerProcess(lambda: ThreadPoolExecutor(_threads(), "mere"))

    def relations(self, arrays: Arrays) -> tuple[Floats, Floats]:
        """Return B×N×d states and B×R margins."""
        rows, length = arrays.ids.shape
        threads = _threads()
        count = -(-rows * length // (TOKENS * threads)) * threads  # as many for each thread
        size = -(-rows // min(rows, count))
        slices = [slice(start, start + size) for start in range(0, rows, size)]
        try:
            parts = self._pool().map(lambda rows: self._encode(arrays, rows), slices)
        except RuntimeError:  # the interpreter is ending, while a thread of the caller's still reads
            parts = map(self._encode, [arrays] * len(slices), slices)
        states, margins = (np.concatenate(output) for output in zip(*parts, strict=True))
        return states, margins

    def _encode(self, arrays: Arrays, rows: slice) -> tuple[Floats, Floats]:
        ids = arrays.ids[rows]
        inputs: dict[str, NDArray[Any]] = {"mask": arrays.mask[rows], "language": arrays.language[rows]}
        if self.words is None:
            inputs["ids"] = ids
        else:
            inputs["words"] = self.words.embedding_rows(ids)
        states, margins = self._encoder.run(inputs)
        return states, margins

    def entities(self, states: Floats, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        """Return the entity scores of P (row, relation) pairs."""
        inputs = {"states": states, "spannable": arrays.spannable, "rows": rows, "relations": relations}
        scores, *types = self._entities.run(inputs)
        head, tail, link_start, link_end = np.moveaxis(scores, 1, 0)
        return EntityScores(head, tail, link_start, link_end, types[0] if types else None)


def _encoder_of(folder: Path) -> str:
    """Return the 8-bit encoder unless the model has none: where only its file is gone, the model is damaged."""
    names = read_json(folder / MANIFEST, "damaged", "copy the model again")
    # os.path's, which takes a folder that may not be read for one without files: the sums then tell of it
    has_int8 = f"{FOLDER}/{INT8}" in names or os.path.exists(folder / FOLDER / INT8)
    return ENCODER if not has_int8 and f"{FOLDER}/{ENCODER}" in names else INT8


def _check_fit(graphs: Graphs, config: ArtifactConfig, path: Path) -> None:
    """Raise `ArtifactError` where graphs and configuration cannot be of one model."""
    packed = config.model.backbone in FILES
    if packed != (graphs.inputs == "words"):
        raise ArtifactError(f"{path}: 'inputs' does not fit the backbone '{config.model.backbone}'; {_AGAIN}")
    positions = config.backbone.config.get("max_position_embeddings", _POSITIONS)
    if graphs.max_tokens > config.model.max_tokens or not isinstance(positions, int) or graphs.max_tokens >= positions:
        raise ArtifactError(f"{path}: 'max_tokens' is {graphs.max_tokens}, more than the model can read; {_AGAIN}")


class _Graph:
    """A graph, already fused when it was exported; what it refers to lies in the file ``weights``.

    Raises `ArtifactError` where it cannot be opened or run.
    """

    def __init__(self, path: Path, weights: Path | None = None) -> None:
        onnxruntime = import_onnxruntime()  # takes a tenth of a second: only where a model is loaded

        self.path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # several batches at once take less time than several threads for each
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.enable_mem_pattern = False  # every batch has a shape of its own
        options.log_severity_level = 4
        try:
            graph: str | bytes = str(path)
            content: mmap.mmap | None = None
            if weights is not None:  # a graph from a file may only refer to its own folder, one from memory to others
                graph = path.read_bytes()
                content = _refer(options, weights)
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            del content  # the library reads it until here
        except Exception as error:  # the library has no class of its own for them
            raise ArtifactError(f"{path}: cannot be run ({_first_line(error)}); {_AGAIN}") from error

    def width(self, output: str) -> object:
        """Return the last dimension of an output; None where there is no such output."""
        shapes = {node.name: node.shape for node in self._session.get_outputs()}
        return shapes[output][-1] if shapes.get(output) else None

    def run(self, inputs: dict[str, NDArray[Any]]) -> list[Any]:
        """Return the outputs."""
        try:
            outputs: list[Any] = self._session.run(None, inputs)
        except Exception as error:  # as above
            raise ArtifactError(f"{self.path}: cannot be run ({_first_line(error)}); {_AGAIN}") from error
        return outputs


def _refer(options: Any, weights: Path) -> mmap.mmap | None:
    """Tell where the file is that a graph refers to, or give its bytes, which must live until the graph is open."""
    if not weights.is_symlink():
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights.parent))
        return None
    # A hub's cache holds links out of the model's folder, which the library does not follow. It takes the bytes.
    with weights.open("rb") as handle:
        content = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    options.add_external_initializers_from_files_in_memory([WEIGHTS], [content], [len(content)])
    return content


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _threads() -> int:
    """Processors that this process may use, up to a few; OMP_NUM_THREADS, which torch heeds too, may say less."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wished = os.environ.get("OMP_NUM_THREADS", "")
    return min(MOST_THREADS, available, int(wished) if wished.isdigit() and int(wished) else available)
