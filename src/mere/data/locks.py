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


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Make a file that stands for something and hold its lock for as long as the block runs, then take it away.

    Raises `BlockingIOError` where another process, or another block of this one, holds it.
    """
    descriptor = _own(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _own(path: Path) -> int:
    """Return a locked descriptor of the file that has this name."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, wait=False)
            # Whoever had it may have taken it away before this lock was given: then it guards nothing.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
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
