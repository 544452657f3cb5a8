"""How long ago the nightly comparison was last clean, for Prometheus: a reconciler that silently stopped must be visible, so another process tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from threading import Event, Thread
from time import time
from typing import Self

import psycopg
import structlog
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from psycopg.rows import class_row

from aegis.queries import queries
from aegis.telemetry.metrics import COLD, pipeline_lag_seconds

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 15.0
PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Unix times; 0: never."""

    last_clean: float
    """End of the newest run that compared everything and was clean, if need be after repairs."""
    last_run: float
    """Of the newest run, however it went."""


class ColdPathAge(Collector):
    """Metrics of the cold path, from `start()` to `close()`; refreshed in a thread, on a connection of its own that is soon given back.

    Until PostgreSQL has answered there are no metrics; while it does not answer any more, the age goes on growing.
    """

    def __init__(self, dsn: str, registry: CollectorRegistry = REGISTRY, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._dsn = dsn
        self._registry = registry
        self._refresh_seconds = refresh_seconds
        self._reconciled: Reconciled | None = None
        self._answered = True
        self._closed = Event()

    def start(self) -> Self:
        """Begin to look, and to tell."""
        self._registry.register(self)
        Thread(target=self._follow, name="cold path age", daemon=True).start()
        return self

    def close(self) -> None:
        """Tell nothing more."""
        self._closed.set()
        self._registry.unregister(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As prometheus_client asks."""
        seen = self._reconciled
        if seen is not None:
            clean = "End of the newest comparison of everything that was clean, if need be after repairs; 0: never. Unix time."
            yield GaugeMetricFamily("reconcile_last_clean_timestamp_seconds", clean, seen.last_clean)
            yield GaugeMetricFamily("reconcile_last_run_timestamp_seconds", "The newest comparison, however it went; 0: never. Unix time.", seen.last_run)

    def _follow(self) -> None:
        while True:
            self._look()
            if self._closed.wait(self._refresh_seconds):
                return

    def _look(self) -> None:
        options = f"-c statement_timeout={PATIENCE_SECONDS * 1000}"
        try:
            with (
                psycopg.connect(self._dsn, connect_timeout=PATIENCE_SECONDS, options=options, application_name="aegis cold path age") as connection,
                connection.cursor(row_factory=class_row(Reconciled)) as cursor,
            ):
                self._reconciled = cursor.execute(queries("cold_path_age")["reconciled"]).fetchone()
        except psycopg.Error as error:
            if self._answered:
                log.warning("cold_path_age.unknown", error_class=type(error).__name__, error=str(error))
            self._answered = False
            return
        self._answered = True
        pipeline_lag_seconds.labels(COLD).set_function(self._age)

    def _age(self) -> float:
        """Seconds since the last clean comparison; infinite where there was none."""
        seen = self._reconciled
        return inf if seen is None or not seen.last_clean else time() - seen.last_clean
