"""The table of commands, and the command line that is built of it."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

import mere
from mere.cli.console import set_verbosity
from mere.cli.options import Quiet, Verbose, with_verbosity

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
