"""The options and arguments that several commands have: one spelling and one meaning."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mere.cli.console import set_verbosity

FILES = "SMiLER's .tsv or .jsonl, also with .gz; repeatable"
_MODEL = "A model's directory, its name on the Hugging Face Hub, or default"

Model = Annotated[str, typer.Argument(metavar="MODEL", help=f"{_MODEL}.")]
ModelOption = Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help=f"{_MODEL}, the one in the package.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Sentences a batch.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same result.")]
Precise = Annotated[bool, typer.Option("--precise", help="Only sure triples, by the model's own thresholds.")]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="OUT", help="Write the figures as JSON, - for standard output.")
]
Dev = Annotated[list[Path] | None, typer.Option(metavar="FILE", help=f"Dev data ({FILES}).")]
Train = Annotated[list[Path], typer.Option(metavar="FILE", help=f"Training data ({FILES}).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Details, and a line a minute of long work.")]


def model_argument(more: str) -> Any:
    """Return the argument MODEL, with what else is to be said of it."""
    return typer.Argument(metavar="MODEL", help=f"{_MODEL}; {more}.")


def files_argument(what: str, metavar: str = "FILE…") -> Any:
    """Return an argument of data files."""
    return typer.Argument(metavar=metavar, help=f"{what} ({FILES}).")


def output_option(what: str, metavar: str = "OUT") -> Any:
    """Return the option ``--output``."""
    return typer.Option("--output", "-o", metavar=metavar, help=what)


def language_option(what: str) -> Any:
    """Return the option ``--language``."""
    return typer.Option("--language", "-l", metavar="CODE", help=what)


def with_verbosity(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--quiet`` and ``--verbose``."""
    signature = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def run(*, quiet: bool, verbose: bool, **values: Any) -> Any:
        if quiet or verbose:  # else what was said before the command's name holds
            set_verbosity(quiet, verbose)
        return command(**values)

    switches = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in (("quiet", Quiet), ("verbose", Verbose))
    ]
    parameters = [*signature.parameters.values(), *switches]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
