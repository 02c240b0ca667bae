"""The exceptions of mere: one tree, one line each.

::

    MereError
    ├── InputError         text or a file that cannot be used: what, where, how to mend it
    │   └── SchemaError    a relation, language or entity type that the schema does not know
    ├── ConfigError        a training configuration with an unknown or ill-typed key
    ├── ArtifactError      a saved model that is missing, damaged or of another version
    ├── ExportError        graphs that find less than the model they were made of
    └── MissingExtraError  a feature whose optional packages are not installed

Every message is one line that names the place and the mend, so that the command line can print it as it is.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType


class MereError(Exception):
    """Base of all errors that mere raises on purpose."""


class InputError(MereError):
    """Text or a file that cannot be used.

    Parameters
    ----------
    problem:
        What was wrong and how to mend it.
    path:
        The file, if there is one.
    line:
        Its line, counted from 1.
    field:
        The field or column within the line.
    """

    def __init__(
        self, problem: str, *, path: str | Path | None = None, line: int | None = None, field: str | None = None
    ) -> None:
        place = ":".join(str(value) for value in (path, line) if value is not None)
        where = ", ".join(text for text in (place, f"field '{field}'" if field else "") if text)
        super().__init__(f"{where}: {problem}" if where else problem)
        self.problem = problem
        self.path = path
        self.line = line
        self.field = field


class SchemaError(InputError):
    """A relation, language or entity type that the schema does not know."""


class ConfigError(MereError):
    """A training configuration with an unknown or ill-typed key."""


class ArtifactError(MereError):
    """A saved model that is missing, damaged or of another version."""


class ExportError(MereError):
    """Graphs that find less than the model they were made of, by more than is allowed."""


class MissingExtraError(MereError):
    """A feature whose optional packages are not installed."""


def require(module: str, extra: str) -> ModuleType:
    """Import ``module`` or raise `MissingExtraError` naming the pip command that brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        raise MissingExtraError(
            f"this needs the package '{missing.name}'; install it with: pip install 'mere[{extra}]'"
        ) from missing
