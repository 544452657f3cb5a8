"""Starts and stops the threads that deliver, as subscriptions come and go."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any, Self

import psycopg
import structlog
from psycopg.rows import dict_row

from aegis.queries import queries
from stream_apps.subscriptions.delivering import Delivering, OpenSender
from stream_apps.subscriptions.subscription import Subscription, subscription_of

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
FORGET_EVERY_LOOKS = 1800
FORGOTTEN_AT_ONCE = 10_000


class Post:
    """One thread per enabled subscription, from `start()` to `close()`."""

    def __init__(self, dsn: str, open_sender: OpenSender) -> None:
        self._dsn = dsn
        self._open_sender = open_sender
        self._closed = Event()
        self._running: dict[Subscription, tuple[Event, Thread]] = {}
        self._thread = Thread(target=self._follow, name="post", daemon=True)

    def start(self) -> Self:
        """Begin to look for subscriptions, in a thread."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Begin no more deliveries. What is under way has its own time limit; what it sends and cannot mark is sent again."""
        self._closed.set()
        for stop, _ in self._running.values():
            stop.set()

    def _follow(self) -> None:
        looks = 0
        while not self._closed.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, row_factory=dict_row, application_name="aegis post") as connection:
                    while not self._closed.wait(LOOK_SECONDS if looks else 0):
                        self._look(connection)
                        if looks % FORGET_EVERY_LOOKS == 0 and self._forget(connection) == FORGOTTEN_AT_ONCE:
                            continue  # there are more
                        looks += 1
            except psycopg.Error as error:  # also where a table is not there yet: nobody would begin this thread again
                log.warning("subscriptions.unavailable", error_class=type(error).__name__)
                self._closed.wait(LOOK_SECONDS)
            except Exception:  # whatever it is: without this thread no subscription would begin or end any more
                log.exception("subscriptions.broke")
                self._closed.wait(LOOK_SECONDS)

    @staticmethod
    def _forget(connection: psycopg.Connection[dict[str, Any]]) -> int:
        return connection.execute(queries("subscriptions")["forget"], {"most": FORGOTTEN_AT_ONCE}).rowcount

    def _look(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        wanted = {one for row in connection.execute(queries("subscriptions")["enabled"]).fetchall() if (one := readable(row)) is not None}
        for gone in self._running.keys() - wanted:
            self._running[gone][0].set()
        self._running = {one: (stop, thread) for one, (stop, thread) in self._running.items() if thread.is_alive()}
        names = {one.name for one in self._running}
        for new in wanted - self._running.keys():
            if new.name not in names:  # the thread of what it was before has ended
                self._begin(new)

    def _begin(self, subscription: Subscription) -> None:
        stop = Event()
        delivering = Delivering(subscription, self._open_sender, self._dsn, stop)
        thread = Thread(target=delivering.run, name=f"deliver to {subscription.name}", daemon=True)
        thread.start()
        self._running[subscription] = stop, thread
        log.info("subscription.served", subscription=subscription.name, kind=subscription.kind)


def readable(row: dict[str, Any]) -> Subscription | None:
    """The subscription; None, and told, where a newer release wrote it: it waits for that release, and holds up nobody else."""
    try:
        return subscription_of(row)
    except (KeyError, TypeError, ValueError) as error:
        log.error("subscription.unreadable", subscription=row["name"], error_class=type(error).__name__, error=str(error))  # noqa: TRY400  # one line is enough
        return None
