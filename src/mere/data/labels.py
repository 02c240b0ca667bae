"""Names of languages and relations that differ in case, sign or blank only, and so were meant to be one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from mere.schema import NO_RELATION

_SIGNS = re.compile(r"[\s_\-–.:/]+")


def normal_name(name: str) -> str:
    """Return what spellings of one name have in common; a name of such signs alone is kept."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _SIGNS.sub("", folded) or folded


def means_no_relation(relation: str) -> bool:
    """Whether a relation is ``no_relation`` in another spelling."""
    return relation != NO_RELATION and normal_name(relation) == normal_name(NO_RELATION)


class Spellings:
    """How often each spelling of a name occurs."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, name: str) -> None:
        """Count a name once."""
        self._counts[normal_name(name)][name] += 1

    def variants(self) -> Iterator[list[tuple[str, int]]]:
        """Yield the spellings of each name that has several, with their numbers, the preferred one first."""
        for _, counts in sorted(self._counts.items()):
            if len(counts) > 1:
                yield sorted(counts.items(), key=_preference)

    def preferred(self, name: str) -> str:
        """Return the most frequent spelling of a name; among equals one without blanks around it, in small letters."""
        counts = self._counts.get(normal_name(name))
        return min(counts.items(), key=_preference)[0] if counts else name


def _preference(entry: tuple[str, int]) -> tuple[int, bool, bool, str]:
    name, count = entry
    return (-count, name != name.strip(), name != name.lower(), name)
