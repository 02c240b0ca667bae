"""Commands over an extractor that needs no model: what is tested here is what goes in and comes out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mere.inference.extractor import Extractor
from mere.testing import Fact, fake_extractor

FACTS: list[Fact] = [
    ("Ada Lovelace", "birth-place", "London"),
    ("Karl Vogt", "birth-place", "Ulm"),
    ("Karl Vogt", "has-occupation", "Maler", 0.4),
    ("Jan Nowak", "birth-place", "Łódź"),
]
LANGUAGES = ("de", "en")

_SCRIPT = f"""
import sys
from mere.cli.main import main
from mere.inference.extractor import Extractor
from mere.testing import fake_extractor
Extractor.from_pretrained = classmethod(lambda *_, **__: fake_extractor({FACTS!r}, {LANGUAGES!r}))
main()
"""
FAKE: list[str] = [sys.executable, "-c", _SCRIPT]
"""The start of a command in a process of its own."""


def run_fake(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own."""
    options = {"capture_output": True, "stdin": subprocess.DEVNULL, "timeout": 120, "check": False} | options
    if "input" in options:
        del options["stdin"]
    run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run
    return run([*FAKE, *map(str, arguments)], **options)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Extractor:
    """The extractor that commands in this process get."""
    extractor = fake_extractor(FACTS, LANGUAGES)
    monkeypatch.setattr(Extractor, "from_pretrained", classmethod(lambda *_, **__: extractor))
    return extractor
