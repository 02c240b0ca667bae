"""The vocabulary of mere: spans, triples, sentences, documents and the schema they live in.

All are frozen, hashable where their parts are, and know nothing of files or models; `to_dict` gives what JSON can hold
and ``from_dict`` takes it back. Offsets are Python string
indices, end exclusive: ``text[span.start:span.end] == span.text``, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
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

    def shifted(self, by: int) -> Span:
        """Return the same span with offsets counted from ``by`` characters earlier."""
        return replace(self, start=self.start + by, end=self.end + by)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; ``type`` only where there is one."""
        values: dict[str, Any] = {"text": self.text, "start": self.start, "end": self.end}
        return values if self.type is None else values | {"type": self.type}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Span:
        """Rebuild a span from `to_dict`; raises `InputError` for a missing or ill-typed value."""
        with _rebuilding(cls):
            return cls(int(values["start"]), int(values["end"]), str(values["text"]), values.get("type"))


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

    def shifted(self, by: int) -> Triple:
        """Return the same triple with offsets counted from ``by`` characters earlier."""
        return replace(self, head=self.head.shifted(by), tail=self.tail.shifted(by))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        head, tail = self.head.to_dict(), self.tail.to_dict()
        return {"head": head, "relation": self.relation, "tail": tail, "score": self.score}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Triple:
        """Rebuild a triple from `to_dict`; raises `InputError` for a missing or ill-typed value."""
        with _rebuilding(cls):
            head, tail = Span.from_dict(values["head"]), Span.from_dict(values["tail"])
            return cls(head, str(values["relation"]), tail, float(values.get("score", 1.0)))


def best_of_each(triples: Iterable[Triple]) -> tuple[Triple, ...]:
    """Return each triple once, with its best score, best first."""
    best: dict[tuple[str, int, int, int, int], Triple] = {}
    for triple in triples:
        if triple.key not in best or best[triple.key].score < triple.score:
            best[triple.key] = triple
    return tuple(sorted(best.values(), key=lambda triple: -triple.score))


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
    start:
        Where the text starts in its document. Offsets of triples count within the sentence.
    """

    text: str
    language: str
    triples: tuple[Triple, ...] = ()
    id: str | None = None
    annotated: tuple[str, ...] | None = None
    start: int = 0

    @property
    def end(self) -> int:
        """Where the text ends in its document, exclusive."""
        return self.start + len(self.text)

    def looked_for(self, relation: str) -> bool:
        """Whether the annotation tells of ``relation``, by stating it or by leaving it out."""
        return self.annotated is None or relation in self.annotated

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; ``id`` and ``annotated`` only where there are any."""
        values: dict[str, Any] = {} if self.id is None else {"id": self.id}
        values |= {"start": self.start, "end": self.end, "text": self.text, "language": self.language}
        values["triples"] = [triple.to_dict() for triple in self.triples]
        return values if self.annotated is None else values | {"annotated": list(self.annotated)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Sentence:
        """Rebuild a sentence from `to_dict`; raises `InputError` for a missing or ill-typed value."""
        with _rebuilding(cls):
            triples = tuple(Triple.from_dict(triple) for triple in values["triples"])
            annotated = values.get("annotated")
            return cls(
                str(values["text"]),
                str(values["language"]),
                triples,
                values.get("id"),
                None if annotated is None else tuple(annotated),
                int(values.get("start", 0)),
            )


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was given, and what was read in it.

    Attributes
    ----------
    text:
        The text, character for character.
    sentences:
        Its sentences in order, each with its language and its triples; between them lies white space alone.
    id:
        What its giver calls it, if anything.
    windows:
        In how many pieces the model has read it: more than sentences where some were too long for it.
    """

    text: str
    sentences: tuple[Sentence, ...] = ()
    id: str | None = None
    windows: int = 0

    def __repr__(self) -> str:
        name = "" if self.id is None else f"id={self.id!r}, "
        facts = [f"({t.head.text!r}, {t.relation!r}, {t.tail.text!r})" for t in self.triples]
        return f"Document({name}{len(self.text)} characters, {len(self.sentences)} sentences, [{', '.join(facts)}])"

    @property
    def triples(self) -> tuple[Triple, ...]:
        """All triples, with offsets in the document's own text, in the order of its sentences."""
        return tuple(triple.shifted(sentence.start) for sentence in self.sentences for triple in sentence.triples)

    @property
    def characters(self) -> int:
        """How many characters were read: all of them."""
        return len(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        values: dict[str, Any] = {} if self.id is None else {"id": self.id}
        sentences = [sentence.to_dict() for sentence in self.sentences]
        return values | {"text": self.text, "windows": self.windows, "sentences": sentences}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Document:
        """Rebuild a document from `to_dict`; raises `InputError` for a missing or ill-typed value."""
        with _rebuilding(cls):
            sentences = tuple(Sentence.from_dict(sentence) for sentence in values["sentences"])
            return cls(str(values["text"]), sentences, values.get("id"), int(values.get("windows", 0)))


@contextmanager
def _rebuilding(kind: type) -> Iterator[None]:
    """Turn what goes wrong with a malformed mapping into one line."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"not what {kind.__name__}.to_dict gives: {problem}") from error


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
        keys = ("relations", "languages", "entity_types")
        for key in values:
            if key not in keys:
                raise SchemaError(f"unknown key in the schema: '{key}'; known are {', '.join(keys)}")
        for key in keys:
            names = values.get(key)
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise SchemaError("must be a list of strings", field=key)
        return cls(*(tuple(values[key]) for key in keys))

    def to_dict(self) -> dict[str, list[str]]:
        """Return plain lists, ready for JSON."""
        return {name: list(values) for name, values in asdict(self).items()}
