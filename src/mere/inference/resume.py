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
from io import FileIO
from pathlib import Path

from mere.errors import InputError
from mere.inference.documents import Paragraph
from mere.inference.extractor import Record
from mere.inference.writers.records import to_line

_BLOCK = 1 << 16


class Part:
    """An unfinished output: what it holds, and writing more.

    Parameters
    ----------
    path, handle:
        The part file, open for reading and writing, and locked.

    ``count`` tells how many records were there, as far as `earlier` has come.
    """

    def __init__(self, path: Path, handle: FileIO) -> None:
        self.path = path
        self._handle = handle
        _cut_torn_line(handle)
        self.count = 0
        self._size = handle.tell()

    def earlier(self) -> Iterator[Paragraph]:
        """Yield the sentences whose records are there, as a stream; raises `InputError` for a line that is none."""
        with self.path.open("rb") as handle:
            while handle.tell() < self._size:
                self.count += 1
                try:
                    record = json.loads(handle.readline())
                    yield Paragraph(record["document"], record["offset"], record["text"])
                except (ValueError, KeyError, TypeError) as error:
                    problem = "no record of an extraction; delete the file to start anew"
                    raise InputError(problem, path=self.path, line=self.count) from error

    def write(self, records: Iterable[Record]) -> None:
        """Append records; each is in the hands of the system before the next one is computed.

        Raises `InputError` where the disk is full or the file cannot be written.
        """
        for record in records:
            line = memoryview(to_line(record))
            try:
                while line:
                    line = line[self._handle.write(line) :]
            except OSError as error:
                problem = f"cannot be written ({error.strerror}); make room, and the same command goes on from here"
                raise InputError(problem, path=self.path) from error


@contextmanager
def resumable(target: Path, settings: object) -> Iterator[Part]:
    """Give the part file of ``target``, new or found, which becomes ``target`` when the block ends well.

    When it does not, the part file stays, unless it is empty. A link is followed. Raises `InputError` where the file
    cannot be written, where another process is writing it, and where there is a part file of other settings.
    """
    real = Path(os.path.realpath(target))
    if real.is_dir():
        raise InputError("is a folder; name a file to write", path=target)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
    path = real.with_name(f"{real.name}.{digest[:8]}.part")
    for other in real.parent.glob(f"{escape(real.name)}.*.part"):
        if other != path:
            problem = "an interrupted run with another model or other options has left this; repeat that, or delete it"
            raise InputError(problem, path=other)
    try:
        # without a buffer: what could not be written must not be tried again behind our back
        handle = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", path=target) from error
    with handle:
        _lock(handle, path)
        try:
            yield Part(path, handle)
            _finish(handle, path, real)
        except BaseException:
            if not handle.seek(0, os.SEEK_END):
                path.unlink()
            raise


def _finish(handle: FileIO, path: Path, target: Path) -> None:
    try:
        os.fsync(handle.fileno())
        path.replace(target)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", path=target) from error


def belongs_to(target: Path | None, path: Path) -> bool:
    """Whether ``path`` is the output or a part of it, which must not be read as input."""
    if target is None:
        return False
    real, candidate = Path(os.path.realpath(target)), Path(os.path.realpath(path))
    if candidate.parent != real.parent:
        return False
    return candidate == real or (candidate.name.startswith(f"{real.name}.") and candidate.suffix == ".part")


def _lock(handle: FileIO, path: Path) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:  # a system without such locks
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError("another process is writing this; wait for it or choose another output", path=path) from error


def _cut_torn_line(handle: FileIO) -> None:
    """Cut off what stands after the last line feed, and leave the handle there."""
    end = handle.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        handle.seek(start)
        feed = handle.read(end - start).rfind(b"\n")
        if feed >= 0:
            end = start + feed + 1
            break
        end = start
    handle.seek(end)
    handle.truncate()
