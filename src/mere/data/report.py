"""What reading and checking found: notices, counted by kind.

A reader never prints and never drops a line in silence: it tells a `Report`. By default the first *error* is raised, so
that nobody trains on half a file; a report that collects errors lets the reader go on with the next line, which is what
the data doctor wants. Memory stays constant, since only the first notices of a kind are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from mere.errors import InputError
from mere.schema import NO_RELATION

Severity = Literal["error", "warning", "repaired", "dropped"]


class Kind(NamedTuple):
    """How bad a kind of notice is, and what it means or what to do about it."""

    severity: Severity
    meaning: str


KINDS: dict[str, Kind] = {
    # a line or file that cannot be read
    "bad-encoding": Kind("error", "not UTF-8 text; save the file as UTF-8"),
    "long-line": Kind("error", "a line beyond the limit; is this a file of one sentence a line?"),
    "damaged-file": Kind("error", "the file breaks off or cannot be read to its end; fetch it again"),
    "bad-row": Kind("error", "a row that lacks a column or its value, or has too many"),
    "bad-json": Kind("error", "a line that is not a JSON object"),
    "bad-field": Kind("error", "a field that is missing or of the wrong type"),
    "bad-offsets": Kind("error", "offsets that do not name a piece of the text"),
    "split-character": Kind("error", "offsets that part a mark from its letter or cut a joined emoji"),
    "no-sentences": Kind("error", "a file without a single sentence that can be used"),
    # what stood in a file and was mended or left out
    "missing-closing-tag": Kind("repaired", "the entity's end was taken from its column, or from the end of the word"),
    "repeated-tag": Kind("repaired", "an entity was marked more than once; the first pair of tags counts"),
    "space-in-tag": Kind("repaired", "blanks just inside the tags were left out of the entity"),
    "tabs-in-text": Kind("repaired", "columns beyond the sixth were joined: the text holds tabs"),
    "line-break-in-text": Kind("repaired", "a line break became a blank: SMiLER's form cannot hold it"),
    "blank-line": Kind("dropped", "a line without anything on it"),
    "empty-text": Kind("dropped", "a row without a text"),
    "missing-tag": Kind("dropped", "a row whose text does not mark one of its two entities"),
    "empty-entity": Kind("dropped", "a row whose tags enclose nothing"),
    "no-relation-row": Kind("dropped", "a no_relation row, which says nothing where a row tells of its relation alone"),
    "annotated-lost": Kind("dropped", "which relations were looked for: SMiLER's form cannot hold it"),
    "no-relation-triple": Kind("dropped", "a triple labelled no_relation; an empty list of triples says the same"),
    # what the doctor thinks of the sentences
    "leak-id": Kind("error", "one sentence, or its translation, in two roles: scores will flatter the model"),
    "leak-text": Kind("error", "the same text in two roles: scores will flatter the model"),
    "leak-near-text": Kind("warning", "almost the same text in two roles (letters equal; case, digits, signs aside)"),
    "shared-id": Kind("warning", "the same id and language in two files; name roles to have it judged as a leak"),
    "shared-text": Kind("warning", "the same text in two files; name roles to have it judged as a leak"),
    "shared-near-text": Kind("warning", "almost the same text in two files (letters equal; case, digits, signs aside)"),
    "repeated-id": Kind("warning", "an id that two different sentences of one language carry"),
    "duplicate": Kind("warning", "the same text with the same triples, more than once"),
    "two-labels": Kind("warning", "the same text with other triples"),
    "near-duplicate": Kind("warning", "almost the same text (letters equal; case, digits, signs aside)"),
    "repeated-triple": Kind("warning", "a triple stated twice by one sentence"),
    "overlapping-spans": Kind("warning", "head and tail share characters"),
    "label-variants": Kind("warning", "names that differ in case, sign or blank only; check --fix makes them one"),
    "no-relation-variant": Kind("warning", f"a relation that looks like '{NO_RELATION}', which is written just so"),
    "partly-annotated": Kind("warning", "only some relations were looked for: of the others nothing is known"),
    "quoted-text": Kind("warning", "a text quoted as in CSV; save the file without, or let check --fix unquote it"),
    "span-with-blank": Kind("warning", "an entity that begins or ends in a blank; check --fix trims it"),
    "span-with-sign": Kind("warning", "an entity that begins or ends in punctuation; check --fix trims it"),
    "span-in-word": Kind("warning", "an entity that begins or ends inside a word"),
    "mark-cut-off": Kind("warning", "an entity that ends between a letter and its mark"),
    "no-words": Kind("warning", "a text without letters and digits"),
    "length-outlier": Kind("warning", "texts over 500 characters and five times the median of their language"),
    "unknown-label": Kind("warning", "a label that SMiLER does not have"),
    "lone-relation": Kind("warning", "a relation that one role (or file) has alone"),
    "lone-language": Kind("warning", "a language that one role (or file) has alone"),
}
"""Every kind of notice there is."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing found: where, of which kind, and in words. ``str()`` gives one line."""

    path: Path | None
    line: int | None
    kind: str
    message: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return KINDS[self.kind].severity

    def __str__(self) -> str:
        place = ":".join(str(value) for value in (self.path, self.line) if value is not None)
        return f"{place}: {self.message}" if place else self.message


class Report:
    """Counts notices by kind and keeps the first few of each.

    ``path`` and ``line`` are where reading stands; the reader moves them along, and every notice is filed there. One
    report therefore follows one reader at a time.

    Parameters
    ----------
    keep:
        How many notices of a kind to keep; the others are only counted.
    collect_errors:
        Count errors like everything else; otherwise the first one is raised as `InputError`.
    told:
        Told of every error instead, and reading goes on.
    """

    def __init__(
        self, *, keep: int = 5, collect_errors: bool = False, told: Callable[[InputError], None] | None = None
    ) -> None:
        self.path: Path | None = None
        self.line: int | None = None
        self.counts: Counter[str] = Counter()
        self._keep = keep
        self._collect_errors = collect_errors
        self._told = told
        self._notices: dict[str, list[Notice]] = {}

    def add(self, kind: str, message: str, *, field: str | None = None) -> None:
        """File a notice at the present place; raises `InputError` for an error unless errors are collected."""
        if KINDS[kind].severity == "error" and not self._collect_errors:
            error = InputError(message, path=self.path, line=self.line, field=field)
            if self._told is None:
                raise error
            self._told(error)
            return
        self.counts[kind] += 1
        if self.counts[kind] <= self._keep:
            text = f"field '{field}': {message}" if field else message
            self._notices.setdefault(kind, []).append(Notice(self.path, self.line, kind, text))

    def notices(self, kind: str) -> tuple[Notice, ...]:
        """Return the kept notices of a kind, in the order they were found."""
        return tuple(self._notices.get(kind, ()))

    def count(self, severity: Severity) -> int:
        """Return the number of notices of one severity."""
        return sum(count for kind, count in self.counts.items() if KINDS[kind].severity == severity)

    def kinds(self) -> list[str]:
        """Return the kinds that were found, in the order of `KINDS`, errors before all others."""
        kinds = [kind for kind in KINDS if self.counts[kind]]
        return sorted(kinds, key=lambda kind: KINDS[kind].severity != "error")

    def __str__(self) -> str:
        lines = []
        for kind in self.kinds():
            severity, meaning = KINDS[kind]
            lines.append(f"{severity}: {kind} x {self.counts[kind]}: {meaning}")
            lines.extend(f"    {notice}" for notice in self.notices(kind))
        return "\n".join(lines) or "nothing to report"


def quote(text: str, limit: int = 60) -> str:
    """Return ``text`` in quotes, shortened, with every character that does not print escaped: safe in a message."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
