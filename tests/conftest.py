"""Shared parts: real data, sentences in many scripts, a tiny random backbone and models of it, commands in process.

What needs torch imports it where it is asked for, so that the tests of the rest start at once.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

from mere.cli.main import main
from mere.data.formats import read_sentences
from mere.schema import Sentence

if TYPE_CHECKING:
    from mere.export.gate import Row

# Fewer texts of each kind than hypothesis would draw by itself: what breaks one property mostly breaks it early.
settings.register_profile("quick", max_examples=50, deadline=None)
settings.load_profile("quick")

# A shell's background job ignores Ctrl-C, and so would every process that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

SAMPLE = Path(__file__).parents[1] / "src" / "mere" / "data" / "sample"


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Fail where a test looks up a host: none may need the network, whatever is installed."""

    def refuse(host: object, *_: object, **__: object) -> NoReturn:
        raise AssertionError(f"a test looks up the host {host!r}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


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
    from tests.tiny import make_backbone

    return str(make_backbone(tmp_path_factory.mktemp("tiny"), sample))


@pytest.fixture(scope="session")
def tiny_model(tiny_backbone: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a saved model with random weights, moved so that it finds something; its windows are short."""
    from tests.tiny import make_model

    return str(make_model(tmp_path_factory.mktemp("models") / "tiny", tiny_backbone, sample))


@pytest.fixture(scope="session")
def measured_export(
    tiny_model: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Row]]:
    """The folder of the same model with ONNX graphs, which extraction takes where they are, and what they lose."""
    from mere.export.gate import export
    from mere.inference.onnx_scorer import OnnxScorer

    folder = tmp_path_factory.mktemp("models") / "exported"
    return str(folder), export(Path(tiny_model), sample[::10], OnnxScorer, output=folder, force=True)


@pytest.fixture(scope="session")
def exported_model(measured_export: tuple[str, list[Row]]) -> str:
    """The folder of the same model with ONNX graphs."""
    return measured_export[0]


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, and what it has written."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def mere_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``mere`` with some arguments in this process, which takes no time to start."""

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["mere", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        return Done(int(end.value.code or 0), *capsys.readouterr())

    return run
