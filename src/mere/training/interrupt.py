"""Ctrl-C while training: the step under way is finished and saved first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def patient() -> Iterator[Callable[[], bool]]:
    """Have Ctrl-C noted for as long as the block runs; give a function that tells whether it was pressed.

    Whoever asks that function ends with `KeyboardInterrupt` when all is saved. A second Ctrl-C interrupts at once.
    Outside the main thread, and where the process ignores Ctrl-C, nothing changes.
    """
    pressed = threading.Event()
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield pressed.is_set
        return

    def note(number: int, frame: FrameType | None) -> None:
        if pressed.is_set() and callable(usual):
            usual(number, frame)
        pressed.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, usual)
