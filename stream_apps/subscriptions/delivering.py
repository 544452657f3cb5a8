"""Delivers what waits for one service: in order, one at a time, again and again until it is taken or given up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import psycopg
import structlog
from psycopg.rows import dict_row

from aegis.queries import queries
from aegis.telemetry.metrics import event_deliveries
from stream_apps.subscriptions.sending import DeliveryFailed, Sender
from stream_apps.subscriptions.subscription import Subscription

log = structlog.get_logger(__name__)

AT_ONCE = 20
"""Deliveries between two marks in the table: what a process that dies has sent and not marked is sent again."""
IDLE_SECONDS = 0.5
NOT_OURS_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
LONGEST_ERROR = 1000

OpenSender = Callable[[Subscription], Sender]


def pause_after(attempts: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after failure number `attempts` (from 1): doubling, at most five minutes, half of it by chance."""
    whole = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 30))
    return whole * (0.5 + chance() / 2)


def recorded(error: BaseException) -> str:
    """What `ops.deliveries` keeps of `error`: text that PostgreSQL can hold, of a bounded length."""
    return str(error).encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_ERROR]


@dataclass(slots=True)
class Delivering:
    """One service's, in a thread of its own with a connection of its own: a slow or broken service holds up nobody else."""

    subscription: Subscription
    open_sender: OpenSender
    """Called when there is something to send: what it raises is a failure of that delivery."""
    dsn: str
    stop: Event
    pause: Callable[[int], float] = pause_after
    _sender: Sender | None = field(default=None, init=False)

    def run(self) -> None:
        """Until `stop`. A PostgreSQL that is away, or has no such table yet, is asked again."""
        attempt = 0
        while not self.stop.is_set():
            try:
                with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5, row_factory=dict_row, application_name="aegis deliveries") as connection:
                    attempt = 0
                    self._serve(connection)
            except psycopg.Error as error:
                attempt += 1
                log.warning("deliveries.unavailable", subscription=self.subscription.name, error_class=type(error).__name__)
                self.stop.wait(pause_after(attempt))
            except Exception:  # nobody foresaw it; the next attempt begins with another sender
                attempt += 1
                log.exception("deliveries.broke", subscription=self.subscription.name)
                self.close()
                self.stop.wait(pause_after(attempt))
        self.close()

    def close(self) -> None:
        """Give the sender back. A next delivery opens another."""
        sender, self._sender = self._sender, None
        try:
            if sender is not None:
                sender.close()
        except Exception:
            log.exception("sender.not_closed", subscription=self.subscription.name)

    def _serve(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        while not self.stop.is_set() and not self._own(connection):
            self.stop.wait(NOT_OURS_SECONDS)
        while not self.stop.is_set():
            self.stop.wait(self.step(connection))

    def _own(self, connection: psycopg.Connection[dict[str, Any]]) -> bool:
        row = connection.execute(queries("subscriptions")["own"], {"subscription": self.subscription.name}).fetchone()
        return row is not None and bool(row["pg_try_advisory_lock"])

    def step(self, connection: psycopg.Connection[dict[str, Any]]) -> float:
        """Deliver what is due, up to `AT_ONCE`, and stop at what fails. Seconds until there may be more."""
        sql = queries("subscriptions")
        began = time.monotonic()
        waiting = connection.execute(sql["waiting"], {"subscription": self.subscription.name, "most": AT_ONCE}).fetchall()
        done: list[int] = []
        failed: tuple[dict[str, Any], DeliveryFailed] | None = None
        for one in waiting:
            due_in = one["seconds"] - (time.monotonic() - began)
            if due_in > 0 or self.stop.is_set():
                break
            try:
                self._send(one)
            except DeliveryFailed as error:
                failed = one, error
                break
            done.append(one["id"])
        if done:
            connection.execute(sql["delivered"], {"ids": done})
            event_deliveries.labels(self.subscription.name, "delivered").inc(len(done))
        if failed is not None:
            self._failed(connection, *failed)
            return 0.0
        if len(done) == AT_ONCE:
            return 0.0
        return min(IDLE_SECONDS, max(0.0, waiting[len(done)]["seconds"])) if len(done) < len(waiting) else IDLE_SECONDS

    def _send(self, one: dict[str, Any]) -> None:
        """Raises `DeliveryFailed` whatever went wrong: it is then written down, tried again and given up as any other failure, and ends nothing else."""
        try:
            self._opened().send(one["attributes"], one["data"])
        except DeliveryFailed:
            raise
        except Exception as error:
            log.exception("delivery.broke", subscription=self.subscription.name, delivery=one["id"])
            self.close()
            raise DeliveryFailed(f"{type(error).__name__}: see the log of the app subscriptions") from error

    def _opened(self) -> Sender:
        if self._sender is None:
            try:
                self._sender = self.open_sender(self.subscription)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise DeliveryFailed(f"{reason}: mend the settings of the app subscriptions, or remove the subscription") from error
        return self._sender

    def _failed(self, connection: psycopg.Connection[dict[str, Any]], one: dict[str, Any], error: DeliveryFailed) -> None:
        attempts, name = one["attempts"] + 1, self.subscription.name
        most_attempts = 1 if error.permanent else self.subscription.most_attempts
        given = {"id": one["id"], "error": recorded(error), "pause": self.pause(attempts), "most_attempts": most_attempts}
        row = connection.execute(queries("subscriptions")["failed"], given).fetchone()
        dead = row is not None and row["state"] == "dead"
        told = log.error if dead else log.warning
        event_deliveries.labels(name, "dead" if dead else "failed").inc()
        told("delivery.failed", subscription=name, delivery=one["id"], attempts=attempts, dead=dead, reason=str(error))
