"""The commands ``mere data …``, one file each."""

from __future__ import annotations

import typer

from mere.cli.data.check import check_command
from mere.cli.data.convert import convert_command
from mere.cli.data.generate import generate_command
from mere.cli.data.stats import stats_command
from mere.cli.options import with_verbosity

data_app = typer.Typer(help="Check, count, convert and generate data files.", no_args_is_help=True)
for _name, _command in (
    ("check", check_command),
    ("stats", stats_command),
    ("convert", convert_command),
    ("generate", generate_command),
):
    data_app.command(_name)(with_verbosity(_command))
