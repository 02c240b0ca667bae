"""What relations mean: a catalogue of them, as a TOML file, for reports, exports to knowledge graphs and evaluation.

::

    [has-parent]
    definition = "The person (head) is a son or daughter of the person (tail)."
    head = ["person"]                  # types of the head, any of them; of `TYPES` or the model's own
    tail = ["person"]
    examples = ["<h>Paul Thorne</h> was the son of <t>Agnes Thorne</t>."]
    inverse = "has-child"              # the same fact, head and tail having changed places
    symmetric = false                  # whether it is its own inverse
    same = []                          # relations that state the same fact, with the same tail
    wikidata = "P40"                   # property that says the same
    wikidata_turned = true             # whether that goes from tail to head
    schema_org = "parent"

All but the definition and the types may be left out. A catalogue may hold any relations, and need not hold all of a
model's; what it names as inverse or same need not be in it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mere.data.files import atomic_write
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple

FILE = "relations.toml"
"""Name of the file, in the package and in a saved model."""

TYPES = ("person", "organisation", "place", "work", "event", "date", "number", "thing", "group")
"""Types of heads and tails in the package's catalogue; a thing is also a species, a kind, an occupation, an idea."""

_MARK = re.compile(r"<([ht])>(.+?)</\1>")
_STRAY = re.compile(r"</?[ht]>")
_BARE = re.compile(r"[A-Za-z0-9_-]+")

Types = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Relation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a relation means; the module's docstring explains the fields.

    Making one raises `ValueError` where an example marks no head or no tail, or an inverse is given to a symmetric one.
    """

    definition: Annotated[str, msgspec.Meta(min_length=1)]
    head: Types
    tail: Types
    examples: tuple[str, ...] = ()
    inverse: str | None = None
    symmetric: bool = False
    same: tuple[str, ...] = ()
    wikidata: Annotated[str, msgspec.Meta(pattern=r"^P[1-9][0-9]*$")] | None = None
    wikidata_turned: bool = False
    schema_org: str | None = None

    def __post_init__(self) -> None:
        for example in self.examples:
            read_example(example)
        if self.symmetric and self.inverse is not None:
            raise ValueError("inverse: a symmetric relation is its own; leave it out")


@dataclass(frozen=True)
class Canonical:
    """The form in which a relation's facts are compared.

    Attributes
    ----------
    relation:
        The name, of those that state the same fact the first in the alphabet.
    turned:
        Whether head and tail change places.
    symmetric:
        Whether their order says nothing.
    """

    relation: str
    turned: bool = False
    symmetric: bool = False


@dataclass(frozen=True)
class Catalogue:
    """Relations by name, each with what it means.

    Making one raises `InputError` where two of its relations do not agree on being inverse, or the same.
    """

    relations: Mapping[str, Relation]

    def __post_init__(self) -> None:
        for name, relation in self.relations.items():
            inverse = self.get(relation.inverse)
            if inverse is not None and inverse.inverse != name:
                raise InputError(f"'{relation.inverse}' must name '{name}' as its own inverse", field=f"{name}.inverse")
            for other in relation.same:
                twin = self.get(other)
                if twin is not None and name not in twin.same:
                    raise InputError(f"'{other}' must name '{name}' as the same, too", field=f"{name}.same")

    @classmethod
    def default(cls) -> Catalogue:
        """Return the catalogue that comes with the package: the relations of SMiLER."""
        return _packaged()

    @classmethod
    def read(cls, path: Path) -> Catalogue:
        """Read a TOML file; raises `InputError` that names file, relation and key."""
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", path=path) from error
        except ValueError as error:  # not UTF-8, or not TOML
            raise InputError(f"not a catalogue of relations: {error}", path=path) from error
        return cls.from_dict(values, path)

    def write(self, path: Path) -> None:
        """Write a TOML file; raises `InputError` where it cannot be written."""
        tables = [
            "\n".join([f"[{_key(name)}]", *(f"{key} = {_value(value)}" for key, value in fields.items())])
            for name, fields in self.to_dict().items()
        ]
        with atomic_write(path) as handle:
            handle.write("\n\n".join(tables) + "\n")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], path: Path | None = None) -> Catalogue:
        """Rebuild a catalogue from `to_dict`; raises `InputError` that names ``path``, relation and key."""
        relations = {}
        for name, fields in values.items():
            try:
                relations[name] = msgspec.convert(fields, Relation)
            except msgspec.ValidationError as error:
                problem, _, key = str(error).partition(" - at `$")
                raise InputError(problem, path=path, field=name + key.rstrip("`")) from error
        try:
            return cls(relations)
        except InputError as error:
            raise InputError(error.problem, path=path, field=error.field) from error

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain values, as they stand in the file."""
        return {name: msgspec.to_builtins(relation) for name, relation in self.relations.items()}

    def get(self, relation: str | None) -> Relation | None:
        """Return what ``relation`` means; None where the catalogue does not hold it."""
        return None if relation is None else self.relations.get(relation)

    def subset(self, relations: Iterable[str]) -> Catalogue:
        """Return those of the named relations that are there, in the order of the names."""
        return Catalogue({name: self.relations[name] for name in relations if name in self.relations})

    def examples(self, relation: str) -> tuple[Sentence, ...]:
        """Return the examples of ``relation`` as English sentences of one triple each, as many as are known."""
        entry = self.get(relation)
        parts = [] if entry is None else [read_example(example) for example in entry.examples]
        return tuple(Sentence(text, "en", (Triple(head, relation, tail),)) for text, head, tail in parts)

    def canonical(self, relation: str) -> Canonical:
        """Return the form in which facts of ``relation`` are compared; its own where the catalogue does not hold it."""
        forms = self._forms(relation)
        name = min(forms)[0]
        return Canonical(name, (name, False) not in forms, {(name, False), (name, True)} <= forms)

    def equivalents(self, relation: str) -> tuple[str, ...]:
        """Return all relations that state the facts of ``relation``, itself among them, sorted by name."""
        return tuple(sorted({name for name, _ in self._forms(relation)}))

    def _forms(self, relation: str) -> set[tuple[str, bool]]:
        """Return every (relation, turned) in which a fact of ``relation`` can be stated."""
        forms = {(relation, False)}
        waiting = [(relation, False)]
        while waiting:
            name, turned = waiting.pop()
            reached = {(other, turned != turns) for other, turns in self._links.get(name, ())}
            waiting += reached - forms
            forms |= reached
        return forms

    @cached_property
    def _links(self) -> dict[str, set[tuple[str, bool]]]:
        """By relation, those that state the same fact, and whether they turn it round."""
        links: dict[str, set[tuple[str, bool]]] = {}
        for name, relation in self.relations.items():
            others = [(other, False) for other in relation.same]
            others += [(relation.inverse, True)] if relation.inverse is not None else []
            others += [(name, True)] if relation.symmetric else []
            for other, turns in others:
                links.setdefault(name, set()).add((other, turns))
                links.setdefault(other, set()).add((name, turns))
        return links


def read_example(marked: str) -> tuple[str, Span, Span]:
    """Return the text of an example without its marks, its head and its tail; raises `ValueError` without these."""
    text, last = "", 0
    places: dict[str, tuple[int, int]] = {}
    marks = list(_MARK.finditer(marked))
    for mark in marks:
        text += marked[last : mark.start()]
        places[mark[1]] = (len(text), len(text) + len(mark[2]))
        text += mark[2]
        last = mark.end()
    text += marked[last:]
    if len(marks) != 2 or len(places) != 2 or _STRAY.search(text):
        raise ValueError(f"examples: needs one <h>head</h> and one <t>tail</t>: '{marked}'")
    return text, Span.of(text, *places["h"]), Span.of(text, *places["t"])


@cache
def _packaged() -> Catalogue:
    return Catalogue.read(Path(str(resources.files("mere"))) / "data" / FILE)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _value(value: str | bool | list[str] | tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    return "[" + "".join(f"\n    {_string(item)}," for item in value) + "\n]"


def _string(value: str) -> str:
    """Write a TOML string, which is JSON's but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
