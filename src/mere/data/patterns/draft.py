"""A text being written from patterns: slots filled, offsets kept, exact."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from mere.data.patterns.grammar import NUMERIC, Parts, Pattern, PatternFile, Slot
from mere.schema import Sentence, Span, Triple

_NUMBERS = {"year": (1750, 2023), "day": (1, 28), "small": (2, 99)}
_LIFETIME = 90
_LENGTHS = {2: 0.35, 3: 0.35, 4: 0.2, 5: 0.1}
"""How often a series has so many items."""

_CORE = re.compile(r"\[(.*?)\]")
_APART = ',.;:()!?«»„“”"،؛؟–'
_Range = tuple[int, int]


@dataclass
class Draft:
    """The text so far, the triples it states, and what it has used up.

    Attributes
    ----------
    tokenised:
        Write as tokenised corpora do: blanks around punctuation, and between an entity and what is attached to it.
    """

    file: PatternFile
    source: random.Random
    tokenised: bool = False
    text: str = ""
    facts: list[tuple[_Range, str, _Range]] = field(default_factory=list)
    _spans: dict[str, list[_Range]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _year: int | None = None

    def add(self, pattern: Pattern, *, capital: bool = True) -> None:
        """Write the sentence of ``pattern`` and keep its triples; ``capital`` says that it begins with one."""
        self._spans, self._year = {}, None
        begin = len(self.text)
        self.write(pattern.parts)
        if capital:
            self.capitalise(begin)
        for heads, relation, tails in pattern.facts:
            self.facts += [(head, relation, tail) for head in self._spans[heads] for tail in self._spans[tails]]

    def write(self, parts: Parts) -> None:
        """Write literal texts and filled slots."""
        for piece in parts:
            if isinstance(piece, str):
                # After an abbreviation no further full stop: "… and Robert Tate Jr."
                self.text += piece[1:] if piece.startswith(".") and self.text.endswith(".") else piece
            else:
                self._write_slot(piece)

    def capitalise(self, begin: int) -> None:
        """Make the character at ``begin`` a capital, where that is a single character."""
        capital = self.text[begin : begin + 1].upper()
        if len(capital) == 1:
            self.text = self.text[:begin] + capital + self.text[begin + 1 :]

    def drop_full_stop(self) -> bool:
        """Take the full stop off the end, unless it belongs to an entity; returns whether there was one."""
        last = len(self.text) - 1
        has_stop = self.text.endswith(".") and all(max(head[1], tail[1]) <= last for head, _, tail in self.facts)
        if has_stop:
            self.text = self.text[:-1]
        return has_stop

    def sentence(self) -> Sentence:
        """Return what was written."""
        text, facts = self.text, self.facts
        if self.tokenised:
            borders = {border for head, _, tail in facts for border in (*head, *tail)}
            text, origin = _tokenise(text, borders)
            facts = [
                ((origin[h[0]], origin[h[1] - 1] + 1), relation, (origin[t[0]], origin[t[1] - 1] + 1))
                for h, relation, t in facts
            ]
        triples = (Triple(Span.of(text, *head), relation, Span.of(text, *tail)) for head, relation, tail in facts)
        return Sentence(text, self.file.language, tuple(dict.fromkeys(triples)))

    def _write_slot(self, slot: Slot) -> None:
        spans = [self._write_item(slot)]
        length = self._length_of_series(slot) if slot.series else 1
        between, *last = self.file.format.series
        for number in range(2, length + 1):
            # Two items are joined by the first joiner: the others, as the English ", and", may need a longer series.
            joiner = self.source.choice(last) if length > 2 else last[0]
            self.text += joiner if number == length else between
            spans.append(self._write_item(slot))
        self._spans[slot.name or ""] = spans

    def _length_of_series(self, slot: Slot) -> int:
        length = self.source.choices(list(_LENGTHS), list(_LENGTHS.values()))[0]
        return min(length, len(self.file.lists[slot.list]))

    def _write_item(self, slot: Slot) -> _Range:
        """Write one item and return which part of it is the entity."""
        start = len(self.text)
        if slot.list in NUMERIC:
            self.text += self._number(slot.list)
            return start, len(self.text)
        item = self._draw(slot)
        self.write(self.file.parse(item[slot.form].replace("[", "").replace("]", "")))
        return self._core(item, slot.form, start)

    def _draw(self, slot: Slot) -> tuple[str, ...]:
        """Pick an item that the text does not use yet (any, where all are used)."""
        items = self.file.lists[slot.list]
        item = self.source.choice(items)
        for _ in range(20):
            if item[0] not in self._used:
                break
            item = self.source.choice(items)
        self._used.add(item[0])
        return item

    def _core(self, item: tuple[str, ...], form: int, start: int) -> _Range:
        """Return which part of an item, written at ``start``, is the entity."""
        marked, rules = item[form], self.file.format
        end = len(self.text)
        if (core := _CORE.search(marked)) is not None:
            start, end = start + core.start(), start + core.end() - 2
        bare = _CORE.search(item[0])
        ending = self.text[start:end].removeprefix(base := bare[1] if bare else item[0])
        if form and self.text[start:end].startswith(base) and (self._is_loose(ending) or ending in rules.endings):
            end -= len(ending)
        if start and self.text[start - 1] in rules.prefixes and not self.text[: start - 1].rpartition(" ")[2]:
            start -= 1
        return start, end

    def _is_loose(self, ending: str) -> bool:
        return self.tokenised and self.file.format.loose_endings and len(ending) <= 4 and ending.isalpha()

    def _number(self, kind: str) -> str:
        rules, source = self.file.format, self.source
        if kind == "decimal":
            text = f"{source.uniform(0.5, 300):.{source.choice((1, 2))}f}".replace(".", rules.decimal)
        elif kind == "number":
            value = int(10 ** source.uniform(2.3, 6.8))
            # Numbers of four digits often go without a separator, in tables and registers longer ones too.
            plain = source.random() < (0.6 if value < 10_000 else 0.3)
            text = str(value) if plain else f"{value:,}".replace(",", rules.thousands)
        else:
            low, high = _NUMBERS[kind]
            if kind == "year":
                if self._year is not None:
                    low, high = min(self._year + 1, high), min(self._year + _LIFETIME, high)
                self._year = source.randint(low, high)
                text = str(self._year)
            else:
                text = str(source.randint(low, high))
        return text.translate({ord(str(value)): digit for value, digit in enumerate(rules.digits)})


def _tokenise(text: str, borders: set[int]) -> tuple[str, list[int]]:
    """Put blanks around punctuation and at ``borders``; also return where each character came to stand."""
    written: list[str] = []
    origin: list[int] = []
    length = 0
    for index, character in enumerate(text):
        between_digits = 0 < index < len(text) - 1 and text[index - 1].isdigit() and text[index + 1].isdigit()
        apart = character in _APART and not between_digits
        if (apart or index in borders) and written and not written[-1].endswith(" ") and character != " ":
            written.append(" ")
            length += 1
        origin.append(length)
        written.append(character)
        length += 1
        if apart and index + 1 < len(text) and text[index + 1] != " ":
            written.append(" ")
            length += 1
    return "".join(written), origin
