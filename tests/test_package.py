"""The package as a whole: what imports what, and what is public."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mere

ROOT = Path(__file__).parents[1]

TORCH_FREE = [
    "mere",
    "mere.schema",
    "mere.errors",
    "mere.data.formats",
    "mere.data.doctor",
    "mere.data.stats",
    "mere.data.patterns.generate",
    "mere.inference.e5",
    "mere.inference.tokenizer",
    "mere.inference.codec",
    "mere.inference.decoding",
    "mere.inference.predictor",
    "mere.inference.extractor",
    "mere.evaluation.scores",
    "mere.inference.artifact",
    "mere.inference.model_config",
    "mere.inference.onnx_scorer",
    "mere.evaluation.calibration",
    "mere.evaluation.card",
    "mere.evaluation.tables",
    "mere.data.catalogue",
    "mere.inference.catalogue",
    "mere.cli.info",
    "mere.cli.main",
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


def test_a_missing_extra_names_the_command_that_brings_it(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mere import Extractor, MereError\n"
        f"try:\n    Extractor.from_pretrained({str(tmp_path)!r})\nexcept MereError as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    assert "pip install 'mere[train]'" in shown


def test_all_modules_of_data_runtime_and_apps_are_there_without_torch() -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        "sys.modules.update(dict.fromkeys(('torch', 'transformers', 'safetensors')))\n"
        "import mere.cli, mere.data, mere.inference\n"
        "for package in (mere.cli, mere.data, mere.inference):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not found.name.endswith('.__main__'):\n"
        "            print(importlib.import_module(found.name).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"mere.cli.main", "mere.data.patterns.generate", "mere.inference.extractor"} <= set(done.stdout.split())


def test_changelog_package_and_project_are_of_one_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert newest is not None
    assert newest[1] == mere.__version__ == project["version"]
