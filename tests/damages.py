"""Damages to files, at random."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

STRANGE: tuple[Any, ...] = (
    *(0, -1, 1, 2.0, -0.5, 1e300, 1 << 70, True, None),
    *("", "x", "\0", [], {}, [[]], {"a": 1}, ["de", "de"]),
)
_LARGE = 100_000


def damage(path: Path, random: Random) -> str:
    """Damage a file; return how."""
    content = bytearray(path.read_bytes())
    if path.suffix == ".json" and len(content) < _LARGE and random.random() < 0.7:
        values = json.loads(content)
        how = mutate(values, random)
        path.write_text(json.dumps(values), "utf-8")
        return how
    # Half of the places near the start, where headers are.
    place = random.randrange(min(len(content), 400) if random.random() < 0.5 else len(content))
    how = random.choice(["bit", "cut", "gone", "zeros"])
    if how == "gone":
        path.unlink()
        return how
    if how == "bit":
        content[place] ^= 1 << random.randrange(8)
    elif how == "cut":
        del content[place:]
    else:
        content[place : place + 16] = bytes(len(content[place : place + 16]))
    path.write_bytes(content)
    return f"{how} at {place}"


def mutate(values: Any, random: Random) -> str:
    """Put something strange at a random place of a JSON value; return where and what."""
    keys = list(values) if isinstance(values, dict) else list(range(len(values)))
    if not keys:
        return "nothing"
    key = random.choice(keys)
    if isinstance(values[key], dict | list) and values[key] and random.random() < 0.8:
        return f"{key}.{mutate(values[key], random)}"
    values[key] = random.choice(STRANGE)
    return f"{key} = {values[key]!r}"
