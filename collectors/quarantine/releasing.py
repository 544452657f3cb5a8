"""Records out of the quarantine: validated once more as on the way in, and stored where they pass now."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from aegis.errors import Code
from aegis.queries import queries
from collectors.draft import Accepted, Rejected
from collectors.quarantine.choice import Choice, chosen
from collectors.source import Source
from collectors.store import Connection, PolicyStore
from collectors.validation import validate

AT_ONCE = 200
"""Problems looked at in one go: a record may have a megabyte."""
Sources = Callable[[str], Source | None]
"""Name → the source that reads its records; None where nobody knows one of that name."""


@dataclass(slots=True)
class Released:
    """What came of a release."""

    records: int = 0
    """That pass now; in a dry run: that would be stored."""
    problems: int = 0
    """Quarantined problems of theirs that are gone with it, of forms before as well."""
    kept: Counter[str] = field(default_factory=Counter)
    """Why others stay → problems."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A quarantined record, by one of its problems."""

    number: int
    source: str
    source_id: str | None
    raw: str
    has_newer: bool
    is_second: bool


def decided(waiting: Waiting, source: Source | None) -> Accepted | str:
    """The record, ready to be stored, or why it stays where it is. Pure."""
    if source is None:
        return f"no collector is named {waiting.source}: hand the records in again"
    if waiting.is_second:
        return f"{Code.DUPLICATE}: two records have its identifier, and which is right its source has to say"
    if waiting.has_newer:
        return "a newer form of the record is in the quarantine"
    try:
        raw = json.loads(waiting.raw)
    except ValueError:
        return "the record is no JSON: hand it in again"
    outcome = validate(source, raw)
    return "; ".join(str(problem) for problem in outcome.problems) if isinstance(outcome, Rejected) else outcome


def release(connection: Connection, choice: Choice, sources: Sources, *, number: int | None, actor: str, dry_run: bool) -> Iterator[Released]:
    """Release what passes now, batch by batch; gives what was done so far. One transaction for the records of a source in a batch.

    Raises `AlreadyRunning` where a source is collected at the moment, and psycopg.Error.
    """
    done, after, newest = Released(), 0, _newest(connection, choice, number)
    while newest is not None and after < newest:
        batch = _next(connection, choice.parameters(number=number, newest=newest, after=after, batch=AT_ONCE))
        if not batch:
            return
        after = batch[-1].number
        for name, accepted in _sorted(batch, sources, done.kept).items():
            done.problems += _store(connection, name, accepted, actor, dry_run=dry_run)
            done.records += len(accepted)
        yield done


def _sorted(batch: Sequence[Waiting], sources: Sources, kept: Counter[str]) -> Mapping[str, list[Accepted]]:
    """Source → records that pass, each once however many problems it had; the others are counted in `kept`."""
    passed: dict[str, dict[str, Accepted]] = defaultdict(dict)
    for waiting in batch:
        outcome = decided(waiting, sources(waiting.source))
        if isinstance(outcome, str):
            kept[outcome] += 1
        else:
            passed[waiting.source][outcome.draft.source_id] = outcome
    return {name: list(records.values()) for name, records in passed.items()}


def _store(connection: Connection, source: str, accepted: Sequence[Accepted], actor: str, *, dry_run: bool) -> int:
    store = PolicyStore(connection, source, dry_run=dry_run)
    with store.alone(), connection.transaction():
        store.store(accepted, (), frozenset())
        if dry_run:
            return 0
        found = connection.execute(
            queries("quarantine")["release"], {"source": source, "source_ids": [each.draft.source_id for each in accepted], "actor": actor}
        ).fetchone()
    assert found is not None
    return int(found[0])


def _newest(connection: Connection, choice: Choice, number: int | None) -> int | None:
    with _rows(connection) as cursor:
        found = cursor.execute(chosen("count"), choice.parameters(number=number)).fetchone()
    return found["newest"] if found else None


def _next(connection: Connection, parameters: Mapping[str, Any]) -> list[Waiting]:
    with _rows(connection) as cursor:
        rows = cursor.execute(chosen("next"), parameters).fetchall()
    return [Waiting(row["quarantine_id"], row["source"], row["source_id"], row["raw"], row["has_newer"], row["is_second"]) for row in rows]


def _rows(connection: Connection) -> psycopg.Cursor[dict[str, Any]]:
    return connection.cursor(row_factory=dict_row)
