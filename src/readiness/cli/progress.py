"""Progress on a terminal: one line on standard error that says what takes its time, and for how long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_STEP_S = 0.2
_PATIENCE_S = 1.0


@contextmanager
def line(text: str) -> Iterator[None]:
    """Shows `text` with the seconds passed while the block runs longer than a second; nothing off a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    shower = threading.Thread(target=_show, args=(text, done), daemon=True)
    shower.start()
    try:
        yield
    finally:
        done.set()
        shower.join()


def _show(text: str, done: threading.Event) -> None:
    started = time.monotonic()
    shown = False
    while not done.wait(_STEP_S):
        passed = time.monotonic() - started
        if passed >= _PATIENCE_S:
            sys.stderr.write(f"\r\x1b[K  … {text} ({passed:.0f} s)")
            sys.stderr.flush()
            shown = True
    if shown:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
