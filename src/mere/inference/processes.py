"""What a process must have for itself, and what libraries must not do behind its back."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that a forked child must not share with its parent: a thread pool, a lock.

    Parameters
    ----------
    make:
        Makes the value, in each process when it is first asked for.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None

    def __call__(self) -> T:
        """Return this process's value."""
        if self._made is None or self._made[0] != os.getpid():
            self._made = (os.getpid(), self._make())
        return self._made[1]


def import_onnxruntime() -> ModuleType:
    """Import onnxruntime without its telemetry, which would write to the home folder and look up a host.

    It heeds the variable when it is imported, and no later.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    module: ModuleType = onnxruntime
    return module
