"""The command line: one table of commands; errors are one line on stderr and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from mere.apps.bench_command import bench_command
from mere.apps.data_commands import data_app
from mere.apps.extract_command import extract_command
from mere.apps.generate_command import generate_command
from mere.apps.reproduce_command import reproduce_command
from mere.apps.training_commands import add_language_command, evaluate_command, train_command
from mere.errors import MereError

_NAME = "Triples with exact offsets from sentences in many languages."

app = typer.Typer(help=_NAME, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
_COMMANDS: dict[str, Callable[..., None]] = {
    "extract": extract_command,
    "train": train_command,
    "evaluate": evaluate_command,
    "add-language": add_language_command,
    "bench": bench_command,
    "reproduce": reproduce_command,
}
for _name, _function in _COMMANDS.items():
    app.command(_name)(_function)
data_app.command("generate")(generate_command)
app.add_typer(data_app, name="data")


def main() -> None:
    """Run the command line; exit code 2 for input that cannot be used, 130 after Ctrl-C."""
    try:
        app()
    except MereError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
