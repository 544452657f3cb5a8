"""PostgreSQL's end of the full validation: what is due, and what was decided. One transaction a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import psycopg
import structlog
from pydantic import ValidationError

from aegis.queries import queries
from aegis.rows.business_rule import BusinessRule
from aegis.rows.policy import Policy
from batch.readable import fields_of, readable
from batch.validation.filling import Filled
from batch.validation.judgement import ARCHIVED_AFTER, Judgement

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be judged, and as of which day."""

    on: date
    """Today in Korea."""
    threshold: float
    batch_size: int = 100
    source: str | None = None
    limit: int | None = None
    again: bool = False
    """Judge anew what has been judged, too."""
    dry_run: bool = False

    def options(self) -> dict[str, Any]:
        """For `ops.runs`."""
        return {name: getattr(self, name) for name in ("source", "limit", "again", "dry_run", "batch_size", "threshold")}


@dataclass(frozen=True, slots=True)
class Due:
    """A policy that is to be judged, and what the last judgement filled in."""

    row: Policy
    filled: Filled


@dataclass(frozen=True, slots=True)
class Batch:
    """The next policies, in the order of their keys."""

    due: tuple[Due, ...]
    unreadable: int
    """Rows that are no policy to Aegis; the log has their keys."""
    last: str | None
    """Key to go on after; None where this was the end."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch of judgements."""

    settled: int
    """Judged; the others changed meanwhile."""
    changed: int
    """Rows that were written."""
    news: int
    """Judgements that said something new, each with its event."""
    refused: tuple[str, ...] = ()
    """Keys whose judgement PostgreSQL refused."""

    def __add__(self, other: Written) -> Written:
        return Written(self.settled + other.settled, self.changed + other.changed, self.news + other.news, self.refused + other.refused)


class Ledger:
    """Reads and writes as the validator. `connection`: autocommit, rows as dicts."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]], run_id: str, traceparent: str | None = None) -> None:
        self._connection = connection
        self._run_id = run_id
        self._traceparent = traceparent
        self._sql = queries("validate")

    def rules(self) -> tuple[BusinessRule, ...]:
        """Every validation rule of the table. One that cannot be read is left out, and logged."""
        found = []
        for row in self._connection.execute(self._sql["rules"]):
            try:
                found.append(BusinessRule.model_validate(row))
            except ValidationError as error:
                log.warning("validate.rule_unreadable", rule=row["rule_id"], fields=fields_of(error))
        return tuple(found)

    def due_count(self, order: Order) -> int:
        """How many policies are due now."""
        row = self._connection.execute(self._sql["due_count"], _selection(order)).fetchone()
        assert row is not None
        return int(row["due"]) if order.limit is None else min(order.limit, int(row["due"]))

    def due(self, order: Order, after: str, limit: int) -> Batch:
        """At most `limit` policies whose keys follow `after`."""
        rows = self._connection.execute(self._sql["due"], _selection(order) | {"after": after, "limit": limit}).fetchall()
        read = tuple(Due(policy, row["filled"]) for row in rows if (policy := readable(row)) is not None)
        return Batch(read, len(rows) - len(read), rows[-1]["policy_id"] if len(rows) == limit else None)

    def newly_spoken_for(self, canonical: Mapping[str, str]) -> tuple[Due, ...]:
        """Of the policies that `canonical` says are spoken for by another (policy_id → policy_id), those active ones whose judgement does not say so."""
        if not canonical:
            return ()
        rows = self._connection.execute(self._sql["newly_spoken_for"], {"spoken_for": orjson.dumps(dict(canonical)).decode()})
        return tuple(Due(policy, row["filled"]) for row in rows if (policy := readable(row)) is not None)

    def spoken_for_no_longer(self, judged: Sequence[str], members: Sequence[str]) -> tuple[Due, ...]:
        """Active policies whose judgement names one of `judged` as what speaks for them, except `members`, of which that was just found."""
        rows = self._connection.execute(self._sql["spoken_for_no_longer"], {"judged": list(judged), "members": list(members)})
        return tuple(Due(policy, row["filled"]) for row in rows if (policy := readable(row)) is not None)

    @contextmanager
    def transaction(self, *, dry_run: bool) -> Iterator[None]:
        """A batch, whole or not at all; in a dry run never."""
        with self._connection.transaction(force_rollback=dry_run):
            yield

    def judge(self, judgements: Sequence[Judgement]) -> Written:
        """Write a batch; where PostgreSQL refuses it, halves of it, until the one at fault is alone. Raises psycopg.Error otherwise."""
        if not judgements:
            return Written(0, 0, 0)
        try:
            return self._write(judgements)
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            if len(judgements) == 1:
                log.exception("validate.refused", policy_id=judgements[0].policy_id, error=type(error).__name__)
                return Written(0, 0, 0, (judgements[0].policy_id,))
        middle = len(judgements) // 2
        return self.judge(judgements[:middle]) + self.judge(judgements[middle:])

    def _write(self, judgements: Sequence[Judgement]) -> Written:
        batch = orjson.dumps([each.document() for each in judgements], default=str).decode()
        parameters = {"batch": batch, "run_id": self._run_id, "traceparent": self._traceparent}
        with self._connection.transaction():  # within the batch's: what is refused leaves the rest of it standing
            rows = self._connection.execute(self._sql["judge"], parameters).fetchall()
        return Written(len(rows), sum(row["changed"] for row in rows), sum(row["is_new"] for row in rows))


def _selection(order: Order) -> dict[str, Any]:
    return {"source": order.source, "again": order.again, "archived_before": order.on - ARCHIVED_AFTER}
