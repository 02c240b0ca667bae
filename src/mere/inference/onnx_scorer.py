"""Scores batches with ONNX graphs: extraction without torch."""

from __future__ import annotations

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
    WEIGHTS,
    ArtifactConfig,
    Graphs,
    check_manifest,
)
from mere.inference.codec import Arrays, EntityScores
from mere.inference.e5 import E5File
from mere.inference.processes import PerProcess, import_onnxruntime

MOST_THREADS = 4
"""Sentences are encoded in so many threads at most."""

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
            encoder = ENCODER if (graphs / ENCODER).exists() and not (graphs / INT8).exists() else INT8
        check_manifest(folder, [CONFIG, *(f"{FOLDER}/{name}" for name in (GRAPHS, encoder, ENTITIES))])
        config = ArtifactConfig.read(folder)
        self.graphs = Graphs.read(graphs / GRAPHS)
        shared = encoder == INT8 and self.graphs.shares_weights
        if shared:
            check_manifest(folder, [WEIGHTS])
        self.words: E5File | None = None
        if self.graphs.inputs == "words":
            self.words = E5File.bundled(config.model.backbone)
            self.words.check(config.backbone.embeddings, folder)
        self._encoder = _session(graphs / encoder, folder if shared else None)
        self._entities = _session(graphs / ENTITIES)
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
        states, margins = (np.concatenate(part) for part in zip(*parts, strict=True))
        return states, margins

    def _encode(self, arrays: Arrays, rows: slice) -> tuple[Floats, Floats]:
        ids = arrays.ids[rows]
        inputs: dict[str, NDArray[Any]] = {"mask": arrays.mask[rows], "language": arrays.language[rows]}
        if self.words is None:
            inputs["ids"] = ids
        else:
            inputs["words"] = self.words.embedding_rows(ids)
        states, margins = self._encoder.run(None, inputs)
        return states, margins

    def entities(self, states: Floats, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        """Return the entity scores of P (row, relation) pairs."""
        inputs = {"states": states, "spannable": arrays.spannable, "rows": rows, "relations": relations}
        scores, *types = self._entities.run(None, inputs)
        head, tail, link_start, link_end = np.moveaxis(scores, 1, 0)
        return EntityScores(head, tail, link_start, link_end, types[0] if types else None)


def _session(path: Path, weights: Path | None = None) -> Any:
    """Open a graph, already fused when it was exported; what it refers to lies in the folder ``weights``."""
    onnxruntime = import_onnxruntime()  # takes a tenth of a second: only where a model is loaded

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # several batches at once take less time than several threads for each
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.enable_mem_pattern = False  # every batch has a shape of its own
    options.log_severity_level = 4
    graph: str | bytes = str(path)
    if weights is not None:  # a graph from a file may only refer to its own folder, one from memory to this
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights))
        graph = path.read_bytes()
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has no class of its own for them
        reason = str(error).splitlines()[0]
        raise ArtifactError(f"{path}: cannot be run ({reason}); export the model again") from error


def _threads() -> int:
    """Processors that this process may use, up to a few; OMP_NUM_THREADS, which torch heeds too, may say less."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wished = os.environ.get("OMP_NUM_THREADS", "")
    return min(MOST_THREADS, available, int(wished) if wished.isdigit() and int(wished) else available)
