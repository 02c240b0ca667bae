"""How the command line ends: Ctrl-C at any time, a reader that leaves, an output that cannot be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MERE = [sys.executable, "-m", "mere"]

# A module that takes long to import, and turns Ctrl-C into an error of its own, as some libraries do.
SLOW = (
    "import time, sys\nprint('importing', file=sys.stderr, flush=True)\n"
    "try:\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    raise {error}\n"
)


@pytest.mark.parametrize("error", ["", "ImportError('broken by Ctrl-C')", "SystemError('broken by Ctrl-C')"])
@pytest.mark.parametrize("module", ["typer", "py3langid"])
def test_ctrl_c_during_imports_is_quiet(module: str, error: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text(SLOW.format(error=error))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [*MERE, "extract", "Ada was here."]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True) as run:
        assert run.stderr is not None
        assert run.stderr.readline() == "importing\n"
        time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=30)
    assert (run.returncode, output, errors) == (130, "", "")


def _in_shell(command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """With a standard output that is buffered, as a user's is: then the last of it fails when the process ends."""
    shell = ["bash", "-c", f"set -o pipefail; {command}"]
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(shell, input=text, capture_output=True, text=True, timeout=120, check=False, env=usual)


FORMS = ["jsonl", "csv", "table"]
FULL = "error: the output cannot be written (No space left on device); free some space there, or write elsewhere\n"


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_that_leaves_is_no_error_to_tell_of(form: str, exported_model: str) -> None:
    command = f"{' '.join(MERE)} extract -m {exported_model} -f {form} --lines -"
    done = _in_shell(f"{command} | head -n 1", "Ada was born in London.\n" * 4000)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "error" not in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("lines", [1, 4000])
@pytest.mark.parametrize("form", FORMS)
def test_a_full_device_is_one_line(form: str, lines: int, exported_model: str) -> None:
    command = f"{' '.join(MERE)} extract -m {exported_model} -f {form} --lines - > /dev/full"
    done = _in_shell(command, "Ada was born in London.\n" * lines)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count(FULL) == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize(
    ("ending", "code"), [("> /dev/full", 2), (">&-", 0), ("2> /dev/full > /dev/full", 2), ("2>&- > /dev/full", 2)]
)
def test_help_ends_well_wherever_it_goes(ending: str, code: int) -> None:
    done = _in_shell(f"{' '.join(MERE)} --help {ending}")
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr == (FULL if ending == "> /dev/full" else "")
