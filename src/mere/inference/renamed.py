"""Old names of the extractor's methods, which still work and warn (CHANGELOG.md lists them all)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mere.inference.documents import Paragraph

if TYPE_CHECKING:
    from mere.inference.extractor import Backend, Extractor, Record
    from mere.schema import Document


class OldNames:
    """What `Extractor` was asked for before version 0.2."""

    @classmethod
    def load(cls, model: str | Path | None = None, runtime: Backend = "auto") -> Extractor:
        """Do as ``from_pretrained``."""
        _warn("Extractor.load(model, runtime)", "Extractor.from_pretrained(model, backend=…)")
        return cast("type[Extractor]", cls).from_pretrained(model, backend=runtime)

    def stream(self, texts: Iterable[str], language: str | None = None, **options: Any) -> Iterator[Document]:
        """Do as ``pipe``."""
        _warn("Extractor.stream(texts)", "Extractor.pipe(texts)")
        return cast("Extractor", self).pipe(texts, language=language, **options)

    def paragraphs(
        self, paragraphs: Iterable[Paragraph], language: str | None = None, **options: Any
    ) -> Iterator[Record]:
        """Do as ``records``."""
        _warn("Extractor.paragraphs(paragraphs)", "Extractor.records(paragraphs)")
        return cast("Extractor", self).records(paragraphs, language=language, **options)


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)
