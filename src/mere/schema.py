"""The vocabulary of mere: spans, triples, sentences and the schema they live in.

All four are frozen, hashable where their parts are, and know nothing of files or models. Offsets are Python string
indices, end exclusive: ``text[span.start:span.end] == span.text``, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mere.errors import InputError, SchemaError

NO_RELATION = "no_relation"
"""The name of the threshold class: a sentence labelled with it states no relation. It is never part of a triple."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: ``text == sentence.text[start:end]``; ``type`` is the entity type where one is known."""

    start: int
    end: int
    text: str
    type: str | None = None

    @classmethod
    def of(cls, sentence: str, start: int, end: int, type: str | None = None) -> Span:
        """Cut a span out of ``sentence``; raises `InputError` where the offsets do not name a piece of it."""
        if not 0 <= start < end <= len(sentence):
            raise InputError(
                f"offsets {start}..{end} do not name a piece of a text of {len(sentence)} characters; "
                "they count characters from 0, the end is exclusive and must be above the start"
            )
        return cls(start, end, sentence[start:end], type)


@dataclass(frozen=True, slots=True)
class Triple:
    """A relation stated between two spans of one sentence; ``score`` is a probability, 1.0 for gold triples."""

    head: Span
    relation: str
    tail: Span
    score: float = 1.0

    @property
    def key(self) -> tuple[str, int, int, int, int]:
        """What makes two triples of a sentence the same: relation, head offsets, tail offsets."""
        return (self.relation, self.head.start, self.head.end, self.tail.start, self.tail.end)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in a language and the triples it states.

    Attributes
    ----------
    text, language, triples:
        What is said, in which language, and what that states.
    id:
        Shared by translations of one sentence.
    annotated:
        The relations that were looked for: of any other it is unknown whether the sentence states it, which training
        and evaluation must not take for absence. None where all relations were looked for.
    """

    text: str
    language: str
    triples: tuple[Triple, ...] = ()
    id: str | None = None
    annotated: tuple[str, ...] | None = None

    def looked_for(self, relation: str) -> bool:
        """Whether the annotation tells of ``relation``, by stating it or by leaving it out."""
        return self.annotated is None or relation in self.annotated


@dataclass(frozen=True, slots=True)
class Schema:
    """What a model can say: its relations, the languages it was trained for, the entity types it predicts (if any).

    The order is the order of the model's scores and never changes once a model is saved.
    """

    relations: tuple[str, ...]
    languages: tuple[str, ...]
    entity_types: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, values in (("relations", self.relations), ("languages", self.languages)):
            if not values:
                raise SchemaError(f"a schema needs at least one of: {name}")
        for name, values in asdict(self).items():
            if len(set(values)) != len(values):
                raise SchemaError(f"the schema names one of its {name} twice; remove the repetition")
        if NO_RELATION in self.relations:
            raise SchemaError(f"'{NO_RELATION}' is the threshold, not a relation; leave it out of the schema")

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> Schema:
        """Collect the schema of ``sentences``, each part sorted by name."""
        relations: set[str] = set()
        languages: set[str] = set()
        types: set[str] = set()
        for sentence in sentences:
            languages.add(sentence.language)
            for triple in sentence.triples:
                relations.add(triple.relation)
                types.update(span.type for span in (triple.head, triple.tail) if span.type is not None)
        return cls(tuple(sorted(relations)), tuple(sorted(languages)), tuple(sorted(types)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Schema:
        """Rebuild a schema from `to_dict`; raises `SchemaError` for missing or unknown keys and ill-typed values."""
        known = ("relations", "languages", "entity_types")
        for key in values:
            if key not in known:
                raise SchemaError(f"unknown key in the schema: '{key}'; known are {', '.join(known)}")
        for key in known:
            part = values.get(key)
            if not isinstance(part, list) or not all(isinstance(value, str) for value in part):
                raise SchemaError("must be a list of strings", field=key)
        return cls(*(tuple(values[key]) for key in known))

    def to_dict(self) -> dict[str, list[str]]:
        """Return plain lists, ready for JSON."""
        return {name: list(values) for name, values in asdict(self).items()}
