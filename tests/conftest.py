"""Shared parts: where real data is, a tiny random backbone, a few sentences in many scripts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mere.data.formats import read_sentences
from mere.export.gate import export
from mere.inference.onnx_scorer import OnnxScorer
from mere.schema import Sentence
from tests.tiny import make_backbone, make_model

# A shell's background job ignores Ctrl-C, and so would every process that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

SAMPLE = Path(__file__).parents[1] / "src" / "mere" / "data" / "sample"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the project, or MERE_DATA; tests that need it skip where it is missing."""
    folder = Path(os.environ.get("MERE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "smiler").is_dir():
        pytest.skip(f"real data is not at {folder}; set MERE_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def sample() -> list[Sentence]:
    """The sample corpus' training part: 14 languages, 280 sentences."""
    return list(read_sentences(SAMPLE / "train.jsonl"))


@pytest.fixture(scope="session")
def sample_dev() -> list[Sentence]:
    """The sample corpus' dev part."""
    return list(read_sentences(SAMPLE / "dev.jsonl"))


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory, sample: list[Sentence]) -> str:
    """A folder with an XLM-R-shaped checkpoint of two layers, random weights, its tokenizer trained on the sample."""
    return str(make_backbone(tmp_path_factory.mktemp("tiny"), sample))


@pytest.fixture(scope="session")
def tiny_model(tiny_backbone: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a saved model with random weights, moved so that it predicts something."""
    return str(make_model(tmp_path_factory.mktemp("models") / "tiny", tiny_backbone, sample))


@pytest.fixture(scope="session")
def exported_model(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of the same model with ONNX graphs, which extraction takes where they are."""
    folder = tmp_path_factory.mktemp("models") / "exported"
    export(Path(tiny_model), [], OnnxScorer, output=folder)
    return str(folder)
