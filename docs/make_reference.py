"""Writes docs/reference/command-line.md from what ``--help`` of every command says.

python docs/make_reference.py           # make docs-reference
python docs/make_reference.py --check   # fails where the page is out of date
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import typer
from typer.models import ArgumentInfo, ParameterInfo

from mere.cli.commands import COMMANDS, whole
from mere.cli.options import with_verbosity

PAGE = Path(__file__).parent / "reference" / "command-line.md"

_HEAD = """# Command line

Made from `--help` of every command by `make docs-reference`; do not edit it by hand.

A mistake in options or data is one line on standard error and exit code 2; Ctrl-C is 130. Results go to standard
output, in UTF-8, everything else to standard error. `--quiet` leaves errors only; `--verbose` adds details, and a line
a minute of long work.
"""

_VALUES = {int: "INTEGER", float: "NUMBER", str: "TEXT", Path: "PATH"}


def page() -> str:
    """Return the page as it should be."""
    sections = [_HEAD, _section("mere", whole, "COMMAND")]
    sections += [_section(f"mere {name}", command) for name, command in sorted(_commands())]
    return "\n".join(sections)


def _commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, place in COMMANDS.items():
        module, attribute = place.split(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, typer.Typer):
            yield name, with_verbosity(command)
            continue
        for below in command.registered_commands:
            if below.callback is not None:
                yield f"{name} {below.name}", below.callback


def _section(name: str, command: Callable[..., Any], last: str = "") -> str:
    rows, wanted = [], []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        kind, info = get_args(parameter.annotation)
        required = parameter.default is parameter.empty
        if isinstance(info, ArgumentInfo):
            metavar = info.metavar or parameter.name.upper()
            shown = metavar if required or metavar.startswith("[") else f"[{metavar}]"
            wanted.append(shown)
        else:
            shown = _option(parameter.name, kind, info)
        rows.append((shown, "required" if required else _default(parameter.default), info.help or ""))
    usage = " ".join([name, "[OPTIONS]", *wanted, *([last] if last else [])])
    lines = [f"## `{name}`", "", inspect.getdoc(command) or "", "", "```text", usage, "```", "", "| | default | |"]
    lines += ["|---|---|---|"]
    lines += [f"| `{_cell(shown)}` | {_cell(default)} | {_cell(words)} |" for shown, default, words in rows]
    return "\n".join(lines) + "\n"


def _option(name: str, kind: Any, info: ParameterInfo) -> str:
    """Return an option's names and what it takes."""
    given = [info.default, *(info.param_decls or ())]
    names = [text for text in given if isinstance(text, str) and text.startswith("-")]
    shown = ", ".join(names or [f"--{name.replace('_', '-')}"])
    kinds = [part for part in get_args(kind) if part is not NoneType] if NoneType in get_args(kind) else [kind]
    inner = kinds[0]
    if get_origin(inner) is list:
        (inner,) = get_args(inner)
    if inner is bool:
        return shown
    value = "|".join(get_args(inner)) if get_origin(inner) is Literal else _VALUES.get(inner, "")
    return f"{shown} {info.metavar or value}"


def _default(value: object) -> str:
    return "" if value is None or isinstance(value, bool) or value == "" else f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    """Write the page, or compare it; return the exit code."""
    written = page()
    if "--check" not in sys.argv:
        PAGE.write_text(written, "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == written:
        return 0
    sys.stderr.write(f"{PAGE} is out of date; make it anew with: make docs-reference\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
