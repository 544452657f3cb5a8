"""Puts together what a replay of the running pipeline works with."""

from __future__ import annotations

from functools import partial

from aegis.consumer_groups import consumer_group
from aegis.settings import Settings
from batch.group import Group
from batch.kafka_log import KafkaLog
from batch.leasing import lease
from batch.progress import Progress
from batch.reconcile import reconcile
from batch.replay import Means
from batch.request import Request, Result

WAIT_SECONDS = 3600.0
"""For a reconciliation under way to end: it excludes the comparison, and nothing is lost by waiting."""


def means_of(settings: Settings, store: str, tables: tuple[str, ...], cause: str) -> Means:
    """What a replay or rebuild (`cause`) of `tables` (empty: all) of `store` works with."""
    log = KafkaLog(settings.kafka_bootstrap_servers)
    dsn = settings.postgres_operator_dsn.get_secret_value()
    request = comparison(store, tables, cause)
    return Means(dsn, log, Group(consumer_group(store), log.offsets), partial(lease, dsn, store, cause), partial(_compare, settings, request))


def comparison(store: str, tables: tuple[str, ...], cause: str) -> Request:
    """A deep comparison that repairs. The brake is off: whoever replays or rebuilds has asked for as much."""
    return Request(stores=(store,), tables=tables, deep=True, force=True, wait_seconds=WAIT_SECONDS, cause=cause)


def _compare(settings: Settings, request: Request, progress: Progress) -> Result:
    return reconcile(settings, request, progress)
