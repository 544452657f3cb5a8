"""Lines about long work, with the seconds since it began."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = time.monotonic()
_LOCK = threading.Lock()
HEARTBEAT_SECONDS = 10.0


def say(text: str) -> None:
    """One line to stderr (stdout is for answers), safe from several threads."""
    with _LOCK:
        print(f"[{time.monotonic() - _START:6.1f} s] {text}", file=sys.stderr, flush=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say when the work begins, that it is still going, and when it is done."""
    begun = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            say(f"{what}: still at it after {time.monotonic() - begun:.0f} s")

    say(f"{what} …")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    say(f"{what}: done in {time.monotonic() - begun:.1f} s")
