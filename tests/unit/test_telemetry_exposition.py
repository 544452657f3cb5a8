from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator

import httpx
import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import REGISTRY, generate_latest

from aegis.telemetry import metrics
from aegis.telemetry.health import HealthServer
from aegis.telemetry.logs import configure_logs
from aegis.telemetry.traces import configure_traces, context_of, current_traceparent, span, trace_headers


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs("INFO", "test", stream)
    yield stream
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="module")
def traced() -> Iterator[TracerProvider]:
    provider = configure_traces("test", {})
    yield provider
    provider.shutdown()


def _parsed(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_metrics_are_exposed_under_the_names_that_operators_know():
    metrics.data_collection.labels("gov24", "new").inc()
    metrics.data_collection_latency_seconds.labels("gov24").observe(1)
    metrics.pipeline_processing.labels(metrics.HOT, "applied").inc()
    metrics.pipeline_processing_latency_seconds.labels(metrics.HOT).observe(0.1)
    metrics.pipeline_lag_seconds.labels(metrics.HOT).set(0.1)
    metrics.db_sync.labels("redis", "applied").inc()
    metrics.db_sync_latency_seconds.labels("redis").observe(0.01)
    metrics.event_deliveries.labels("search", "dead").inc()
    metrics.show_circuit("redis", metrics.Circuit.OPEN)
    text = generate_latest(REGISTRY).decode()
    for sample in (
        'data_collection_total{source="gov24",status="new"}',
        'data_collection_latency_seconds_count{source="gov24"}',
        'pipeline_processing_total{path="hot",status="applied"}',
        'pipeline_processing_latency_seconds_count{path="hot"}',
        'pipeline_lag_seconds{path="hot"}',
        'db_sync_total{status="applied",target_db="redis"}',
        'db_sync_latency_seconds_count{target_db="redis"}',
        'event_deliveries_total{status="dead",subscription="search"}',
        'db_circuit_state{target_db="redis"} 2.0',
    ):
        assert sample in text
    assert "_created" not in text


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
def test_readiness_is_the_callables_answer_with_its_details(ready: bool, status: int):
    with HealthServer(0, lambda: (ready, {"store": "redis"})) as server:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/health/ready")
        assert (answer.status_code, answer.json()["store"]) == (status, "redis")


def test_a_process_whose_readiness_raises_is_alive_and_not_ready():
    def ready() -> tuple[bool, dict[str, object]]:
        raise OSError("no route")

    with HealthServer(0, ready) as server:
        assert httpx.get(f"http://127.0.0.1:{server.port}/health").status_code == 200
        answer = httpx.get(f"http://127.0.0.1:{server.port}/health/ready")
        assert (answer.status_code, answer.json()["error"]) == (503, "OSError: no route")


def test_the_health_server_serves_metrics_and_gives_its_port_back():
    with HealthServer(0) as server:
        port = server.port
        assert "python_info" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert httpx.get(f"http://127.0.0.1:{port}/other").status_code == 404
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_log_line_is_json_with_service_and_level(lines: io.StringIO):
    structlog.get_logger("aegis.x").info("batch.applied", store="redis", records=3)
    (line,) = _parsed(lines)
    assert (line["event"], line["level"], line["service"], line["records"]) == ("batch.applied", "info", "test", 3)


def test_lines_of_standard_logging_take_the_same_form(lines: io.StringIO):
    logging.getLogger("faust.worker").warning("partitions %s revoked", [1, 2])
    (line,) = _parsed(lines)
    assert (line["event"], line["logger"], line["service"]) == ("partitions [1, 2] revoked", "faust.worker", "test")


def test_an_exceptions_line_shows_no_local_variables(lines: io.StringIO):
    def fail() -> None:
        row = {"email": "somebody@example.org"}
        raise ValueError(f"{len(row)} columns")

    try:
        fail()
    except ValueError:
        structlog.get_logger("aegis.x").exception("batch.failed")
    assert "ValueError: 1 columns" in lines.getvalue()
    assert "somebody" not in lines.getvalue()


def test_log_lines_below_the_level_are_not_written(lines: io.StringIO):
    structlog.get_logger("aegis.x").debug("quiet")
    assert lines.getvalue() == ""


def test_an_unknown_level_names_the_variable():
    with pytest.raises(ValueError, match="AEGIS_LOG_LEVEL"):
        configure_logs("LOUD", "test", io.StringIO())


def test_a_log_line_within_a_span_carries_its_trace(lines: io.StringIO, traced: TracerProvider):
    with span("apply") as current:
        structlog.get_logger("aegis.x").info("batch.applied")
    (line,) = _parsed(lines)
    assert line["trace_id"] == format(current.get_span_context().trace_id, "032x")


def test_a_trace_goes_on_across_a_kafka_header(traced: TracerProvider):
    with span("publish") as first:
        headers = trace_headers()
    with span("apply", headers["traceparent"].decode()) as second:
        assert second.get_span_context().trace_id == first.get_span_context().trace_id
        assert second.get_span_context().span_id != first.get_span_context().span_id


def test_there_is_no_traceparent_outside_of_a_span():
    assert current_traceparent() is None
    assert trace_headers() == {}


def test_a_malformed_traceparent_starts_a_new_trace():
    assert not trace.get_current_span(context_of("not-a-traceparent")).get_span_context().is_valid


def test_a_missing_exporter_is_reported_and_the_process_goes_on(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch):
    from aegis.telemetry import traces

    monkeypatch.setattr(traces, "EXPORTER", ("aegis.no_such_exporter", "None"))
    assert traces._exporter({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}) is None
    assert _parsed(lines)[0]["event"] == "traces.exporter_missing"
