"""The sums of a saved model's files, and reading what should be JSON. Torch-free."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any

from mere.errors import ArtifactError
from mere.inference.replacing import recover

MANIFEST, CARD = "manifest.json", "README.md"

_AGAIN = "copy or train the model again"


def check_manifest(folder: Path, names: Collection[str] | None = None) -> None:
    """Compare all files but the card, which people may edit, or those called ``names``, with their sums.

    A model that a killed process has left without its name gets it back first (see `mere.inference.replacing`). Raises
    `ArtifactError` for a file that is missing, changed, or cannot be read.
    """
    path = folder / MANIFEST
    try:
        recover(folder)
        there = folder.is_dir() and path.is_file()
    except OSError as error:
        raise ArtifactError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from error
    if not there:
        raise ArtifactError(f"{folder}: no model here (a model is a directory with a {MANIFEST}); check the path")
    sums = read_json(path, "damaged", _AGAIN)
    for name in sorted(sums if names is None else names):
        if name not in sums:
            raise ArtifactError(f"{path}: does not name '{name}'; copy the model again or export it again")
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ArtifactError(f"{path}: damaged: names '{name}', a file outside; {_AGAIN}")
        if name != CARD:
            _check(folder / name, sums[name])


def _check(path: Path, expected: object) -> None:
    try:
        if path.is_dir():
            raise ArtifactError(f"{path}: is a folder where a file should be; {_AGAIN}")
        if not path.is_file():
            raise ArtifactError(f"{path}: missing; {_AGAIN}")
        digest = sha256(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArtifactError(f"{path}: cannot be read ({reason}); check its permissions, or {_AGAIN}") from error
    if digest != expected:
        raise ArtifactError(f"{path}: does not match its checksum; {_AGAIN}")


def write_manifest(folder: Path) -> None:
    """Write the sums of all files below ``folder``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    sums = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    (folder / MANIFEST).write_text(json.dumps(sums, indent=1), "utf-8")


def sha256(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_json(path: Path, fault: str, mend: str) -> dict[str, Any]:
    """Read a JSON object whose numbers are all finite.

    Raises `ArtifactError`, which calls a file that holds none ``fault`` and names the ``mend``.
    """
    try:
        values = json.loads(path.read_text("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read ({error.strerror}); {mend}") from error
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path}: {fault} ({error}); {mend}") from error
    if not isinstance(values, dict):
        raise ArtifactError(f"{path}: {fault} (no JSON object); {mend}")
    return values


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refuse(digits)
