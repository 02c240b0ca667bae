"""mere's own form: JSON lines, one sentence a line.

::

    {"id": "…", "language": "de", "text": "…", "triples": [
        {"head": {"start": 0, "end": 5, "type": "person"}, "relation": "birth-place", "tail": {"start": 12, "end": 20}}
    ]}

``annotated`` lists the relations that were looked for in a sentence, where those were not all: what is not in it is
unknown. ``id``, ``type`` and ``annotated`` may be left out; an empty list of triples is a negative sentence; unknown
keys are passed over. A span may repeat its ``text``, which must then agree with its offsets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mere.data.characters import splits_character
from mere.data.files import atomic_write, read_lines
from mere.data.report import Report, quote
from mere.schema import NO_RELATION, Sentence, Span, Triple

_Record = dict[str, Any]

_LARGE = 10**15
"""Numbers from here on are not shown."""


class MalformedError(Exception):
    """What is wrong with a line, before it is known whether that is raised or collected."""

    def __init__(self, kind: str, problem: str, field: str | None = None) -> None:
        super().__init__(problem)
        self.kind, self.problem, self.field = kind, problem, field


def read_jsonl(path: str | Path, report: Report | None = None) -> Iterator[Sentence]:
    """Yield the sentences of a jsonl file; raises `InputError` for a malformed line unless ``report`` collects errors.

    A triple that is labelled ``no_relation`` is dropped, and reported: its sentence stays, as one that does not state
    this triple.
    """
    report = Report() if report is None else report
    for _, line in read_lines(path, report):
        if not line.strip():
            report.add("blank-line", "the line is blank")
            continue
        try:
            sentence = _sentence(line, report)
        except MalformedError as error:
            report.add(error.kind, error.problem, field=error.field)
        else:
            yield sentence


def _sentence(line: str, report: Report) -> Sentence:
    record = parse_record(line)
    text = string_of(record, "text")
    if text.isspace():
        raise MalformedError("bad-field", "is blank; leave the sentence out", "text")
    language = string_of(record, "language")
    id = string_of(record, "id") if record.get("id") is not None else None
    values = record.get("triples")
    if not isinstance(values, list):
        problem = "is not a list" if "triples" in record else "is missing"
        raise MalformedError("bad-field", f"{problem}; write [] for a sentence that states no relation", "triples")
    triples = [_triple(value, text, f"triples[{index}]") for index, value in enumerate(values)]
    stated = tuple(triple for triple in triples if triple.relation != NO_RELATION)
    if len(stated) < len(triples):
        report.add("no-relation-triple", f"{len(triples) - len(stated)} triple(s) labelled {NO_RELATION}")
    return Sentence(text, language, stated, id, _annotated(record, stated))


def _annotated(record: _Record, stated: Iterable[Triple]) -> tuple[str, ...] | None:
    """Return the relations that were looked for, None for all; those that are stated must be among them."""
    values = record.get("annotated")
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise MalformedError(
            "bad-field", "must be a list of relations, or left out where all were looked for", "annotated"
        )
    for triple in stated:
        if triple.relation not in values:
            problem = f"lacks {quote(triple.relation)}, which a triple states; add it, or leave out the list"
            raise MalformedError("bad-field", problem, "annotated")
    return tuple(dict.fromkeys(values))


def parse_record(line: str) -> _Record:
    """Return the object that a line holds; raises `MalformedError` for anything else."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise MalformedError("bad-json", f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets nested without end
        raise MalformedError("bad-json", f"not JSON that can be read: {error}") from None
    if not isinstance(record, dict):
        raise MalformedError("bad-json", 'not a JSON object; a line is {"language": …, "text": …, "triples": […]}')
    return record


def _triple(value: object, text: str, field: str) -> Triple:
    if not isinstance(value, dict):
        raise MalformedError("bad-field", 'must be an object {"head": …, "relation": …, "tail": …}', field)
    head = _span(value.get("head"), text, f"{field}.head")
    tail = _span(value.get("tail"), text, f"{field}.tail")
    return Triple(head, string_of(value, "relation", f"{field}."), tail)


def _span(value: object, text: str, field: str) -> Span:
    if not isinstance(value, dict):
        problem = "is missing" if value is None else "must be an object"
        raise MalformedError("bad-field", f'{problem}; write {{"start": …, "end": …}}', field)
    start, end = _offset(value, "start", text, field), _offset(value, "end", text, field)
    if start >= end:
        raise MalformedError("bad-offsets", f"start {start} is not below end {end}; the end is exclusive", field)
    inner = text[start:end]
    if value.get("text", inner) != inner:
        problem = f"the offsets name {quote(inner)}, not its 'text'; count characters (code points) from 0, not bytes"
        raise MalformedError("bad-offsets", problem, field)
    return Span(start, end, inner, string_of(value, "type", f"{field}.") if value.get("type") is not None else None)


def _offset(value: _Record, name: str, text: str, field: str) -> int:
    offset = value.get(name)
    # not isinstance, to which True is an int
    if type(offset) is int and 0 <= offset <= len(text) and not splits_character(text, offset):
        return offset
    kind, problem = "bad-offsets", f"must be a whole number, not {_shown(offset)}"
    if offset is None:
        problem = "is missing"
    elif type(offset) is int and 0 <= offset <= len(text):
        kind = "split-character"
        problem = f"{offset} stands between a letter or sign and a mark that belongs to it; move it past the mark"
    elif type(offset) is int:
        problem = f"{_shown(offset)} is not within the text of {len(text)} characters; count characters from 0"
    raise MalformedError(kind, problem, f"{field}.{name}")


def string_of(record: _Record, name: str, prefix: str = "") -> str:
    """Return a string of a record that UTF-8 can hold; raises `MalformedError` where there is none, or an empty one."""
    value = record.get(name)
    if isinstance(value, str) and value and "\0" not in value:
        try:
            value.encode()
        except UnicodeEncodeError:
            problem = "holds half a surrogate pair; write the character itself, or both halves"
        else:
            return value
    elif isinstance(value, str):
        problem = "holds a NUL character; take it out" if value else "is empty"
    else:
        problem = "is missing" if value is None else f"must be a string, not {_shown(value)}"
    raise MalformedError("bad-field", problem, prefix + name)


def _shown(value: object) -> str:
    """Return a value for a message: what is large or nested is only named, since writing it out may fail."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if type(value) is int and abs(value) >= _LARGE:
        return f"a number of more than {len(str(_LARGE)) - 1} digits"
    return quote(json.dumps(value))


def write_jsonl(sentences: Iterable[Sentence], path: str | Path) -> int:
    """Write sentences as JSON lines (gzip where the name ends in ``.gz``) and return how many there were.

    Raises `InputError` where the file cannot be written. Scores are not written: this is the form of gold data.
    """
    written = 0
    with atomic_write(path) as handle:
        for sentence in sentences:
            handle.write(json.dumps(_to_record(sentence), ensure_ascii=False) + "\n")
            written += 1
    return written


def _to_record(sentence: Sentence) -> _Record:
    record: _Record = {"id": sentence.id} if sentence.id is not None else {}
    triples = [
        {"head": _offsets(triple.head), "relation": triple.relation, "tail": _offsets(triple.tail)}
        for triple in sentence.triples
    ]
    record |= {"language": sentence.language, "text": sentence.text, "triples": triples}
    return record if sentence.annotated is None else record | {"annotated": list(sentence.annotated)}


def _offsets(span: Span) -> _Record:
    offsets: _Record = {"start": span.start, "end": span.end}
    return offsets if span.type is None else offsets | {"type": span.type}
