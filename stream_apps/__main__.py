"""`python -m stream_apps APP`: one worker of a derived store's app, or of the app that records dead letters."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import click
import structlog
from tenacity import Retrying, retry_if_exception_type

from aegis.codec import Encoder
from aegis.consumer_groups import DEAD_LETTERS
from aegis.correction import CORRECTIONS_SUBJECT
from aegis.correction_log import CorrectionLog
from aegis.dead_letter import DEAD_LETTERS_SUBJECT, DEAD_LETTERS_TOPIC
from aegis.derivations import STORES
from aegis.durable_log import DurableLog, open_producer
from aegis.registry import Registry, RegistryUnavailable
from aegis.settings import Settings, settings
from aegis.stores.opening import open_store
from aegis.telemetry.health import HealthServer
from aegis.telemetry.logs import configure_logs
from aegis.telemetry.traces import configure_traces
from stream_apps.app import AppOptions, build_app, run, store_topics
from stream_apps.applier import Applier
from stream_apps.brake import Brake
from stream_apps.circuit import pauses
from stream_apps.dead_letters import DeadLettersTable
from stream_apps.outlet import KafkaOutlet
from stream_apps.sink import Sink
from stream_apps.sparing import Sparing

log = structlog.get_logger(__name__)

CHATTY = ("faust", "mode", "httpx", "httpx2")
"""Loggers whose every service and request is a line."""


@click.command()
@click.argument("app", type=click.Choice([*STORES, DEAD_LETTERS]))
def main(app: str) -> None:
    """Run one worker until it is told to stop (SIGTERM). Workers of one app share its partitions."""
    configured = settings()
    configure_logs(configured.aegis_log_level, f"aegis-{app}")
    quieten()
    traces = configure_traces(f"aegis-{app}")
    sink = open_sink(app, configured)
    made = build_app(options(app, configured), sink)
    with HealthServer(configured.aegis_metrics_port, made.ready):
        try:
            run(made)
        finally:
            sink.close()
            traces.shutdown()


def quieten() -> None:
    """Leave to the log what operators read."""
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Sparing("aiokafka"))


def options(app: str, configured: Settings) -> AppOptions:
    """What the settings make of `app`."""
    topics = [DEAD_LETTERS_TOPIC] if app == DEAD_LETTERS else store_topics(app)
    return AppOptions(app, topics, configured.kafka_bootstrap_servers, configured.aegis_batch_size)


def open_sink(app: str, configured: Settings) -> Sink[Any]:
    """The sink of `app`. Waits for the schema registry."""
    registry = Registry(configured.schema_registry_url)
    if app == DEAD_LETTERS:
        return DeadLettersTable(configured.postgres_operator_dsn.get_secret_value(), registry.codec(), configured.aegis_store_timeout_seconds)
    letters, corrections = _encoder(registry, DEAD_LETTERS_SUBJECT), _encoder(registry, CORRECTIONS_SUBJECT)
    timeout = configured.aegis_store_timeout_seconds
    durable = DurableLog(open_producer(configured.kafka_bootstrap_servers, f"aegis-{app}", timeout), timeout)
    outlet = KafkaOutlet(durable, letters, CorrectionLog(durable, corrections))
    return Applier(open_store(app, configured), registry.codec(), outlet, Brake(configured.aegis_brake_rejections))


def _encoder(registry: Registry, subject: str) -> Encoder:
    """Asks until the registry answers: the supervisor may have started both at once."""
    told: Callable[[Any], None] = lambda state: log.warning("registry.unavailable", subject=subject, attempt=state.attempt_number)  # noqa: E731
    return Retrying(retry=retry_if_exception_type(RegistryUnavailable), wait=pauses(), before_sleep=told)(registry.encoder, subject)


if __name__ == "__main__":
    sys.exit(main())
