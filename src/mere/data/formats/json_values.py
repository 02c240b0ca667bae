"""The values of a JSON file one by one, in bounded memory: those of its array, or such as simply follow each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mere.data.files import read_text
from mere.errors import InputError

_BLANK = re.compile(r"[ \t\r\n]*")
_LITTLE = 1 << 12
"""Characters that are wanted before a value is tried again; then twice as many, and so on."""


def read_values(path: Path, limit: int) -> Iterator[tuple[int, Any]]:
    """Yield the line where each value begins, and the value; one may hold ``limit`` characters.

    Raises `InputError` where the file cannot be read, and where what comes next is no JSON.
    """
    source = _Source(path, limit)
    in_array = source.take("[")
    first = True
    while not source.at_end():
        if in_array and source.take("]"):
            if not source.at_end():
                raise source.error("something follows the end of the array")
            return
        if in_array and not first and not source.take(","):
            raise source.error("a comma or the end of the array is missing")
        first = False
        yield source.value()
    if in_array:
        raise source.error("the array has no end; the file may be cut off")


class _Source:
    """What is read of a file, as far as it is needed."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._blocks = read_text(path)
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._position = 0
        self._line = 1
        self._ended = False

    def at_end(self) -> bool:
        """Pass over white space, and tell whether nothing follows."""
        while True:
            match = _BLANK.match(self._text, self._position)
            self._move(match.end() if match else self._position)
            if self._position < len(self._text) or not self._more(1):
                return self._position == len(self._text)

    def take(self, sign: str) -> bool:
        """Take a sign where it comes next."""
        if self.at_end() or self._text[self._position] != sign:
            return False
        self._move(self._position + 1)
        return True

    def value(self) -> tuple[int, Any]:
        """Return the next value and its line."""
        if self.at_end():
            raise self.error("a value is missing")
        line, wanted = self._line, _LITTLE
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._position)
            except (ValueError, RecursionError) as error:
                wanted *= 2
                if not self._more(wanted):
                    reason = getattr(error, "msg", str(error))
                    raise self.error(f"not JSON that can be read: {reason}") from None
                continue
            if end < len(self._text) or not self._more(wanted):  # a number could go on in the next block
                self._move(end)
                return line, value

    def error(self, problem: str) -> InputError:
        """Return an error at the present place."""
        return InputError(problem, path=self._path, line=self._line)

    def _move(self, position: int) -> None:
        self._line += self._text.count("\n", self._position, position)
        self._position = position

    def _more(self, wanted: int) -> bool:
        """Read until ``wanted`` characters lie ahead; False where nothing came, or more than the limit would."""
        blocks, size = [self._text[self._position :]], len(self._text) - self._position
        before = size
        while size < max(wanted, before + 1) and not self._ended and size <= self._limit:
            block = next(self._blocks, None)
            self._ended = block is None
            blocks.append(block or "")
            size += len(block or "")
        self._text, self._position = "".join(blocks), 0
        return size > before
