"""The output of a run that may be interrupted at any time, even by ``kill -9`` or a loss of power.

Records go to ``OUT.<settings>.part`` beside the output, one whole line at a time in the order of the input, and the
file gets its name when the run is finished. Where a part file is found, the run goes on from it: a torn last line is
cut off, the records that are there are compared with the sentences of the input and not computed again, and what comes
after them is appended. ``<settings>`` stands for the model and the options that shape the output, so that a run never
goes on with the records of another one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import BinaryIO

import typer

from mere.errors import InputError
from mere.inference.documents import Paragraph
from mere.inference.extractor import Record
from mere.inference.writers import to_line

_BLOCK = 1 << 16


class Part:
    """An unfinished output: what it holds, and writing more.

    Parameters
    ----------
    path, handle:
        The part file, open for reading and writing, and locked.

    ``found`` counts the records that were there, as far as `known` has come.
    """

    def __init__(self, path: Path, handle: BinaryIO) -> None:
        self.path = path
        self._handle = handle
        _cut_torn_line(handle)
        self.found = 0
        self._size = handle.tell()

    def known(self) -> Iterator[Paragraph]:
        """Yield the sentences whose records are there, as a stream."""
        with self.path.open("rb") as handle:
            while handle.tell() < self._size:
                self.found += 1
                try:
                    record = json.loads(handle.readline())
                    yield Paragraph(record["document"], record["offset"], record["text"])
                except (ValueError, KeyError, TypeError) as error:
                    problem = "no record of an extraction; delete the file to start anew"
                    raise InputError(problem, path=self.path, line=self.found) from error

    def write(self, records: Iterable[Record]) -> None:
        """Append records; each is in the hands of the system before the next one is computed."""
        try:
            for record in records:
                self._handle.write(to_line(record).encode())
                self._handle.flush()
        except OSError as error:
            raise InputError(f"cannot be written ({error.strerror})", path=self.path) from error


@contextmanager
def resumable(target: Path, settings: object) -> Iterator[Part]:
    """Give the part file of ``target``, new or found, which becomes ``target`` when the block ends well.

    When it does not, the part file stays, unless it is empty. Raises `InputError` where it cannot be written, where
    another process is writing it, and where there is a part file of other settings.
    """
    if target.is_dir():
        raise InputError("is a folder; name a file to write", path=target)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
    path = target.with_name(f"{target.name}.{digest[:8]}.part")
    for other in target.parent.glob(f"{escape(target.name)}.*.part"):
        if other != path:
            problem = "an interrupted run with another model or other options has left this; repeat that, or delete it"
            raise InputError(problem, path=other)
    try:
        handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", path=target) from error
    with handle:
        _lock(handle, path)
        try:
            yield Part(path, handle)
            handle.flush()
            os.fsync(handle.fileno())
            path.replace(os.path.realpath(target))
        except BaseException as error:
            if not handle.seek(0, os.SEEK_END):
                path.unlink()
            elif isinstance(error, KeyboardInterrupt):
                typer.echo(f"interrupted; the same command goes on from what is in {path}", err=True)
            raise


def belongs_to(target: Path | None, path: Path) -> bool:
    """Whether ``path`` is the output or a part of it, which must not be read as input."""
    if target is None or path.parent.resolve() != target.parent.resolve():
        return False
    return path.name == target.name or (path.name.startswith(f"{target.name}.") and path.suffix == ".part")


def _lock(handle: BinaryIO, path: Path) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:  # a system without such locks
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError("another process is writing this; wait for it or choose another output", path=path) from error


def _cut_torn_line(handle: BinaryIO) -> None:
    """Cut off what stands after the last line feed, and leave the handle there."""
    end = handle.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        handle.seek(start)
        found = handle.read(end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    handle.seek(end)
    handle.truncate()
