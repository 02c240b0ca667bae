"""The command line: one table of commands; errors are one line on stderr and exit code 2."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer

from mere.errors import MereError

UsageError: Any = typer.BadParameter.__mro__[1]
"""What wrong options and arguments raise; typer does not name it."""

_NAME = "Triples with exact offsets from sentences in many languages."

_COMMANDS = {
    "extract": "mere.cli.extract:extract_command",
    "train": "mere.cli.training:train_command",
    "evaluate": "mere.cli.training:evaluate_command",
    "calibrate": "mere.cli.calibrate:calibrate_command",
    "add-language": "mere.cli.training:add_language_command",
    "export": "mere.cli.export:export_command",
    "bench": "mere.cli.bench:bench_command",
    "reproduce": "mere.cli.reproduce:reproduce_command",
    "info": "mere.cli.info:info_command",
    "data": "mere.cli.data:data_app",
}
"""Where each command is: a function, or a group of commands."""


def build(chosen: str | None = None) -> typer.Typer:
    """Build the command line, with the ``chosen`` command alone where there is one of this name: it starts sooner."""
    app = typer.Typer(help=_NAME, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(lambda: None)  # one command alone would be taken for the whole
    for name in [chosen] if chosen in _COMMANDS else _COMMANDS:
        module, attribute = _COMMANDS[name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main() -> None:
    """Run the command line; exit code 2 for input that cannot be used, 130 after Ctrl-C."""
    try:
        sys.exit(build(sys.argv[1] if len(sys.argv) > 1 else None)(standalone_mode=False))
    except MereError as error:
        typer.echo(f"error: {error}", err=True)
    except UsageError as error:
        if message := error.format_message().rstrip("."):  # none where help was shown
            typer.echo(f"error: {message}; see: {error.ctx.command_path} --help", err=True)
    sys.exit(2)
