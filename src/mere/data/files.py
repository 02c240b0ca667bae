"""Text files in and out: lines as a stream, and files that are written whole or not at all."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import secrets
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from mere.data.report import Report
from mere.errors import InputError

MAX_LINE = 1 << 20
"""Characters a line may hold; a longer one is refused without being read into memory."""

STDIN = Path("/dev/stdin")
"""Standard input: read on from where it stands, and never opened anew, which a socket does not allow."""

_DESCRIPTORS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self|\d+))/fd/(\d+)")
_MOST_LINKS = 40
_BLOCK = 1 << 16
_BOM = b"\xef\xbb\xbf"
_DAMAGE = (OSError, EOFError, zlib.error)


def read_lines(
    path: str | Path, report: Report | None = None, *, keep_ends: bool = False, limit: int = MAX_LINE
) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 text file (gzip where the name ends in ``.gz``) with their numbers, from 1.

    Lines end at a line feed only, since other Unicode line ends stand inside texts. The line feed, and a carriage
    return before it, are cut off unless ``keep_ends``; a byte order mark always is. Raises `InputError` for a file that
    is missing, a folder, empty or binary; other faults go to ``report``, which raises the first one unless it collects
    errors. ``limit`` is how many characters a line may hold.
    """
    report = Report() if report is None else report
    report.path, report.line = Path(path), None
    most = 4 * limit + 2  # UTF-8 takes four bytes at most, and the line may end in \r\n
    with _opened(Path(path)) as handle:
        for number in count(1):
            report.line = number
            try:
                raw = handle.readline(most)
                whole = len(raw) < most or raw.endswith(b"\n")
                if not whole:
                    _skip_line(handle)
            except _DAMAGE as error:
                report.add("damaged-file", f"the file cannot be read further ({error}); it may be damaged or cut off")
                return
            if not raw:
                return
            raw = raw.removeprefix(_BOM) if number == 1 else raw
            line = _decode(raw if keep_ends else raw.removesuffix(b"\n").removesuffix(b"\r"), report)
            if not whole or (line is not None and len(line) > limit):
                report.add("long-line", f"the line is longer than {limit:,} characters; put one sentence on a line")
            elif line is not None:
                yield number, line


def read_text(path: str | Path) -> Iterator[str]:
    """Yield a UTF-8 text file of any size, gzip or not, in blocks; line ends as they are, without a byte order mark.

    Raises `InputError` for a file that is missing, a folder, empty or binary; where a fault is reached further on, it
    names the line, and all lines before that have been yielded.
    """
    path = Path(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with _opened(path) as handle:
        for number in count():
            try:
                raw = handle.read1(_BLOCK)
            except _DAMAGE as error:
                problem = f"the file cannot be read further ({error}); it may be damaged or cut off"
                raise InputError(problem, path=path, line=line) from error
            text, problem = _decode_block(decoder, raw if number else raw.removeprefix(_BOM), final=not raw)
            if problem:
                text = text[: text.rfind("\n") + 1]
            line += text.count("\n")
            yield text
            if problem:
                raise InputError(problem, path=path, line=line)
            if not raw:
                return


def _decode_block(decoder: codecs.IncrementalDecoder, raw: bytes, *, final: bool) -> tuple[str, str]:
    """Return the text of a block up to a fault in it, and what that is."""
    problem = ""
    try:
        text = decoder.decode(raw, final)
    except UnicodeDecodeError as error:
        text = error.object[: error.start].decode()
        problem = f"not UTF-8 (byte 0x{error.object[error.start]:02x}); save the file as UTF-8 text"
    nul = text.find("\0")
    return (text[:nul], "the line holds a NUL byte; save the file as UTF-8 text") if nul >= 0 else (text, problem)


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    """Give the bytes of ``path``; standard input stays open. Raises `InputError` where there is no text to be had."""
    if path == STDIN:
        handle = _standard_input()
        _check_start(handle, path)
        yield handle
        return
    with _open(path) as handle:
        yield handle


def _standard_input() -> io.BufferedReader:
    if sys.stdin is None:
        raise InputError("standard input is closed; give a text, or the names of files")
    buffer: Any = sys.stdin.buffer
    return buffer if isinstance(buffer, io.BufferedReader) else io.BufferedReader(buffer)


def _open(path: Path) -> io.BufferedReader:
    if path.is_dir():
        raise InputError("is a folder; name the files in it", path=path)
    try:
        handle: io.BufferedReader = io.BufferedReader(gzip.GzipFile(path)) if _is_packed(path) else path.open("rb")
    except FileNotFoundError as error:
        raise InputError("there is no such file; check the name", path=path) from error
    except OSError as error:
        raise InputError(f"cannot be opened ({error.strerror})", path=path) from error
    try:
        _check_start(handle, path)
    except BaseException:
        handle.close()
        raise
    return handle


def _check_start(handle: io.BufferedReader, path: Path) -> None:
    try:
        start = handle.peek()
    except gzip.BadGzipFile as error:
        raise InputError("is not gzip-compressed; take '.gz' off its name", path=path) from error
    except _DAMAGE as error:
        raise InputError(f"cannot be read ({error}); it may be damaged or cut off", path=path) from error
    if start in (b"", _BOM):
        raise InputError("is empty; there must be at least one sentence", path=path)
    if start.startswith(b"\x1f\x8b"):
        raise InputError("is gzip-compressed; give it a name that ends in '.gz'", path=path)
    if b"\0" in start:
        raise InputError("is a binary or UTF-16 file (it holds NUL bytes); save it as UTF-8 text", path=path)


def _skip_line(handle: io.BufferedReader) -> None:
    while (rest := handle.readline(_BLOCK)) and not rest.endswith(b"\n"):
        pass


def _decode(raw: bytes, report: Report) -> str | None:
    if b"\0" in raw:
        report.add("bad-encoding", "the line holds a NUL byte; save the file as UTF-8 text")
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        report.add("bad-encoding", f"not UTF-8 (byte 0x{raw[error.start]:02x} of the line, at {error.start})")
        return None


def is_replaced(path: str | Path) -> bool:
    """Whether writing ``path`` makes a new file: not for a device, a FIFO or /dev/stdout, which are written to."""
    return _descriptor(path) is None and (os.path.isfile(path) or os.path.isdir(path) or not os.path.exists(path))


def _descriptor(path: str | Path) -> int | None:
    """Return the number of the open file that a path such as /dev/stdout or /dev/fd/3 stands for, links followed."""
    current = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        if current in _DESCRIPTORS:
            return _DESCRIPTORS[current]
        if match := _DESCRIPTOR.fullmatch(current):
            return int(match[1])
        if not os.path.islink(current):
            return None
        current = os.path.normpath(os.path.join(os.path.dirname(current), os.readlink(current)))
    return None


@contextmanager
def _write_through(path: str | Path) -> Iterator[BinaryIO]:
    """Give a binary handle to what is there already, and stays."""
    descriptor = _descriptor(path)
    try:
        # without O_CREAT: where a FIFO has just vanished, no file may take its place
        opened = os.open(path, os.O_WRONLY) if descriptor is None else os.dup(descriptor)
        with open(opened, "wb") as handle:
            yield handle
    except BrokenPipeError:
        raise  # the reader has had enough
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", path=path) from error


@contextmanager
def atomic_write_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """Give a binary handle whose bytes become ``path`` when the block ends well, and vanish when it does not.

    Raises `InputError` where the file cannot be written. A link is followed; an older file stays whole until the end.
    What is no regular file (`is_replaced`) is written to as the bytes come, and stays what it is.
    """
    if not is_replaced(path):
        with _write_through(path) as through:
            yield through
        return
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError("is a folder; name a file to write", path=path)
    if not target.parent.is_dir():
        raise InputError(f"the folder '{target.parent}' does not exist; make it first", path=path)
    draft = target.with_name(f".mere-{secrets.token_hex(8)}.tmp")
    try:
        # not tempfile's: this file gets the permissions that the user's umask asks for
        handle = draft.open("xb")
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", path=path) from error
    try:
        with handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"cannot be written ({error.strerror or error})", path=path) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_write(path: str | Path) -> Iterator[TextIO]:
    r"""Give a text handle (UTF-8, ``\n``; gzip where the name ends in ``.gz``); else as `atomic_write_bytes`.

    Raises `InputError` besides for half a surrogate pair, which UTF-8 cannot hold.
    """
    with atomic_write_bytes(path) as raw, packed(raw, Path(path)) as sink:
        handle = io.TextIOWrapper(sink, encoding="utf-8", newline="\n")
        try:
            yield handle
        except UnicodeEncodeError as error:
            raise InputError("a text holds half a surrogate pair, which UTF-8 cannot hold", path=path) from error
        finally:
            handle.detach()


def packed(raw: BinaryIO, path: Path) -> AbstractContextManager[BinaryIO | gzip.GzipFile]:
    """Give a handle that packs what is written to ``raw`` where the name ends in ``.gz``, or ``raw`` itself."""
    # no name and no time in the gzip header: the same text gives the same bytes
    return gzip.GzipFile("", "wb", 6, raw, 0) if _is_packed(path) else nullcontext(raw)


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"
