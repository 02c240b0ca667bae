"""Memories of every sentence seen that do not grow: hashes in a temporary SQLite file, compared by SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Literal, NamedTuple

from mere.errors import InputError

Key = Literal["id", "text", "near"]


class Entry(NamedTuple):
    """One sentence: where it stands, and hashes of what it may share with another; None is never shared.

    Hashes are 64-bit: among a hundred million sentences, one false match in some thousands of runs.
    """

    role: int
    file: int
    line: int
    language: int
    id: int | None
    text: int
    near: int | None
    triples: int


class Ledger:
    """Entries on disk. The file has no name, lies where SQLite keeps temporary files, and is gone after `close`."""

    def __init__(self) -> None:
        self._base = _temporary_base()
        self._base.execute(f"CREATE TABLE entry ({', '.join(Entry._fields)})")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def record(self, entries: Iterable[Entry]) -> None:
        """Write down entries, in the order in which they are to be compared; raises `InputError` on a full disk."""
        places = ", ".join("?" * len(Entry._fields))
        with _disk():
            self._base.executemany(f"INSERT INTO entry VALUES ({places})", entries)

    def repeats(self, key: Key) -> Iterator[tuple[Entry, Entry]]:
        """Yield (first, later) for each entry whose ``key`` an earlier one has too, in the order of the later ones.

        Raises `InputError` on a full disk.
        """
        width = len(Entry._fields)
        with _disk():
            self._base.execute(f"CREATE INDEX by_{key} ON entry ({key})")
            rows = self._base.execute(
                f"""
                SELECT first.*, later.*
                FROM (SELECT min(rowid) AS origin FROM entry WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1)
                JOIN entry AS first ON first.rowid = origin
                JOIN entry AS later ON later.{key} = first.{key} AND later.rowid > origin
                ORDER BY later.rowid
                """
            )
            for row in rows:
                yield Entry(*row[:width]), Entry(*row[width:])
            self._base.execute(f"DROP INDEX by_{key}")


class Seen:
    """Tells what it has seen before."""

    def __init__(self) -> None:
        self._base = _temporary_base()
        self._base.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def is_new(self, text: str) -> bool:
        """Whether a text was not asked about before; raises `InputError` on a full disk."""
        value = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
        with _disk():
            return self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (value,)).rowcount > 0


def _temporary_base() -> sqlite3.Connection:
    base = sqlite3.connect("")
    # nothing here outlives a crash, so nothing needs to be safe from one; sorting must not take memory either
    base.executescript("PRAGMA journal_mode = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -4096;")
    return base


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        problem = f"no room for the temporary file of the check ({error}); set SQLITE_TMPDIR to a folder with space"
        raise InputError(problem) from error
