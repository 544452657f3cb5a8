"""Prometheus metrics of every process of Aegis, under the names that dashboards and alerts use.

prometheus_client adds `_total` to a counter's name by itself. Label values come from small fixed sets: never a key, a title or a message.
"""

from __future__ import annotations

from enum import IntEnum

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series per label set otherwise, which nobody reads

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SLOW = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)

HOT = "hot"
COLD = "cold"
"""Values of label `path`: streaming, and the nightly comparison."""

data_collection = Counter("data_collection", "Records that collectors dealt with, by source and result.", ["source", "status"])
"""Exposed as data_collection_total. status: new, changed, unchanged, archived, quarantined; error for a fetch that failed."""

data_collection_latency_seconds = Histogram("data_collection_latency_seconds", "Time of one collection run, to its last commit.", ["source"], buckets=SLOW)

pipeline_processing = Counter("pipeline_processing", "Changes that left a part of the pipeline, by path and result.", ["path", "status"])
"""Exposed as pipeline_processing_total. path: hot or cold. status: applied, stale, forgotten, restored, rejected, undecodable."""

pipeline_processing_latency_seconds = Histogram(
    "pipeline_processing_latency_seconds", "Time from the commit in PostgreSQL to applied in the store.", ["path"], buckets=FAST
)

pipeline_lag_seconds = Gauge(
    "pipeline_lag_seconds", "Hot: age of the newest change that this process applied, when it applied it. Cold: time since the last clean comparison.", ["path"]
)

db_sync = Counter("db_sync", "Records written into derived stores, by store and verdict.", ["target_db", "status"])
"""Exposed as db_sync_total. status: applied, stale, forgotten, restored, rejected; unavailable for a batch that the store did not take."""

db_sync_latency_seconds = Histogram("db_sync_latency_seconds", "Time of one bulk call of a derived store.", ["target_db"], buckets=FAST)

event_deliveries = Counter("event_deliveries", "Deliveries of events to services, by subscription and result.", ["subscription", "status"])
"""Exposed as event_deliveries_total. status: delivered, failed (tried again), dead (given up)."""

circuit_state = Gauge("db_circuit_state", "Circuit breaker in front of a derived store: 0 closed, 1 half-open, 2 open.", ["target_db"])


class Circuit(IntEnum):
    """Values of `db_circuit_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


def show_circuit(target_db: str, state: Circuit) -> None:
    """Expose the state of the breaker in front of `target_db`."""
    circuit_state.labels(target_db).set(state.value)
