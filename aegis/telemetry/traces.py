"""Traces: OpenTelemetry's provider, and W3C's traceparent for Kafka headers and the outbox.

A trace crosses processes as text of the form 00-<32 hex>-<16 hex>-<2 hex> (W3C Trace Context): in the Kafka header `traceparent`, or in the outbox's column.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from aegis.message import TRACE_HEADER

log = structlog.get_logger(__name__)

EXPORTER = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "OTLPSpanExporter")
"""Not among the dependencies: spans are exported where an operator installs it and names an endpoint."""

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_propagator = TraceContextTextMapPropagator()


def configure_traces(service: str, environment: Mapping[str, str] | None = None) -> TracerProvider:
    """Make spans of this process real, so that logs and messages carry their ids; export them where the environment names an endpoint.

    Call once, when the process starts; the caller keeps the provider to `shutdown()` it at the end, which sends what is left.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = _exporter(os.environ if environment is None else environment)
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def _exporter(environment: Mapping[str, str]) -> SpanExporter | None:
    endpoint = next((environment[name] for name in ENDPOINTS if environment.get(name)), None)
    if endpoint is None or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    module, name = EXPORTER
    try:
        exporter: SpanExporter = getattr(import_module(module), name)()
    except ModuleNotFoundError:
        log.warning("traces.exporter_missing", endpoint=endpoint, remedy="install opentelemetry-exporter-otlp-proto-http, or unset the endpoint")
        return None
    return exporter


def current_traceparent() -> str | None:
    """The traceparent of the current span; None outside of one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(TRACE_HEADER)


def trace_headers() -> dict[str, bytes]:
    """Kafka headers that carry the current span on; empty outside of one."""
    current = current_traceparent()
    return {} if current is None else {TRACE_HEADER: current.encode("ascii")}


def context_of(traceparent: str | None) -> Context:
    """The context that `traceparent` names; the current one where it is None or no traceparent."""
    return _propagator.extract({TRACE_HEADER: traceparent} if traceparent else {})


@contextmanager
def span(name: str, traceparent: str | None = None, **attributes: str | float | bool) -> Iterator[Span]:
    """A span around a block, child of `traceparent` where one came along, else of the current span. An exception marks it and passes through."""
    tracer = trace.get_tracer("aegis")
    with tracer.start_as_current_span(name, context=context_of(traceparent), attributes=attributes) as current:
        yield current
