"""What operators do with dead letters: retry and discard, in batches, each told in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from getpass import getuser
from typing import Any

import psycopg
from psycopg.rows import dict_row

from aegis.cli.dead_letters.choice import Choice, letters_query
from aegis.settings import settings

ATTEMPTS = 3
"""A key that one store has given up on so often is retried only when it is named: its cause is likely in the row."""
BATCH = 500
"""Rows that one statement touches, and one transaction locks."""

Operator = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Touched:
    """A row that was touched for a retry. `version` None: it was gone by then."""

    table: str
    key: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a retry of a choice would do."""

    keys: int
    """Held keys to touch."""
    tired: int
    """Held keys that are left out: given up on too often."""
    resolved: int
    """Letters whose row has a newer version or is gone: there is nothing to retry."""
    gone: int
    """Those of them whose row is gone."""
    undecodable: int
    """Letters that no row can be touched for."""
    letters: int
    """All that were looked at."""
    newest: int | None
    """The highest number among them: a letter that comes later, of a retry that failed again, is not of this plan."""

    def lines(self) -> list[str]:
        """For people; what does not occur is left out."""
        said = [
            (self.keys, f"{self.keys:,} held keys to retry: each row is touched and flows through the log to every store"),
            (self.tired, f"{self.tired:,} held keys left out: given up on {ATTEMPTS} times or more; mend the row, or name each by --key"),
            (self.resolved, f"{self.resolved:,} letters are resolved: their row has a newer version, or is gone from PostgreSQL ({self.gone:,})"),
            (self.undecodable, f"{self.undecodable:,} letters could not be decoded, so there is no row to touch"),
        ]
        return [line for count, line in said if count]


def operating() -> Operator:
    """A session of the operator, each statement a transaction, planned for the filters that it has."""
    dsn = settings().postgres_operator_dsn.get_secret_value()
    return psycopg.connect(dsn, autocommit=True, row_factory=dict_row, prepare_threshold=None)


def plan(operator: Operator, choice: Choice) -> Plan:
    """What `retry` would do now."""
    found = operator.execute(letters_query("plan"), choice.parameters(attempts=_limit(choice))).fetchone()
    assert found is not None
    return Plan(**found)


def undecodable(operator: Operator, choice: Choice) -> list[dict[str, Any]]:
    """store, topic, partition, first, letters: where the bytes stand that could not be decoded; at most 20 places."""
    return operator.execute(letters_query("undecodable"), choice.parameters()).fetchall()


def retry(operator: Operator, choice: Choice, newest: int | None) -> Iterator[list[Touched]]:
    """Touch every held row that `choice` means, batch by batch, each in a transaction of its own; what is interrupted can be run again.

    `newest`: of the plan.
    """
    parameters = choice.parameters(newest=newest, attempts=_limit(choice), batch=BATCH, actor=getuser(), reason="aegis dlq retry")
    while touched := [Touched(**row) for row in operator.execute(letters_query("retry"), parameters)]:
        yield touched
        parameters |= {"after_table": touched[-1].table, "after_key": touched[-1].key}


def resolve(operator: Operator, choice: Choice, newest: int | None) -> Iterator[int]:
    """Mark letters whose row has a newer version, or is gone; how many, batch by batch."""
    parameters = choice.parameters(newest=newest, batch=BATCH, actor=getuser(), reason="aegis dlq retry: the row has a newer version, or is gone")
    yield from _batches(operator, "resolve", parameters)


def discard(operator: Operator, choice: Choice, reason: str, number: int | None = None, newest: int | None = None) -> Iterator[int]:
    """Give up letter `number`, or all open ones that `choice` means; how many, batch by batch."""
    parameters = choice.parameters(newest=newest, batch=BATCH, actor=getuser(), reason=reason, id=number)
    yield from _batches(operator, "discard", parameters)


def _batches(operator: Operator, name: str, parameters: dict[str, Any]) -> Iterator[int]:
    while True:
        done = operator.execute(letters_query(name), parameters).fetchone()
        if done is None or done["last"] is None:
            return
        yield done["letters"]
        parameters["after"] = done["last"]


def _limit(choice: Choice) -> int | None:
    return None if choice.key is not None else ATTEMPTS
