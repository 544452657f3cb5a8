"""Whether this worker's app is paused: asked of PostgreSQL once a second, in a thread."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any, Self

import psycopg
import structlog

from aegis.pausing import Pause, connect, pause_of

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
NOTICE_SECONDS = 0.1


class PauseWatch:
    """Follows the leases of one app, from `start()` to `close()`.

    A PostgreSQL that does not answer changes nothing: it neither pauses nor resumes.
    """

    def __init__(self, dsn: str, app: str) -> None:
        self._dsn = dsn
        self._app = app
        self._connection: psycopg.Connection[Any] | None = None
        self._answered = True
        self._closed = Event()
        self.pause: Pause | None = None
        """The lease under which the app is paused, as it was last seen."""

    @property
    def paused(self) -> bool:
        """Whether there is one."""
        return self.pause is not None

    def start(self) -> Self:
        """Look once, then go on looking in a thread."""
        self._look()
        Thread(target=self._follow, name="pauses", daemon=True).start()
        return self

    def close(self) -> None:
        """Look no more; the connection goes with the thread, which may be waiting for an answer."""
        self._closed.set()

    def wait(self) -> None:
        """Returns when the app is not paused. SIGTERM ends the process meanwhile."""
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            while self.paused:
                Event().wait(NOTICE_SECONDS)
        finally:
            signal.signal(signal.SIGTERM, before)

    def details(self) -> Mapping[str, Any]:
        """The pause as JSON values, for the health endpoint; empty where there is none."""
        pause = self.pause
        return {} if pause is None else {"status": "paused", "holder": pause.holder, "reason": pause.reason, "until": pause.until}

    def _follow(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            self._look()
        self._hang_up()

    def _look(self) -> None:
        try:
            self._connection = self._connection or connect(self._dsn)
            pause = pause_of(self._connection, self._app)
        except psycopg.Error as error:
            self._lost(error)
            return
        self._answered = True
        if pause is not None and (self.pause is None or self.pause.holder != pause.holder):
            log.info("app.paused", app=self._app, holder=pause.holder, reason=pause.reason)
        elif pause is None and self.pause is not None:
            log.info("app.resumed", app=self._app, holder=self.pause.holder)
        self.pause = pause

    def _lost(self, error: psycopg.Error) -> None:
        self._hang_up()
        if self._answered:
            log.warning("pauses.unknown", app=self._app, error_class=type(error).__name__, error=str(error))
        self._answered = False

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
