"""From pattern files to sentences with exact offsets, seeded."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from mere.data.patterns.draft import Draft
from mere.data.patterns.grammar import Pattern, PatternFile, Slot
from mere.schema import NO_RELATION, Sentence

_FRAME, _JOIN = 0.4, (0.25, 0.5, 0.25)
"""How often a sentence that is extended gets a lead-in or a clause after it; and none, one or two more sentences."""


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
    extended: float = 0.4,
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
    extended:
        Share of sentences made longer by the file's frames and by further sentences.
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
            draft = Draft(file, source, tokenised=source.random() < tokenised)
            if source.random() < extended:
                _extend(draft, pattern, group if is_negative else usable)
            else:
                draft.add(pattern)
            sentence = draft.sentence()
            annotated = file.annotation.looked_for({t.relation for t in sentence.triples}, file.relations)
            yield replace(sentence, id=f"{file.language}/{pattern.id}/{seed}-{number}", annotated=annotated)


def _extend(draft: Draft, first: Pattern, others: Sequence[Pattern]) -> None:
    """Write ``first`` within what can go around it: a lead-in, a clause after it, further sentences."""
    frames, source = draft.file.frames, draft.source
    leads = [parts for parts in frames.before if _may_follow(first)]
    if leads and source.random() < _FRAME:
        draft.write(source.choice(leads))
    draft.add(first, capital=not draft.text or draft.text.endswith(": "))
    if frames.after and source.random() < _FRAME and draft.drop_full_stop():
        draft.write(source.choice(frames.after))
        draft.text += "."
    for _ in range(source.choices((0, 1, 2), _JOIN)[0]):
        other, join = source.choice(others), source.choice(frames.joins)
        closed = join != " " and _may_follow(other) and draft.drop_full_stop()
        draft.text += join if closed else " "
        draft.add(other, capital=not closed)
    draft.capitalise(0)


def _may_follow(pattern: Pattern) -> bool:
    """Whether a sentence can stand after a lead-in or a comma: nothing in it is a capital for standing first."""
    first = pattern.parts[0]
    return isinstance(first, Slot) or not first[:1].isupper()
