"""From pattern files to sentences with exact offsets, seeded."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from mere.data.patterns.grammar import NUMERIC, Pattern, PatternFile, Slot
from mere.schema import NO_RELATION, Sentence, Span, Triple


def shipped_patterns() -> dict[str, Path]:
    """Return the pattern files that come with mere, by language."""
    folder = Path(str(resources.files("mere.data.patterns"))) / "languages"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def held_out(pattern: Pattern, language: str, share: float) -> bool:
    """Whether a pattern belongs to the ``share`` that is kept for measurement; by hash, so always the same ones."""
    digest = hashlib.sha256(f"{language}/{pattern.id}".encode()).digest()
    return int.from_bytes(digest[:4], "little") < share * 2**32


def generate(
    files: Sequence[PatternFile],
    count: int,
    *,
    seed: int = 1,
    negatives: float = 0.15,
    tokenised: float = 0.0,
    held_out_share: float = 0.0,
    only_held_out: bool = False,
) -> Iterator[Sentence]:
    """Yield ``count`` sentences for every file.

    Parameters
    ----------
    files:
        One a language.
    count:
        Sentences a language; relations take turns, so that all are seen equally often.
    seed:
        Fixes everything.
    negatives:
        Share of sentences that state no relation.
    tokenised:
        Share of sentences written with blanks around punctuation, as tokenised corpora have them.
    held_out_share, only_held_out:
        Leave out the patterns of `held_out`, or use those alone.
    """
    for file in files:
        source = random.Random(f"{seed}/{file.language}")
        usable = [p for p in file.patterns if held_out(p, file.language, held_out_share) == only_held_out]
        by_relation: dict[str, list[Pattern]] = {}
        for pattern in usable:
            by_relation.setdefault(pattern.id.rpartition("/")[0], []).append(pattern)
        negative = by_relation.pop(NO_RELATION, [])
        relations = sorted(by_relation)
        for number in range(count):
            is_negative = not relations or (negative and source.random() < negatives)
            group = negative if is_negative else by_relation[relations[number % len(relations)]]
            pattern = source.choice(group)
            sentence = fill(file, pattern, source, tokenised=source.random() < tokenised)
            yield Sentence(
                sentence.text, file.language, sentence.triples, f"{file.language}/{pattern.id}/{seed}-{number}"
            )


@dataclass
class _Draft:
    """A sentence being written: its text so far, and where the named slots came to stand."""

    text: str = ""
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def fill(file: PatternFile, pattern: Pattern, source: random.Random, *, tokenised: bool = False) -> Sentence:
    """Write one sentence from ``pattern``; offsets are exact."""
    draft = _Draft()
    for part in pattern.parts:
        _write(file, part, source, draft)
    text = draft.text[:1].upper() + draft.text[1:] if len(draft.text[:1].upper()) == 1 else draft.text
    spans = draft.spans
    if tokenised:
        text, origin = _tokenise(text)
        spans = {name: (origin[start], origin[end - 1] + 1) for name, (start, end) in spans.items()}
    triples = tuple(
        Triple(Span.of(text, *spans[head]), relation, Span.of(text, *spans[tail]))
        for head, relation, tail in pattern.facts
    )
    return Sentence(text, file.language, triples)


def _write(file: PatternFile, part: str | Slot, source: random.Random, draft: _Draft) -> None:
    if isinstance(part, str):
        draft.text += part
        return
    start = len(draft.text)
    if part.list in NUMERIC:
        draft.text += _number(file, part.list, source)
    else:
        item = _draw(file, part, source, draft)
        core = item.find("["), item.find("]") - 1
        for inner in file.parse(item.replace("[", "").replace("]", "")):
            _write(file, inner, source, draft)
        if core[0] >= 0:
            start, end = start + core[0], start + core[1]
            draft.spans[part.name or ""] = (start, end)
            return
    draft.spans[part.name or ""] = (start, len(draft.text))


def _draw(file: PatternFile, slot: Slot, source: random.Random, draft: _Draft) -> str:
    """Pick an item that the sentence does not use yet (any, where all are used)."""
    items = file.lists[slot.list]
    item = source.choice(items)
    for _ in range(20):
        if item[0] not in draft.used:
            break
        item = source.choice(items)
    draft.used.add(item[0])
    return item[slot.form]


def _number(file: PatternFile, kind: str, source: random.Random) -> str:
    if kind == "decimal":
        text = f"{source.uniform(0.5, 300):.{source.choice((1, 2))}f}".replace(".", file.decimal)
    elif kind == "number":
        text = f"{int(10 ** source.uniform(2.3, 6.8)):,}".replace(",", file.thousands)
    else:
        low, high = {"year": (1750, 2023), "day": (1, 28), "small": (2, 99)}[kind]
        text = str(source.randint(low, high))
    return text.translate({ord(str(value)): digit for value, digit in enumerate(file.digits)})


def _tokenise(text: str) -> tuple[str, list[int]]:
    """Put blanks around punctuation; also return where each character of ``text`` came to stand."""
    written: list[str] = []
    origin: list[int] = []
    length = 0
    for index, character in enumerate(text):
        between_digits = 0 < index < len(text) - 1 and text[index - 1].isdigit() and text[index + 1].isdigit()
        apart = character in ',.;:()!?«»„“”"،؛؟–' and not between_digits
        if apart and written and not written[-1].endswith(" "):
            written.append(" ")
            length += 1
        origin.append(length)
        written.append(character)
        length += 1
        if apart and index + 1 < len(text) and text[index + 1] != " ":
            written.append(" ")
            length += 1
    return "".join(written), origin
