"""The lines that a training writes, one an epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mere.data.files import atomic_write


class History:
    """A file of one JSON object a line, each with its ``stage`` and ``epoch``; no epoch of a stage is there twice."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, line: Mapping[str, Any]) -> None:
        """Append an epoch."""
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")

    def cut(self, stage: str, epoch: int) -> None:
        """Take away what a killed process wrote ahead of its checkpoint: ``epoch`` of ``stage`` and those after it."""
        if not self.path.exists():
            return
        lines = self.path.read_text("utf-8", errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if _is_before(line, stage, epoch)]
        if kept != lines:
            with atomic_write(self.path) as handle:
                handle.writelines(kept)


def _is_before(line: str, stage: str, epoch: int) -> bool:
    """Whether a line is whole and none of those epochs."""
    try:
        values = json.loads(line)
        return line.endswith("\n") and not (values["stage"] == stage and values["epoch"] >= epoch)
    except (ValueError, KeyError, TypeError):
        return False
