"""Multilingual entity and relation extraction: (head, relation, tail) triples with exact character offsets.

>>> from mere import Extractor
>>> extractor = Extractor.from_pretrained("path/to/model")
>>> document = extractor.extract("Ada Lovelace was born in London.")
>>> [(triple.head.text, triple.relation, triple.tail.text) for triple in document.triples]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mere.errors import ArtifactError, ConfigError, ExportError, InputError, MereError, MissingExtraError, SchemaError
from mere.schema import Document, Schema, Sentence, Span, Triple

if TYPE_CHECKING:
    from mere.inference.extractor import Extractor

__version__ = "0.2.0.dev0"

__all__ = [
    "ArtifactError",
    "ConfigError",
    "Document",
    "ExportError",
    "Extractor",
    "InputError",
    "MereError",
    "MissingExtraError",
    "Schema",
    "SchemaError",
    "Sentence",
    "Span",
    "Triple",
]


def __getattr__(name: str) -> Any:
    """Load the extractor, and numpy with it, only when it is asked for."""
    if name == "Extractor":
        from mere.inference.extractor import Extractor

        return Extractor
    raise AttributeError(f"module 'mere' has no attribute '{name}'")


def __dir__() -> list[str]:
    """Name what is public, the extractor too before it is loaded."""
    return list(__all__)
