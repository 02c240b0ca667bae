"""What the figures of a benchmark were measured on, and what they take from the system."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any


def machine(*packages: str) -> dict[str, Any]:
    """Return processor, cores, load, Python, the versions of ``packages`` and the commit.

    The commit, with ``-dirty`` where there are changes on it, is None outside a checkout of mere. ``load`` is the
    average of the last minute: well above what the benchmark itself takes, it says that other work was going on.
    """
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "threads": _threads(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{package: _version(package) for package in packages},
        "commit": _commit(),
    }


def peak_mib() -> float:
    """Return the most memory that this process has held at once, in MiB (0.0 where the system does not tell)."""
    path = Path("/proc/self/status")  # not getrusage, whose peak is inherited from the process that started this one
    match = re.search(r"VmHWM:\s+(\d+) kB", path.read_text()) if path.exists() else None
    return int(match[1]) / 1024 if match else 0.0


def install_mib(package: str, extra: str = "") -> dict[str, float]:
    """Return the size on disk, in MiB, of ``package`` and of everything it needs, one by one; largest first.

    ``extra`` adds what that extra brings. Packages that are not installed are left out.
    """
    sizes: dict[str, float] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in sizes:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        sizes[key] = round(_size(distribution), 1)
        waiting += _needs(distribution, extra if name == package else "")
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _needs(distribution: metadata.Distribution, extra: str) -> list[str]:
    """Return the names of what a package needs; those for other systems are not installed and need no care here."""
    names = []
    for requirement in distribution.requires or ():
        match = re.match(r"[\w.-]+", requirement)
        wanted = re.search(r"extra\s*==\s*['\"]([\w.-]+)", requirement)
        if match and (wanted is None or wanted[1] == extra):
            names.append(match[0])
    return names


def _size(distribution: metadata.Distribution) -> float:
    paths = {Path(str(distribution.locate_file(file))) for file in distribution.files or ()}
    module = sys.modules.get(distribution.metadata["Name"])
    if module is not None and module.__file__ and Path(module.__file__) not in paths:  # installed as editable
        paths.update(Path(module.__file__).parent.rglob("*"))
    return sum(path.stat().st_size for path in paths if path.is_file()) / 2**20


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _threads() -> int | None:
    """Return how many threads the model computes with, as far as that is known."""
    if "torch" in sys.modules:
        return int(sys.modules["torch"].get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() else os.cpu_count()


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    match = re.search(r"model name\s*: (.*)", path.read_text()) if path.exists() else None
    return match[1] if match else platform.processor()


def _commit() -> str | None:
    file = Path(__file__)
    for command in (
        ["git", "ls-files", "--error-unmatch", file.name],  # a checkout of another project may lie around
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--match", ""],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=file.parent)
        except OSError:  # no git
            return None
        if done.returncode:
            return None
    return done.stdout.strip() or None
