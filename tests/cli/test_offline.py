"""A bulk run asks the network for nothing and writes nothing but what it was asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mere.inference.artifact import PACKAGED

_HOOK = """
import os, sys
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def hook(event, arguments):
    if event.startswith("socket."):
        os.write(log, f"{event}\\n".encode())
    elif event == "open" and isinstance(arguments[0], (str, bytes)):
        path, mode, flags = arguments
        writes = any(sign in mode for sign in "wax+") if mode else (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes:
            os.write(log, f"write {os.fsdecode(path)}\\n".encode())
sys.addaudithook(hook)
from mere.cli.main import main
main()
"""


@pytest.mark.skipif(not PACKAGED.is_dir(), reason="the package holds no model")
def test_a_bulk_run_opens_no_socket_and_writes_its_output_alone(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        pytest.skip("a network of its own (unshare -n) is not allowed here")
    home, temporary, log = tmp_path / "home", tmp_path / "tmp", tmp_path / "log"
    home.mkdir()
    temporary.mkdir()
    texts = tmp_path / "in.txt"
    texts.write_text("\n".join(f"Ada Lovelace was born in London in {1000 + number}." for number in range(300)))
    target = tmp_path / "out.jsonl"
    command = [sys.executable, "-c", _HOOK, str(log), "extract", "--lines", str(texts), "-o", str(target)]
    trace = tmp_path / "trace"
    if strace := shutil.which("strace"):  # also sees what is not Python
        tried = subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True, check=False)
        if not tried.returncode:
            command = [strace, "-f", "-e", "trace=socket,connect,sendto", "-o", str(trace), *command]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HF_"))}
    surroundings |= {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["unshare", "-n", *command], env=surroundings, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert target.read_text().count("\n") == 300
    events = log.read_text().splitlines()
    assert [event for event in events if event.startswith("socket.")] == []
    if trace.exists():
        assert [line for line in trace.read_text().splitlines() if "(" in line and "AF_" in line] == []
    # languages are identified by data that is unpacked into a temporary file, and gone afterwards
    written = {event.removeprefix("write ") for event in events}
    strangers = {path for path in written if not path.startswith((str(target), str(temporary), os.devnull))}
    assert strangers == set()
    assert list(home.rglob("*")) == []
    assert list(temporary.iterdir()) == []
