"""What a caller may ask of an extraction, checked once and for all doors alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mere.errors import InputError
from mere.inference.codec import Codec
from mere.inference.language_id import UNDETERMINED
from mere.inference.markup import Markup

AUTO = "auto"
"""In place of a language: identify it."""


@dataclass(frozen=True)
class Options:
    """An extraction's options.

    Attributes
    ----------
    codec:
        Decodes as was asked for: by which thresholds, and which relations.
    language:
        The language of all texts; None identifies it.
    precise:
        Only what reaches the precise thresholds.
    markup:
        What is passed over.
    batch_size:
        Sentences a batch.
    """

    codec: Codec
    language: str | None
    precise: bool
    markup: Markup | None
    batch_size: int

    @classmethod
    def checked(
        cls,
        codec: Codec,
        *,
        language: str | None = None,
        threshold: float | Mapping[str, float] | None = None,
        relations: Sequence[str] | None = None,
        precise: bool = False,
        markup: Markup | None = None,
        batch_size: int = 32,
    ) -> Options:
        """Check options against the model that ``codec`` belongs to; parameters as in `Extractor.extract`.

        Raises `InputError` for the first that cannot be met.
        """
        if language == AUTO:
            language = None
        if language is not None and language not in (*codec.schema.languages, UNDETERMINED):
            names = ", ".join(codec.schema.languages)
            raise InputError(f"the model does not know the language '{language}'; it knows {names}; or use {AUTO}")
        if precise and threshold is not None:
            raise InputError("a threshold and precise thresholds exclude each other; give one of them")
        if threshold is not None:
            codec = codec.with_decoding(codec.decoding.above(_checked_threshold(threshold, codec)))
        if relations is not None:
            codec = replace(codec, only=frozenset(_known(relations, codec)))
        if precise:
            codec.decode((), precise=True)  # raises where the model has no such thresholds, before anything is read
        if markup not in (None, "html", "wiki"):
            raise InputError(f"markup must be 'html' or 'wiki', not {markup!r}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"batch_size must be a whole number above 0, not {batch_size!r}")
        return cls(codec, language, precise, markup, batch_size)


def _checked_threshold(threshold: float | Mapping[str, float], codec: Codec) -> float | Mapping[str, float]:
    if isinstance(threshold, Mapping):
        return {name: _probability(threshold[name], name) for name in _known(list(threshold), codec)}
    return _probability(threshold)


def _probability(value: object, relation: str = "") -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        place = f" of '{relation}'" if relation else ""
        raise InputError(f"a threshold{place} must be a number from 0 to 1, not {value!r}")
    return float(value)


def _known(relations: Sequence[str], codec: Codec) -> Sequence[str]:
    if isinstance(relations, str):
        raise InputError(f"relations must be a list of names, such as ['{relations}']")
    for relation in relations:
        if relation not in codec.schema.relations:
            names = ", ".join(codec.schema.relations)
            raise InputError(f"the model does not know the relation '{relation}'; it knows {names}")
    return relations
