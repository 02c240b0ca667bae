"""The package as a whole: what imports what, and what is public."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mere

TORCH_FREE = [
    "mere",
    "mere.schema",
    "mere.errors",
    "mere.data.readers",
    "mere.data.check",
    "mere.data.stats",
    "mere.data.patterns.generate",
    "mere.model.e5",
    "mere.model.tokenizer",
    "mere.model.codec",
    "mere.model.predictor",
    "mere.runtime.extractor",
    "mere.training.evaluation",
    "mere.apps.cli",
]


@pytest.mark.parametrize("module", TORCH_FREE)
def test_modules_of_the_core_import_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'safetensors')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_mere_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "onnxruntime", "tokenizers", "numpy")
    code = f"import sys, mere; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_there() -> None:
    for name in mere.__all__:
        assert getattr(mere, name) is not None
    assert set(mere.__all__) >= {"Extractor", "Schema", "Sentence", "Span", "Triple", "MereError"}


def test_a_missing_extra_names_the_command_that_brings_it() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mere import Extractor, MereError\n"
        "try:\n    Extractor.load('anything')\nexcept MereError as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    assert "pip install 'mere[train]'" in shown
