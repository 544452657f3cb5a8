"""`aegis topics`: make and list the Kafka topics."""

from __future__ import annotations

import json

import click
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from aegis.settings import settings
from aegis.topics import TopicMismatch, create, observe, topics


def _admin() -> AdminClient:
    return AdminClient({"bootstrap.servers": settings().kafka_bootstrap_servers, "log_level": 0})


@click.group("topics")
def command() -> None:
    """Kafka topics: made on purpose, with chosen partition counts."""


@command.command("create")
def create_command() -> None:
    """Make the topics that are missing. Refuses where one exists with another partition count."""
    try:
        made = create(_admin(), topics(settings().aegis_topic_partitions))
    except (TopicMismatch, KafkaException) as error:
        raise click.ClickException(str(error)) from error
    for topic in made:
        click.echo(f"created  {topic.name}  partitions={topic.partitions}  retention={topic.retention_days} d")
    click.echo(f"{len(made)} created, {len(topics(1)) - len(made)} existed")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_command(as_json: bool) -> None:
    """The topics of Aegis with the partitions that they have and shall have."""
    try:
        observed = observe(_admin())
    except KafkaException as error:
        raise click.ClickException(str(error)) from error
    rows = [
        {"topic": topic.name, "partitions": observed.get(topic.name), "wanted": topic.partitions, "retention_days": topic.retention_days}
        for topic in topics(settings().aegis_topic_partitions)
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['topic']:32} {row['partitions'] or 'missing':>8} of {row['wanted']}  {row['retention_days']} d")
