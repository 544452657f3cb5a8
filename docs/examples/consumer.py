# ruff: noqa: INP001  # a program, no package
"""An example subscriber: keeps, per policy, what the events say of it.

Each event has its effect once, in order per policy, and a program that was killed goes on where it was.

python docs/examples/consumer.py --database seen.sqlite --bootstrap 127.0.0.1:19092 --registry http://127.0.0.1:18081/apis/ccompat/v7
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from aegis.events import Event, Ledger, PolicyValidated, QualityUpdated, SyncCompleted, subscribe

TABLE = """CREATE TABLE IF NOT EXISTS policies (
    policy_id TEXT PRIMARY KEY, events INTEGER NOT NULL DEFAULT 0, last_type TEXT, status TEXT, quality_score REAL, searchable_version INTEGER
)"""


def handle(connection: sqlite3.Connection, event: Event) -> None:
    """The effect of one event, within the caller's transaction."""
    connection.execute("INSERT INTO policies (policy_id) VALUES (?) ON CONFLICT DO NOTHING", (event.subject,))
    connection.execute("UPDATE policies SET events = events + 1, last_type = ? WHERE policy_id = ?", (event.type, event.subject))
    match event.payload:
        case PolicyValidated(status=status):
            connection.execute("UPDATE policies SET status = ? WHERE policy_id = ?", (status, event.subject))
        case QualityUpdated(status=status, quality_score=score):
            connection.execute("UPDATE policies SET status = ?, quality_score = ? WHERE policy_id = ?", (status, score, event.subject))
        case SyncCompleted(version=version, outcome=outcome):
            searchable = version if outcome == "stored" else None
            connection.execute("UPDATE policies SET searchable_version = ? WHERE policy_id = ?", (searchable, event.subject))


@click.command()
@click.option("--database", type=click.Path(dir_okay=False, path_type=Path), required=True, help="SQLite file with the result and the position.")
@click.option("--bootstrap", required=True, help="Kafka's servers.")
@click.option("--registry", required=True, help="The schema registry's Confluent interface.")
@click.option("--group", default="example-consumer", show_default=True)
@click.option("--member", default="example-1", show_default=True, help="Name of this process in its group.")
@click.option("--topic", default="policy-events", show_default=True)
@click.option("--idle", type=float, help="End after so many seconds without an event.")
def main(*, database: Path, bootstrap: str, registry: str, group: str, member: str, topic: str, idle: float | None) -> None:
    """Follow the events of policies into a table."""
    connection = sqlite3.connect(database)
    connection.execute(TABLE)
    ledger = Ledger(connection)
    with subscribe(bootstrap, registry, group, member=member, topic=topic, start=ledger.positions, idle=idle) as events:
        for event in events:
            with connection:  # the effect, the event's identity and the position: all of them, or none
                if ledger.take(event):
                    handle(connection, event)
            click.echo(f"{event.subject} {event.type} {event.partition}/{event.offset}")
    connection.close()


if __name__ == "__main__":
    main()
