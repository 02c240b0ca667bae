"""Text for a binary handle: always UTF-8, whatever the surroundings ask for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO


@contextmanager
def as_text(handle: BinaryIO) -> Iterator[TextIO]:
    """Give a text handle to a binary one, which stays open."""
    text = io.TextIOWrapper(handle, encoding="utf-8", newline="\n")
    try:
        yield text
    finally:
        text.detach()
