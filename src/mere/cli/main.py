"""The command line: one table of commands; errors are one line on stderr and exit code 2, Ctrl-C ends with 130.

Only the standard library is imported here before `main` runs, so that Ctrl-C is heard while the rest is.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from types import FrameType
from typing import TextIO

from mere.errors import MereError


def main() -> None:
    """Run the command line; exit code 2 for what cannot be used or written, 130 after Ctrl-C."""
    if sys.stdout is None:  # closed by the caller, who wants none of it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  to the end of the process
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with _listening() as pressed:
        try:
            code = _flushed(_run())
        except BaseException:
            if not pressed:
                raise
            code = _INTERRUPTED  # whatever a library that was just being imported has made of Ctrl-C
    _silence_broken()
    sys.exit(code)


_FAILED, _INTERRUPTED = 2, 130


def _run() -> int:
    """Run the chosen command and return the exit code."""
    try:
        from mere.cli.commands import build

        chosen = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
        return int(build(chosen)(standalone_mode=False) or 0)
    except MereError as error:
        _say(f"error: {error}")
    except OSError as error:
        _say_refused(error)
    except SystemExit as error:
        return _FAILED if error.code == 1 else int(error.code or 0)  # 1: a reader that has left, to typer and rich
    except Exception as error:
        _say_usage(error)
    return _FAILED


def _flushed(code: int) -> int:
    """Write out what standard output still holds, which may fail as late as now."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if code == 0:  # else it was told already
            _say_refused(error)
        return code or _FAILED
    except ValueError:  # closed where writing to it failed, which was told of
        return code or _FAILED
    return code


def _say(line: str) -> None:
    with suppress(OSError, AttributeError):  # nowhere is left to say it
        print(line, file=sys.stderr)  # noqa: T201


def _say_refused(error: OSError) -> None:
    """Say what the system refused, unless it is only that the reader of a pipe has left."""
    if error.errno == errno.EPIPE:
        return
    place = f"{error.filename}: " if error.filename else "the output "
    verb = "cannot be read or written" if error.filename else "cannot be written"
    mend = "free some space there, or write elsewhere" if error.errno == errno.ENOSPC else "check its permissions"
    _say(f"error: {place}{verb} ({error.strerror or error}); {mend}")


def _say_usage(error: Exception) -> None:
    """Say what was wrong in options and arguments; raises ``error`` again where it is something else."""
    typer = sys.modules.get("typer")  # not imported anew: that may be what failed
    # Its base is what they all raise; typer does not name it.
    if typer is None or not isinstance(error, typer.BadParameter.__mro__[1]):
        raise error
    message = error.format_message().rstrip(".")
    if message:  # none where help was shown
        context = error.ctx
        _say(f"error: {message}; see: {context.command_path if context else 'mere'} --help")


@contextmanager
def _listening() -> Iterator[list[bool]]:
    """Give a list that is no longer empty once Ctrl-C was pressed; it raises `KeyboardInterrupt` as ever."""
    pressed: list[bool] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(True)
        signal.default_int_handler(number, frame)

    usual = signal.getsignal(signal.SIGINT)
    try:
        if usual is signal.default_int_handler:
            signal.signal(signal.SIGINT, note)
    except ValueError:  # only the main thread may
        pass
    try:
        yield pressed
    finally:
        if signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, usual)


def _silence_broken() -> None:
    """Point streams that cannot be written at nothing, or Python would complain of them when it ends."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not _can_flush(stream):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _can_flush(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        return False
    return True
