"""The package as a whole: what imports what, and what is public."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mere

ROOT = Path(__file__).parents[1]

SOURCE = ROOT / "src" / "mere"

LAYERS = ("errors", "schema", "arrays", "data", "inference", "evaluation", "nn", "training", "export")
"""The folders and modules that build on each other: each imports only what stands before it."""

ON_TOP = {
    "runtime": LAYERS[: LAYERS.index("evaluation")],
    "testing": LAYERS[: LAYERS.index("evaluation")],
    "experiments": LAYERS[: LAYERS.index("export")],
    "cli": LAYERS,
    "__main__": ("cli",),
}
"""What stands on top of them, and on which."""

BORDERS = {("inference", "nn"), ("evaluation", "nn"), ("cli", "experiments")}
"""Where a function may import what its module must not, so that torch is loaded only where it is needed."""

TORCH_FREE = ("schema", "errors", "arrays", "data", "inference", "evaluation", "cli", "testing")

WALK = """
import importlib, importlib.abc, pkgutil, sys
asked = []
class Refusing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "safetensors"):
            asked.append(name)
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refusing())
import mere
for name in sys.argv[1:]:
    module = importlib.import_module(f"mere.{name}")
    below = pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}.")
    for name in [module.__name__, *(entry.name for entry in below)]:
        importlib.import_module(name)
        print(name, *asked)
        asked.clear()
"""
"""Imports folders, module by module, and prints after each which of torch's packages were asked for, had or not."""


def test_folders_of_the_core_need_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", WALK, *TORCH_FREE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.splitlines()
    assert [line for line in imported if " " in line] == []
    assert set(imported) == {name for name in _modules() if _folder(name) in TORCH_FREE}


def _modules() -> dict[str, Path]:
    """The modules of the package but ``mere`` itself, by name."""
    paths = {path.relative_to(SOURCE.parent).with_suffix(""): path for path in SOURCE.rglob("*.py")}
    names = {".".join(path.parts).removesuffix(".__init__"): file for path, file in paths.items()}
    del names["mere"]
    return names


def _folder(module: str) -> str:
    return module.split(".")[1]


def _imports(tree: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the folders of mere that a module imports, and whether that is not when it is imported itself."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole module"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        for name in names:
            first, _, rest = name.partition(".")
            if first == "mere" and (folder := rest.partition(".")[0]) in (*LAYERS, *ON_TOP):
                yield folder, inside
        lazily = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        yield from _imports(node, inside or lazily)


def test_imports_point_one_way() -> None:
    wrong = []
    for name, path in _modules().items():
        folder = _folder(name)
        below = LAYERS[: LAYERS.index(folder)] if folder in LAYERS else ON_TOP[folder]
        for other, lazily in _imports(ast.parse(path.read_text("utf-8"))):
            if other not in (folder, *below) and not (lazily and (folder, other) in BORDERS):
                wrong.append(f"{name} imports {other}")
    assert wrong == []


def test_the_runtime_is_imported_without_what_trains_and_exports() -> None:
    for name, path in _modules().items():
        if _folder(name) == "inference":
            now = {folder for folder, lazily in _imports(ast.parse(path.read_text("utf-8"))) if not lazily}
            assert not now & {"nn", "training", "export"}, name


def test_the_check_of_imports_sees_them_all() -> None:
    code = "import mere.nn\nfrom mere import cli\nif TYPE_CHECKING:\n    from mere.data.files import a\n"
    code += "class A:\n    import mere.schema\n    def f():\n        from mere.training import b\nimport numpy, mere\n"
    assert set(_imports(ast.parse(code))) == {
        *(("nn", False), ("cli", False), ("data", True), ("schema", False), ("training", True))
    }


def test_importing_mere_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "onnxruntime", "tokenizers", "numpy")
    code = f"import sys, mere; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_there() -> None:
    for name in mere.__all__:
        assert getattr(mere, name) is not None
    assert set(mere.__all__) >= {"Document", "Extractor", "Schema", "Sentence", "Span", "Triple", "MereError"}
    assert dir(mere) == mere.__all__ == sorted(mere.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Extracter'"):
        _ = mere.Extracter


def test_a_missing_extra_names_the_command_that_brings_it(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mere import Extractor, MereError\n"
        f"try:\n    Extractor.from_pretrained({str(tmp_path)!r})\nexcept MereError as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout
    assert "pip install 'mere[train]'" in shown


def test_changelog_package_and_project_are_of_one_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert newest is not None
    assert newest[1] == mere.__version__ == project["version"]
