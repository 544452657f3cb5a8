"""Kafka, registry, stores and dead letters."""

from __future__ import annotations

import httpx
import psycopg

from aegis.cli.checks.finding import Finding, fail, ok, warn
from aegis.cli.observing.cold_path import observe_paused
from aegis.cli.observing.kafka import PATIENCE_SECONDS, Group, Groups
from aegis.cli.observing.postgres import DeadLetters, observe_dead_letters, reading
from aegis.embedding.pins import MODEL
from aegis.offsets import admin_client
from aegis.projections import policies_milvus
from aegis.settings import Settings
from aegis.topics import TopicMismatch, missing, observe, topics

LAG_WARN = 10_000


def check_topics(settings: Settings) -> list[Finding]:
    """Topics exist with equal partition counts. Raises KafkaException where no broker answers."""
    try:
        absent = missing(topics(settings.aegis_topic_partitions), observe(admin_client(settings.kafka_bootstrap_servers)))
    except TopicMismatch as error:
        return [fail("topics", str(error), "see `aegis topics list`")]
    if absent:
        return [fail("topics", f"missing: {', '.join(topic.name for topic in absent)}", "run `aegis topics create`")]
    return [ok("topics", f"all there, {settings.aegis_topic_partitions} partitions each")]


def check_groups(settings: Settings) -> list[Finding]:
    """Every stream app has a member in its group and keeps up. Raises KafkaException where no broker answers."""
    on_leave = _on_leave(settings)
    return [group_finding(app, group, paused=app in on_leave) for app, group in Groups(settings.kafka_bootstrap_servers).observe().items()]


def _on_leave(settings: Settings) -> set[str]:
    """Apps that the cold path has paused; none where PostgreSQL does not tell."""
    try:
        with reading(settings.postgres_reader_dsn.get_secret_value()) as reader:
            return {one.app for one in observe_paused(reader)}
    except psycopg.Error:
        return set()


def group_finding(app: str, group: Group, *, paused: bool = False) -> Finding:
    """Whether the app of a store (or of dead letters) runs and keeps up. One that is paused need not."""
    check, detail = f"stream app {app}", f"{group.members} members, lag {group.lag:,}"
    if paused:
        return ok(check, f"{detail}, paused by the cold path")
    if group.members == 0:
        return fail(check, detail, f"no worker runs: `make up`; if it is up, `make logs SERVICE=app-{app}-0`")
    if group.lag > LAG_WARN:
        return warn(
            check, detail, f"it is busy or its store does not answer: `aegis watch`, `make logs SERVICE=app-{app}-0`; more workers: `make up WORKERS=2`"
        )
    return ok(check, detail)


def check_registry(settings: Settings) -> list[Finding]:
    """Compatibility is checked. Raises httpx.HTTPError where the registry does not answer."""
    answer = httpx.get(f"{settings.schema_registry_url.rstrip('/')}/config", timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    level = answer.json()["compatibilityLevel"]
    if level == "NONE":
        return [warn("registry", "compatibility is NONE", "run `make connect`, which sets it: a change of schema could break every reader otherwise")]
    return [ok("registry", f"compatibility {level}")]


def check_elasticsearch(settings: Settings) -> list[Finding]:
    """Korean analysis and cluster health. Raises httpx.HTTPError where Elasticsearch does not answer."""
    url = settings.elasticsearch_url.rstrip("/")
    analysed = httpx.post(f"{url}/_analyze", json={"tokenizer": "nori_tokenizer", "text": "정책자금"}, timeout=PATIENCE_SECONDS)
    health = httpx.get(f"{url}/_cluster/health", timeout=PATIENCE_SECONDS)
    health.raise_for_status()
    colour = health.json()["status"]
    return [
        ok("korean analysis", "nori_tokenizer works")
        if analysed.is_success
        else fail(
            "korean analysis",
            "Elasticsearch has no nori_tokenizer",
            "install the plugin analysis-nori (the native stack builds its own: `make up`), then restart it",
        ),
        fail("elasticsearch health", colour, "a primary shard is missing: `make logs SERVICE=elasticsearch`")
        if colour == "red"
        else ok("elasticsearch health", colour),
    ]


def check_milvus(settings: Settings) -> list[Finding]:
    """The collection holds vectors of the model that is configured. Raises MilvusException where Milvus does not answer."""
    from pymilvus import MilvusClient

    from aegis.stores.milvus_schema import made_by

    name = policies_milvus.COLLECTION.name
    client = MilvusClient(settings.milvus_uri, timeout=PATIENCE_SECONDS)
    try:
        if not client.has_collection(name, timeout=PATIENCE_SECONDS):
            return [warn("milvus model", f"no collection {name} yet", "the Milvus stream app makes it when it starts")]
        model = made_by(client.describe_collection(name, timeout=PATIENCE_SECONDS))
    finally:
        client.close()
    if model != MODEL:
        return [
            fail(
                "milvus model",
                f"{name} holds vectors of {model or '(unknown)'}, configured is {MODEL}",
                "drop it and replay the log into Milvus: vectors of two models never mix",
            )
        ]
    return [ok("milvus model", f"{name} holds vectors of {MODEL}")]


def check_dead_letters(settings: Settings) -> list[Finding]:
    """Nothing waits for an operator. Raises psycopg.Error where PostgreSQL does not answer."""
    with reading(settings.postgres_reader_dsn.get_secret_value()) as reader:
        return dead_letter_findings(observe_dead_letters(reader))


def dead_letter_findings(letters: DeadLetters) -> list[Finding]:
    """Held keys, open dead letters and quarantined records."""
    return [
        fail("held keys", f"{letters.held}", "`aegis dlq list`, mend the cause, then `aegis dlq retry TABLE KEY`") if letters.held else ok("held keys", "none"),
        warn("dead letters", f"{letters.open} open", "`aegis dlq list` and `aegis dlq show ID`") if letters.open else ok("dead letters", "none open"),
        warn("quarantine", f"{letters.quarantined} records", "SELECT source, code, field, reason FROM quarantine WHERE released_at IS NULL")
        if letters.quarantined
        else ok("quarantine", "empty"),
    ]
