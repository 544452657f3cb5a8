"""`python -m stream_apps APP`: one worker of a derived store's app, of the apps that record dead letters, fold receipts, or tell services."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import click
import structlog
from tenacity import Retrying, retry_if_exception_type

from aegis.codec import Encoder
from aegis.consumer_groups import DEAD_LETTERS, RECEIPTS, SUBSCRIPTIONS, building_group, consumer_group
from aegis.correction import CORRECTIONS_SUBJECT
from aegis.correction_log import CorrectionLog
from aegis.dead_letter import DEAD_LETTERS_SUBJECT
from aegis.derivations import STORES
from aegis.durable_log import DurableLog, open_producer
from aegis.offsets import topics_of
from aegis.receipt import RECEIPTS_SUBJECT
from aegis.registry import Registry, RegistryUnavailable
from aegis.settings import Settings, settings
from aegis.stores.opening import HAVE_GENERATIONS, open_store
from aegis.telemetry.health import HealthServer, Readiness
from aegis.telemetry.logs import configure_logs
from aegis.telemetry.traces import configure_traces
from stream_apps.app import App, AppOptions, build_app, store_topics
from stream_apps.applier import Applier
from stream_apps.brake import Brake
from stream_apps.circuit import pauses
from stream_apps.cold_path_age import ColdPathAge
from stream_apps.dead_letters import DeadLettersTable
from stream_apps.outlet import KafkaOutlet, LoggedOutlet
from stream_apps.pausing import PauseWatch
from stream_apps.receipt_log import KafkaReceipts
from stream_apps.receipts import MOST_RECEIPTS, SyncProgress
from stream_apps.sink import Sink
from stream_apps.sparing import Sparing
from stream_apps.subscriptions.address import hosts_of
from stream_apps.subscriptions.inbox import Inbox
from stream_apps.subscriptions.post import Post
from stream_apps.subscriptions.sending import Sender, sender_of
from stream_apps.subscriptions.subscription import Subscription
from stream_apps.worker import run

log = structlog.get_logger(__name__)

CHATTY = ("faust", "mode", "httpx", "httpx2")
"""Loggers whose every service and request is a line."""


@click.command()
@click.argument("app", type=click.Choice([*STORES, DEAD_LETTERS, RECEIPTS, SUBSCRIPTIONS]))
@click.option(
    "--building", is_flag=True, help="Fill the store's new generation, in a consumer group of its own, from the beginning of the log (`aegis rebuild`)."
)
def main(app: str, *, building: bool) -> None:
    """Run one worker until it is told to stop (SIGTERM). Workers of one app share its partitions, and leave them while the app is paused (`aegis replay`)."""
    if building and app not in HAVE_GENERATIONS:
        raise click.UsageError(f"--building is for stores that have generations: {', '.join(sorted(HAVE_GENERATIONS))}; others are rebuilt in place")
    configured = settings()
    service = building_group(app) if building else consumer_group(app)
    configure_logs(configured.aegis_log_level, service)
    quieten()
    traces = configure_traces(service)
    try:
        build(app, configured) if building else serve(app, configured)
    finally:
        traces.shutdown()
    start_anew()


def serve(app: str, configured: Settings) -> None:
    """Returns when the app was paused and is so no longer. Raises SystemExit when told to stop."""
    dsn = configured.postgres_operator_dsn.get_secret_value()
    watch = PauseWatch(dsn, app)
    presence = Presence(watch)
    with beside(app, configured), closing(watch.start()), HealthServer(configured.aegis_metrics_port, presence.ready):
        watch.wait()
        sink = open_sink(app, configured)
        try:
            watch.wait()  # the registry may have let it wait
            presence.app = build_app(options(app, configured), sink)
            run(presence.app, lambda: watch.paused)
        finally:
            sink.close()
        watch.wait()


def beside(app: str, configured: Settings) -> AbstractContextManager[Any]:
    """What the process of `app` does beside its sink."""
    dsn = configured.postgres_operator_dsn.get_secret_value()
    if app == DEAD_LETTERS:
        return closing(ColdPathAge(dsn).start())
    if app == SUBSCRIPTIONS:
        return closing(Post(dsn, partial(_sender, configured)).start())
    return nullcontext()


def _sender(configured: Settings, subscription: Subscription) -> Sender:
    seconds = configured.aegis_store_timeout_seconds
    open_log = lambda: DurableLog(open_producer(configured.kafka_bootstrap_servers, f"aegis-to-{subscription.name}", seconds), seconds)  # noqa: E731
    return sender_of(subscription, os.environ.get, hosts_of(configured.aegis_webhook_hosts), open_log)


def build(app: str, configured: Settings) -> None:
    """Raises SystemExit when told to stop. Pauses are none of its business: nobody else is in its group."""
    store = open_store(app, configured, building=True)
    sink = Applier(store, Registry(configured.schema_registry_url).codec(), LoggedOutlet(), Brake(configured.aegis_brake_rejections))
    made = build_app(replace(options(app, configured), group=building_group(app)), sink)
    with HealthServer(configured.aegis_metrics_port, made.ready):
        try:
            run(made)
        finally:
            sink.close()


def start_anew() -> None:
    """Replace this process by a new one of its own kind: nothing of a worker that has stopped is used again."""
    log.info("worker.starting_anew")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "stream_apps", *sys.argv[1:]])  # noqa: S606  # no shell: itself


class Presence:
    """What the health endpoint says of a worker that comes and goes."""

    def __init__(self, watch: PauseWatch) -> None:
        self._watch = watch
        self.app: App | None = None

    def ready(self) -> Readiness:
        """Not while the app is paused, with the reason; else as the app says."""
        paused = self._watch.details()
        if paused:
            return False, paused
        return (False, {"starting": True}) if self.app is None else self.app.ready()


def quieten() -> None:
    """Leave to the log what operators read."""
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Sparing("aiokafka"))


def options(app: str, configured: Settings) -> AppOptions:
    """What the settings make of `app`."""
    topics = store_topics(app) if app in STORES else sorted(topics_of(app))
    return AppOptions(app, topics, configured.kafka_bootstrap_servers, MOST_RECEIPTS if app == RECEIPTS else configured.aegis_batch_size)


def open_sink(app: str, configured: Settings) -> Sink[Any]:
    """The sink of `app`. Waits for the schema registry."""
    registry = Registry(configured.schema_registry_url)
    timeout = configured.aegis_store_timeout_seconds
    if app == DEAD_LETTERS:
        return DeadLettersTable(configured.postgres_operator_dsn.get_secret_value(), registry.codec(), timeout)
    if app == RECEIPTS:
        return SyncProgress(configured.postgres_operator_dsn.get_secret_value(), registry.codec(), timeout)
    if app == SUBSCRIPTIONS:
        return Inbox(configured.postgres_operator_dsn.get_secret_value(), registry.codec(), timeout)
    letters, corrections = _encoder(registry, DEAD_LETTERS_SUBJECT), _encoder(registry, CORRECTIONS_SUBJECT)
    durable = DurableLog(open_producer(configured.kafka_bootstrap_servers, f"aegis-{app}", timeout), timeout)
    outlet = KafkaOutlet(durable, letters, CorrectionLog(durable, corrections))
    receipts = KafkaReceipts(durable, _encoder(registry, RECEIPTS_SUBJECT))
    return Applier(open_store(app, configured), registry.codec(), outlet, Brake(configured.aegis_brake_rejections), receipts=receipts)


def _encoder(registry: Registry, subject: str) -> Encoder:
    """Asks until the registry answers: the supervisor may have started both at once."""
    told: Callable[[Any], None] = lambda state: log.warning("registry.unavailable", subject=subject, attempt=state.attempt_number)  # noqa: E731
    return Retrying(retry=retry_if_exception_type(RegistryUnavailable), wait=pauses(), before_sleep=told)(registry.encoder, subject)


if __name__ == "__main__":
    sys.exit(main())
