"""What a stream app tells about its batches: metrics, logs and spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from opentelemetry import trace
from opentelemetry.trace import Link

from aegis.telemetry.metrics import HOT, pipeline_lag_seconds, pipeline_processing, pipeline_processing_latency_seconds
from aegis.telemetry.traces import context_of
from stream_apps.sink import Report

log = structlog.get_logger(__name__)

SPAN_LINKS = 32
"""Of a batch's messages: a link costs memory, and a trace with hundreds of parents tells nobody more."""


@contextmanager
def batch_span(store: str, traces: Sequence[str]) -> Iterator[None]:
    """A span around a batch, linked to the traces of its messages."""
    contexts = (trace.get_current_span(context_of(one)).get_span_context() for one in list(dict.fromkeys(traces))[:SPAN_LINKS])
    links = [Link(context) for context in contexts if context.is_valid]
    with trace.get_tracer("aegis").start_as_current_span("batch", links=links, attributes={"store": store}):
        yield


def applied(store: str, report: Report) -> None:
    """Count and log a batch that was acknowledged."""
    now = datetime.now(UTC)
    for verdict, count in report.verdicts.items():
        pipeline_processing.labels(HOT, verdict).inc(count)
    latency = pipeline_processing_latency_seconds.labels(HOT)
    for committed_at in report.committed_at:
        latency.observe((now - committed_at).total_seconds())
    lag = None if report.newest_committed_at is None else (now - report.newest_committed_at).total_seconds()
    if lag is not None:
        pipeline_lag_seconds.labels(HOT).set(lag)
    log.info("batch.applied", store=store, messages=report.messages, lag_seconds=None if lag is None else round(lag, 3), **report.verdicts)
