"""Watches rows arrive in a derived store, by key, as a reader would see them.

Reading takes the cores that are measured: callers watch a sample of what they write, and choose how often to look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic

from aegis.stores.protocol import Store

TABLE = "policies"


@dataclass(slots=True)
class Arrivals:
    """Seconds from `sent` to the first read that shows the version or a newer one."""

    store: Store
    pause_seconds: float
    """Between two reads: what the measured delays are exact to."""
    delays: list[float] = field(default_factory=list)
    _waiting: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def sent(self, key: str, version: int, at: float) -> None:
        """`key` was committed at `version` at monotonic time `at`."""
        with self._lock:
            self._waiting.setdefault(key, []).append((version, at))

    def start(self) -> None:
        """Begin to poll."""
        self._thread = Thread(target=self._poll, daemon=True)
        self._thread.start()

    def finish(self, seconds: float) -> int:
        """Wait until everything sent has arrived, at most `seconds`; how many have not."""
        deadline, pause = monotonic() + seconds, Event()
        while self.outstanding() and monotonic() < deadline:
            pause.wait(0.02)
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
        return self.outstanding()

    def outstanding(self) -> int:
        """Versions sent and not yet seen."""
        with self._lock:
            return sum(len(versions) for versions in self._waiting.values())

    def _poll(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                keys = list(self._waiting)[:500]
            if not keys:
                self._stop.wait(self.pause_seconds)
                continue
            found = self.store.fetch(TABLE, keys)
            now = monotonic()
            with self._lock:
                for key, record in found.items():
                    waiting = self._waiting.get(key, [])
                    self.delays += [now - at for version, at in waiting if version <= record.stamp.version]
                    left = [(version, at) for version, at in waiting if version > record.stamp.version]
                    if left:
                        self._waiting[key] = left
                    else:
                        self._waiting.pop(key, None)
            self._stop.wait(self.pause_seconds)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of `values` lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
