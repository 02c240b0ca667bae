"""The command line: one table of commands; errors are one line on stderr and exit code 2."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer

import mere
from mere.cli.console import fail, set_verbosity
from mere.cli.options import Quiet, Verbose, with_verbosity
from mere.errors import MereError

UsageError: Any = typer.BadParameter.__mro__[1]
"""What wrong options and arguments raise; typer does not name it."""

COMMANDS = {
    "extract": "mere.cli.extract:extract_command",
    "train": "mere.cli.train:train_command",
    "evaluate": "mere.cli.evaluate:evaluate_command",
    "calibrate": "mere.cli.calibrate:calibrate_command",
    "add-language": "mere.cli.add_language:add_language_command",
    "export": "mere.cli.export:export_command",
    "bench": "mere.cli.bench:bench_command",
    "reproduce": "mere.cli.reproduce:reproduce_command",
    "info": "mere.cli.info:info_command",
    "data": "mere.cli.data:data_app",
}
"""Where each command is: a function, or a group of commands."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What becomes of output for which there is no room."""


def build(chosen: str | None = None) -> typer.Typer:
    """Build the command line, with the ``chosen`` command alone where there is one of this name: it starts sooner."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(whole)
    for name in [chosen] if chosen in COMMANDS else COMMANDS:
        module, attribute = COMMANDS[name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(with_verbosity(command))
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mere {mere.__version__}")
        raise typer.Exit


def whole(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Triples with exact offsets from sentences in many languages."""
    set_verbosity(quiet, verbose)


def main() -> None:
    """Run the command line; exit code 2 for input that cannot be used, 130 after Ctrl-C.

    A reader of standard output that has had enough (``| head``) ends it without a word.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        sys.exit(_run())
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer has seen it first
            _leave_output()
            sys.exit(0)
        raise
    except BrokenPipeError:
        _leave_output()
        sys.exit(0)


def _run() -> int:
    try:
        chosen = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
        code = build(chosen)(standalone_mode=False)
        sys.stdout.flush()
    except MereError as error:
        fail(str(error))
    except UsageError as error:
        if message := error.format_message().rstrip("."):  # none where help was shown
            fail(f"{message}; see: {error.ctx.command_path} --help")
    except OSError as error:
        if error.errno not in _FULL:
            raise
        fail(f"standard output: cannot be written ({error.strerror})")
        _leave_output()
    else:
        return code if isinstance(code, int) else 0
    return 2


def _leave_output() -> None:
    """Let what is still to be written vanish, since Python would try again at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
