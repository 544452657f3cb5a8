"""Asks Kafka and Connect for all that the proof of an expiry needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from aegis.connect_status import snapshot_pending, stored_lsn
from aegis.consumer_groups import DEAD_LETTERS, GROUPS
from aegis.correction import CORRECTIONS_TOPIC
from aegis.derivations import STORES
from aegis.offsets import Place, admin_client, topics_of
from aegis.registry import Registry
from aegis.settings import Settings
from batch.confirm import Waits
from batch.expiry import LogView
from batch.kafka_log import KafkaLog
from batch.mentions import mentioned
from batch.watermark import NotSettled

PATIENCE_SECONDS = 10.0
PREFIX = "aegis-"
"""Of the names of groups: a store that is being rebuilt has a second one."""


def observe(settings: Settings, waits: Waits, wal_position: Callable[[], int], tell: Callable[[str, int, int], None]) -> LogView:
    """The log as it is now. Groups and connector are asked after the WAL position of the beginning is in the log, as far as that comes in time.

    Raises `MissingTopic`, `RegistryUnavailable`, KafkaException and httpx.HTTPError.
    """
    captured_until = _captured_until(waits, wal_position)
    log = KafkaLog(settings.kafka_bootstrap_servers)
    topics = frozenset[str]().union(*(topics_of(store) for store in STORES))
    partitions = {one.place: one for one in log.partitions(topics)}
    committed = {group: log.offsets.committed(group) for group in _groups(settings.kafka_bootstrap_servers)}
    corrections = {place: one for place, one in partitions.items() if place[0] == CORRECTIONS_TOPIC}
    registry = Registry(settings.schema_registry_url)
    try:
        rows = mentioned(settings.kafka_bootstrap_servers, corrections, registry.codec(), lambda done, of: tell("corrections in the log", done, of))
    finally:
        registry.close()
    return LogView(
        partitions=partitions,
        committed=committed,
        readers=readers_of(topics, committed),
        stored_lsn=stored_lsn(settings.connect_url),
        captured_until=captured_until,
        snapshot_pending=snapshot_pending(settings.connect_url),
        corrected=rows,
    )


def readers_of(topics: Collection[str], committed: Mapping[str, Mapping[Place, int]]) -> dict[str, frozenset[str]]:
    """Topic → groups that must have read it: of every store with a projection of it, and whichever other has ever committed an offset of it."""
    others = {topic: {group for group, places in committed.items() if any(place[0] == topic for place in places)} for topic in topics}
    own = {topic: {GROUPS[store] for store in STORES if topic in topics_of(store)} for topic in topics}
    return {topic: frozenset(own[topic] | others[topic]) for topic in topics}


def _captured_until(waits: Waits, wal_position: Callable[[], int]) -> datetime | None:
    now = datetime.now(UTC)
    try:
        waits.pass_wal(wal_position())
    except NotSettled:
        return None
    return now


def _groups(bootstrap: str) -> list[str]:
    found = admin_client(bootstrap, PATIENCE_SECONDS).list_consumer_groups(request_timeout=PATIENCE_SECONDS).result(PATIENCE_SECONDS)
    others = {listed.group_id for listed in found.valid if listed.group_id.startswith(PREFIX)}
    return sorted(({*GROUPS.values()} | others) - {GROUPS[DEAD_LETTERS]})
