"""Locks between processes on files and folders; the system lets go of them when a process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # a system without such locks
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock of ``path``, which must be there, for as long as the block runs; it follows when that is renamed.

    Gives whether there is a lock at all: some systems and some network folders have none. Raises `BlockingIOError`
    where another process, or another block of this one, holds it and ``wait`` is false.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield _lock(descriptor, wait=wait)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True
