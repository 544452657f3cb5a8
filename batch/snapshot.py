"""An incremental snapshot: Debezium reads every row of some tables again and publishes it, while changes flow on.

Asked for by a row of the signal table. Its end is an event: while a snapshot is under way, the source offsets that Connect stores name the tables that are
left; an offset that lies past the signal and names none was stored when the snapshot was over and all of it acknowledged by Kafka.
Source: Debezium's PostgreSQL connector, "incremental snapshots", and what its offsets were seen to hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

import httpx
from confluent_kafka import KafkaException

from aegis.connect_status import CONNECTOR, stored_offsets
from aegis.envelope import table_topic
from aegis.errors import AegisError, Code
from aegis.offsets import Offsets
from aegis.queries import queries
from batch.group import Watch

PAUSE_SECONDS = 0.2
SIGNAL = "aegis-rebuild-"
"""Begins the ids of our signals."""
_TABLES_LEFT = "incremental_snapshot_collections"
_REACHED = "incremental_snapshot_primary_key"


class SnapshotStuck(AegisError):
    """The connector does not take the snapshot."""


@dataclass(frozen=True, slots=True)
class SourceOffset:
    """What Connect has stored of the connector."""

    lsn: int | None
    tables_left: str = ""
    """Debezium's own words; empty where no snapshot is under way."""
    reached: str = ""

    def past(self, position: int) -> bool:
        """Whether everything before the LSN `position` is in the log, any snapshot that was asked for before it included."""
        return self.lsn is not None and self.lsn >= position and not self.tables_left


def source_offset(url: str, name: str = CONNECTOR) -> SourceOffset:
    """The stored offset of connector `name`. Raises httpx.HTTPError."""
    return read_offset(stored_offsets(url, name))


def read_offset(offsets: Collection[dict[str, Any]]) -> SourceOffset:
    """The offset with the highest LSN; one source partition has one offset."""
    found = max((one for one in offsets if one.get("lsn") is not None), key=lambda one: int(one["lsn"]), default=None)
    if found is None:
        return SourceOffset(None)
    return SourceOffset(int(found["lsn"]), str(found.get(_TABLES_LEFT) or ""), str(found.get(_REACHED) or ""))


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Takes snapshots. `connection`: the operator's, in autocommit, rows as dicts."""

    connection: Any
    stored: Callable[[], SourceOffset]
    offsets: Offsets
    pause: Callable[[float], object] = Event().wait

    def take(self, name: str, tables: Collection[str], rows: int, watch: Watch = Watch()) -> None:  # noqa: B008  # frozen
        """Returns when every row of `tables` (about `rows`) was published again. Raises `SnapshotStuck` and psycopg.Error.

        `name` tells this snapshot from others. The signal is removed afterwards, and what killed runs have left of theirs.
        """
        topics = [table_topic(table) for table in tables]
        before = self._end(topics) or 0
        data = json.dumps({"data-collections": [f"public.{table}" for table in tables], "type": "incremental"})
        self.connection.execute(queries("replay")["signal"], {"id": f"{SIGNAL}{name}", "data": data})
        try:
            written = self.connection.execute(queries("replay")["written"]).fetchone()["written"]
            self._await(int(written), topics, before, rows, watch)
        finally:
            self.connection.execute(queries("replay")["remove_signals"], {"prefix": SIGNAL})

    def _await(self, written: int, topics: Collection[str], before: int, rows: int, watch: Watch) -> None:
        seen: object = None
        since = monotonic()
        while True:
            watch.alive()
            stored, end = self._stored(), self._end(topics)
            if stored is not None and stored.past(written):
                watch.tell("rows published again", rows, rows)
                return
            # the heartbeat moves the stored LSN whether or not the snapshot goes on
            now = (end, stored and (stored.reached, stored.tables_left, (stored.lsn or 0) >= written))
            if now != seen:
                seen, since = now, monotonic()
                watch.tell("rows published again", min(max(0, (end or before) - before), rows), rows)
            if monotonic() - since > watch.stall_seconds:
                raise SnapshotStuck(
                    Code.COLD_PATH_FAILED,
                    f"the connector has published nothing of {', '.join(topics)} again for {watch.stall_seconds:.0f} s: see `aegis connect status`, then run "
                    "the command again",
                )
            self.pause(PAUSE_SECONDS)

    def _stored(self) -> SourceOffset | None:
        try:
            return self.stored()
        except httpx.HTTPError:  # Connect is restarted, for example; the clock of the stall runs
            return None

    def _end(self, topics: Collection[str]) -> int | None:
        try:
            return sum(end for _, end in self.offsets.ends(topics).values())
        except KafkaException:
            return None
