from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mere.data.formats.jsonl import read_jsonl, write_jsonl
from mere.data.report import Report
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple

GOOD: dict[str, Any] = {
    "id": "1",
    "language": "de",
    "text": "Ann lebt in Bonn",
    "triples": [
        {"head": {"start": 0, "end": 3, "type": "person"}, "relation": "lives", "tail": {"start": 12, "end": 16}}
    ],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """Return GOOD with another value at a path such as ``triples.0.head.start``; ``...`` takes the key out."""
    record: Any = json.loads(json.dumps(GOOD))
    part = record
    *way, last = path.split(".")
    for key in way:
        part = part[int(key) if key.isdigit() else key]
    if value is ...:
        del part[last]
    else:
        part[int(last) if last.isdigit() else last] = value
    return record  # type: ignore[no-any-return]


def read(tmp_path: Path, *lines: str, report: Report | None = None) -> list[Sentence]:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return list(read_jsonl(path, report))


def test_record_is_read(tmp_path: Path) -> None:
    text = GOOD["text"]
    triple = Triple(Span(0, 3, "Ann", "person"), "lives", Span(12, 16, "Bonn"))
    more = {**GOOD, "entities": [], "domain": "news"}
    bare = {"language": "de", "text": text, "triples": []}
    assert read(tmp_path, json.dumps(more), json.dumps(bare)) == [
        Sentence(text, "de", (triple,), "1"),
        Sentence(text, "de"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"),
    [
        ("text", ..., "text", "is missing"),
        ("text", "", "text", "is empty"),
        ("text", " \u2028", "text", "is blank"),
        ("text", 5, "text", "must be a string, not '5'"),
        ("text", "a\0b", "text", "NUL"),
        ("text", "half \ud83d", "text", "surrogate"),
        ("language", ..., "language", "is missing"),
        ("language", "", "language", "is empty"),
        ("id", 1, "id", "must be a string"),
        ("triples", ..., "triples", r"is missing; write \[\]"),
        ("triples", {}, "triples", "is not a list"),
        ("triples.0", "x", r"triples\[0\]", "must be an object"),
        ("triples.0.relation", ..., r"triples\[0\]\.relation", "is missing"),
        ("triples.0.relation", "", r"triples\[0\]\.relation", "is empty"),
        ("triples.0.head", ..., r"triples\[0\]\.head", "is missing"),
        ("triples.0.head", [0, 3], r"triples\[0\]\.head", "must be an object"),
        ("triples.0.head.type", 3, r"triples\[0\]\.head\.type", "must be a string"),
        ("triples.0.head.start", ..., r"triples\[0\]\.head\.start", "is missing"),
        ("triples.0.head.start", True, r"triples\[0\]\.head\.start", "must be a whole number, not 'true'"),
        ("triples.0.head.start", 0.0, r"triples\[0\]\.head\.start", "must be a whole number"),
        ("triples.0.head.start", "0", r"triples\[0\]\.head\.start", "must be a whole number"),
        ("triples.0.head.start", -1, r"triples\[0\]\.head\.start", "not within the text of 16 characters"),
        ("triples.0.tail.end", 17, r"triples\[0\]\.tail\.end", "not within the text of 16 characters"),
        ("triples.0.tail.end", 10**300, r"triples\[0\]\.tail\.end", "not within the text"),
        ("triples.0.tail.end", 12, r"triples\[0\]\.tail", "start 12 is not below end 12"),
        ("triples.0.tail.text", "Born", r"triples\[0\]\.tail", "the offsets name 'Bonn'"),
    ],
)
def test_bad_field_is_named_with_file_and_line(
    tmp_path: Path, path: str, value: object, field: str, problem: str
) -> None:
    bad, good = json.dumps(changed(path, value)), json.dumps(GOOD)
    with pytest.raises(InputError, match=rf"a\.jsonl:2, field '{field}': .*{problem}") as caught:
        read(tmp_path, good, bad)
    assert "\n" not in str(caught.value)
    report = Report(collect_errors=True)
    assert len(read(tmp_path, good, bad, good, report=report)) == 2
    assert report.count("error") == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("{} {}", "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"text": ' + "9" * 5_000 + "}", "not JSON that can be read"),
    ],
)
def test_line_that_is_no_json_object_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"a\.jsonl:1: {problem}"):
        read(tmp_path, line)


@pytest.mark.parametrize(
    ("text", "position"),
    [("e\u0301t", 1), ("👩\u200d🚀 x", 1), ("👩\u200d🚀 x", 2), ("❤\ufe0f x", 1), ("👍🏽 x", 1), ("ก้า x", 1)],
)
def test_offsets_within_a_character_are_refused(tmp_path: Path, text: str, position: int) -> None:
    for start, end in ((position, len(text)), (0, position)):
        record = changed("text", text) | {
            "triples": [{"head": {"start": start, "end": end}, "relation": "r", "tail": {"start": 0, "end": len(text)}}]
        }
        with pytest.raises(InputError, match="move it past the mark"):
            read(tmp_path, json.dumps(record))


@pytest.mark.parametrize(("text", "position"), [("می\u200cخواهم", 2), (" \ufe0fx", 1), ("हिन्दी", 2), ("a\u200bb", 1)])
def test_offsets_beside_invisible_characters_are_accepted(tmp_path: Path, text: str, position: int) -> None:
    span = {"start": position, "end": len(text)}
    record = {"language": "fa", "text": text, "triples": [{"head": span, "relation": "r", "tail": span}]}
    (sentence,) = read(tmp_path, json.dumps(record))
    assert sentence.triples[0].head.text == text[position:]


def test_triple_of_no_relation_is_dropped_and_reported(tmp_path: Path) -> None:
    report = Report()
    (sentence,) = read(tmp_path, json.dumps(changed("triples.0.relation", "no_relation")), "", report=report)
    assert sentence.triples == ()
    assert report.counts == {"no-relation-triple": 1}


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    report = Report()
    assert len(read(tmp_path, json.dumps(GOOD), "", " ", json.dumps(GOOD), report=report)) == 2
    assert report.counts == {"blank-line": 2}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_written_form_is_the_documented_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = "Ann lebt in Bönn"
    triple = Triple(Span(0, 3, "Ann", "person"), "lives", Span(12, 16, "Bönn"), 0.5)
    assert write_jsonl([Sentence(text, "de", (triple,), "1"), Sentence("x", "de")], path) == 2
    content = path.read_bytes()
    assert (gzip.decompress(content) if name.endswith(".gz") else content).decode() == (
        '{"id": "1", "language": "de", "text": "Ann lebt in Bönn", "triples": [{"head": {"start": 0, "end": 3, '
        '"type": "person"}, "relation": "lives", "tail": {"start": 12, "end": 16}}]}\n'
        '{"language": "de", "text": "x", "triples": []}\n'
    )


def test_failed_reading_leaves_no_half_written_file(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(GOOD) + "\n{")
    with pytest.raises(InputError, match=r"in\.jsonl:2"):
        write_jsonl(read_jsonl(source), tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == [source]
