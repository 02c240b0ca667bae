"""A minute of `tests.torture`, in a process of its own: it forks, and threads that other tests started would not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_nothing_comes_of_kills_damages_and_nonsense_but_one_line() -> None:
    numbers = ["--kills", "1", "--damages", "80", "--lines", "400", "--texts", "60"]
    command = [sys.executable, "-W", "ignore", "-m", "tests.torture", *numbers]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout
    assert {"tracebacks: 0", "silent differences: 0", "wrong offsets: 0"} <= set(done.stdout.splitlines())
    assert "kills of add-language: 1" in done.stdout
