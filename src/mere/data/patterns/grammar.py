"""Pattern files: one TOML a language, with lists of entities, sentence patterns by relation, and negatives.

::

    language = "de"

    [format]                       # how numbers are written; all optional
    thousands = "."                # 12.345
    decimal = ","                  # 1,75
    digits = "0123456789"
    endings = ["s"]                # what a form adds to an item without being part of the entity: Kölns, but Köln
    loose_endings = true           # tokenised corpora cut every ending off: "deutsch er", the entity is "deutsch"
    prefixes = "و"                 # letters written onto the next word that count as part of the entity
    series = [", ", " und "]       # what stands between the items of a series, and what before its last: one or more

    [forms]                        # names of the forms that the items of a list have, the first is the default
    city = ["base", "genitive"]

    [lists]
    man = ["Karl Brandt", "Jonas Lind"]
    woman = ["Eva Sommer"]
    person = ["@man", "@woman"]    # @name: all items of another list
    city = ["Köln|Kölns", "Bonn|Bonns"]
    occupation = ["eine [Malerin]", "ein [Koch]"]     # [ ] marks what is the entity, where an article goes along
    date = ["{day}. {month} {year}", "{year}"]        # items may hold slots
    company = { csv = "companies.csv", column = "name" }   # or from a file beside this one

    [patterns]
    birth-place = [
        "{h:person} wurde am {date} in {t:city} geboren.",
        "Die aus {t:city} stammende {h:woman} ist {o:occupation}. | h has-occupation o",
    ]

    [negatives]
    patterns = ["{person} besuchte die Messe in {city}."]

    [annotation]                   # relations that patterns may state without a word; all optional
    loose = ["has-type"]           # besides their own triples, in patterns that have some
    loose_negatives = ["has-type"] # in negatives

    [frames]                       # what can make a sentence longer without stating a relation; all optional
    before = ["Kurz notiert: "]                          # leads into a sentence that begins with a slot
    after = [", wie die Zeitung am {day}. Mai schrieb"]  # goes before the full stop
    joins = [" ", "; "]            # between two sentences; all but a blank take the place of the full stop

A slot is ``{name:list.form}``, the form optional. ``h`` and ``t`` are head and tail of the relation that the pattern
stands under; other named slots take part in the further triples behind ``|`` (``a relation b``, several with ``;``).
A slot without a name, ``{list}`` or ``{list.form}``, is a distractor. No item is used twice in a sentence.
``{t:list+}`` or ``{t:list.form+}`` is a series of two to five items in the same form; its triples hold for each.
``{year} {day} {number} {small} {decimal}`` need no list: a year, 1..28, an integer of 3 to 7 digits, 2..99, and a
number with one or two decimals. Years rise within a sentence, so that people die after they are born. A sentence that
would begin with a small letter is capitalised. Sentences count as annotated for all of the file's relations but the
loose ones.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mere.errors import InputError, SchemaError
from mere.schema import NO_RELATION

NUMERIC = ("year", "day", "number", "small", "decimal")
"""Slots that are written out rather than drawn from a list."""

SLOT = re.compile(r"\{(?:(?P<name>\w+):)?(?P<list>[\w-]+)(?:\.(?P<form>[\w-]+))?(?P<series>\+)?\}")
_FACT = re.compile(r"(\w+)\s+(\S+)\s+(\w+)")


@dataclass(frozen=True)
class Slot:
    """A place in a pattern: the list it draws from, the form it needs, and its name where it is part of a triple.

    ``series`` asks for several items in place of one.
    """

    name: str | None
    list: str
    form: int
    series: bool = False


Parts = tuple[str | Slot, ...]
"""Literal text and slots in turn."""


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern.

    Attributes
    ----------
    id:
        ``relation/number`` within its file.
    parts:
        Literal text and slots in turn.
    facts:
        Triples as (name of the head's slot, relation, name of the tail's slot).
    """

    id: str
    parts: Parts
    facts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Format:
    """How a language writes numbers, and what is written onto an entity; the fields are those of ``[format]``."""

    thousands: str = ","
    decimal: str = "."
    digits: str = "0123456789"
    endings: tuple[str, ...] = ()
    loose_endings: bool = False
    prefixes: str = ""
    series: tuple[str, ...] = (", ", " and ")


@dataclass(frozen=True)
class Frames:
    """What makes sentences longer: parts that go before and after one, and texts that join two."""

    before: tuple[Parts, ...] = ()
    after: tuple[Parts, ...] = ()
    joins: tuple[str, ...] = (" ",)


@dataclass(frozen=True)
class Annotation:
    """Relations that patterns may state without marking it: nothing is to be learnt from their absence.

    ``loose`` in patterns that have triples, ``loose_negatives`` in those that have none.
    """

    loose: tuple[str, ...] = ()
    loose_negatives: tuple[str, ...] = ()

    def looked_for(self, stated: Collection[str], relations: Iterable[str]) -> tuple[str, ...] | None:
        """Return which of the ``relations`` count as looked for in a sentence that states some; None for all."""
        loose = self.loose if stated else self.loose_negatives
        return tuple(name for name in relations if name in stated or name not in loose) if loose else None


@dataclass(frozen=True)
class PatternFile:
    """One language's patterns: ``lists`` maps a name to items, an item to its forms."""

    language: str
    lists: Mapping[str, tuple[tuple[str, ...], ...]]
    forms: Mapping[str, tuple[str, ...]]
    patterns: tuple[Pattern, ...]
    format: Format = Format()
    frames: Frames = Frames()
    annotation: Annotation = Annotation()

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """The relations that the patterns state, sorted."""
        return tuple(sorted({relation for pattern in self.patterns for _, relation, _ in pattern.facts}))

    def parse(self, text: str) -> Parts:
        """Split a pattern or an item into literal text and slots; raises `SchemaError` for an unknown list or form."""
        parts: list[str | Slot] = []
        end = 0
        for match in SLOT.finditer(text):
            parts.append(text[end : match.start()])
            parts.append(self._slot(match, text))
            end = match.end()
        parts.append(text[end:])
        if any(isinstance(piece, str) and ("{" in piece or "}" in piece) for piece in parts):
            raise SchemaError(f"a slot must read {{name:list.form}}, {{list.form}} or {{list}}: '{text}'")
        return tuple(piece for piece in parts if piece != "")

    def _slot(self, match: re.Match[str], text: str) -> Slot:
        name, source, form = match["name"], match["list"], match["form"]
        if source not in self.lists and source not in NUMERIC:
            raise SchemaError(f"no list '{source}' for '{text}'; add it to [lists]")
        forms = self.forms.get(source, ("base",))
        if form is not None and form not in forms:
            raise SchemaError(f"list '{source}' has no form '{form}' for '{text}'; it has {', '.join(forms)}")
        if match["series"] and source in NUMERIC:
            raise SchemaError(f"a series needs a list, and '{source}' is none: '{text}'")
        return Slot(name, source, forms.index(form) if form else 0, bool(match["series"]))


def read_patterns(path: Path) -> PatternFile:
    """Read and check a pattern file; raises `InputError` that names the file and the table, pattern or item."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", path=path) from error
    try:
        return _build(values, path.parent)
    except InputError as error:
        raise type(error)(error.problem, path=path, field=error.field) from error


def _build(values: dict[str, Any], folder: Path) -> PatternFile:
    unknown = set(values) - {"language", "format", "forms", "lists", "patterns", "negatives", "frames", "annotation"}
    if unknown:
        raise InputError(f"unknown table '{min(unknown)}'")
    language = values.get("language")
    if not isinstance(language, str) or not language:
        raise InputError('must name the language, such as language = "de"', field="language")
    forms = {name: tuple(names) for name, names in values.get("forms", {}).items()}
    lists = {name: _items(name, items, forms.get(name, ("base",)), folder) for name, items in values["lists"].items()}
    lists = {name: _expand(name, lists, forms) for name in lists}
    bare = PatternFile(language, lists, forms, (), _format(values.get("format", {})))
    for name, items in lists.items():
        for item in items:
            for form in item:
                if any(isinstance(slot, Slot) and slot.list == name for slot in bare.parse(form)):
                    raise InputError(f"item '{form}' holds itself", field=name)
    patterns = [
        _pattern(bare, relation, number, text)
        for relation, texts in values.get("patterns", {}).items()
        for number, text in enumerate(texts, start=1)
    ]
    negatives = values.get("negatives", {}).get("patterns", [])
    patterns += [_pattern(bare, NO_RELATION, number, text) for number, text in enumerate(negatives, start=1)]
    if not patterns:
        raise InputError("holds no patterns; add some under [patterns]")
    file = replace(bare, patterns=tuple(patterns), frames=_frames(bare, values.get("frames", {})))
    return replace(file, annotation=_annotation(file, values.get("annotation", {})))


def _annotation(file: PatternFile, values: dict[str, Any]) -> Annotation:
    for name, relations in values.items():
        if name not in ("loose", "loose_negatives"):
            raise InputError("knows loose and loose_negatives only", field=f"annotation.{name}")
        unknown = [str(relation) for relation in relations if relation not in file.relations]
        if unknown:
            raise InputError(f"no pattern states '{unknown[0]}'", field=f"annotation.{name}")
    return Annotation(*(tuple(values.get(name, ())) for name in ("loose", "loose_negatives")))


def _format(values: dict[str, Any]) -> Format:
    defaults = {field.name: field.default for field in fields(Format)}
    for name, value in values.items():
        if name not in defaults:
            raise InputError(f"knows {', '.join(defaults)} only", field=f"format.{name}")
        if not isinstance(defaults[name], tuple):
            if not isinstance(value, type(defaults[name])):
                raise InputError("has a value of the wrong kind", field=f"format.{name}")
        elif not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise InputError("must be a list of texts", field=f"format.{name}")
    if len(values.get("series", defaults["series"])) < 2:
        raise InputError('must say how items are joined and how the last is: [", ", " and "]', field="format.series")
    frozen: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return Format(**frozen)


def _frames(file: PatternFile, values: dict[str, Any]) -> Frames:
    for name, texts in values.items():
        if name not in ("before", "after", "joins"):
            raise InputError("knows before, after and joins only", field=f"frames.{name}")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise InputError("must be a list of texts", field=f"frames.{name}")
    before, after = (tuple(file.parse(text) for text in values.get(name, ())) for name in ("before", "after"))
    return Frames(before, after, tuple(values.get("joins", (" ",))))


def _items(name: str, items: Any, forms: tuple[str, ...], folder: Path) -> tuple[tuple[str, ...], ...]:
    if isinstance(items, dict):
        items = _column(folder / str(items.get("csv", "")), str(items.get("column", "")))
    if not isinstance(items, list) or not items or not all(isinstance(item, str) and item.strip() for item in items):
        raise InputError("must be a list of texts, or { csv = …, column = … }", field=name)
    split = []
    for item in items:
        parts = tuple(item.split("|"))
        if not item.startswith("@") and len(parts) != len(forms):
            raise InputError(f"item '{item}' has {len(parts)} forms, the list has {len(forms)}", field=name)
        split.append(parts)
    return tuple(split)


def _expand(
    name: str, lists: Mapping[str, tuple[tuple[str, ...], ...]], forms: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Replace ``@other`` by the items of the other list, which must have the same forms."""
    result: list[tuple[str, ...]] = []
    for item in lists[name]:
        if not item[0].startswith("@"):
            result.append(item)
            continue
        other = item[0][1:]
        if other not in lists or other == name or forms.get(other) != forms.get(name):
            raise InputError(f"'{item[0]}' must name another list with the same forms", field=name)
        result += _expand(other, lists, forms)
    return tuple(dict.fromkeys(result))


def _column(path: Path, column: str) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from error
    if not rows or column not in rows[0]:
        raise InputError("no such column, or no rows", path=path, field=column)
    return [row[column].strip() for row in rows if row[column] and row[column].strip()]


def _pattern(file: PatternFile, relation: str, number: int, text: str) -> Pattern:
    sentence, _, extra = text.partition(" | ")
    parts = file.parse(sentence)
    names = [slot.name for slot in parts if isinstance(slot, Slot) and slot.name]
    facts = [] if relation == NO_RELATION else [("h", relation, "t")]
    for fact in filter(None, (piece.strip() for piece in extra.split(";"))):
        match = _FACT.fullmatch(fact)
        if match is None:
            raise SchemaError(f"a further triple must read 'a relation b', not '{fact}': '{text}'", field=relation)
        facts.append((match[1], match[2], match[3]))
    for name in {name for fact in facts for name in (fact[0], fact[2])}:
        if names.count(name) != 1:
            raise SchemaError(f"needs exactly one slot named '{name}': '{text}'", field=relation)
    return Pattern(f"{relation}/{number}", parts, tuple(facts))
