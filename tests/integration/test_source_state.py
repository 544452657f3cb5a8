"""What is remembered of a source outlives the process, and is one for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from aegis.settings import Settings
from collectors.failures import SourceFailed
from collectors.http import record
from collectors.http.record import Record
from collectors.http.sources import StoredState
from collectors.validators import NO_VALIDATORS, Validators
from tests.support.database import in_database

pytestmark = pytest.mark.stack
NOON = datetime(2026, 7, 1, 3, tzinfo=UTC)


class States:
    """States of sources, each in a session of its own, as processes have them."""

    def __init__(self, dsn: str, sessions: ExitStack) -> None:
        self._dsn = dsn
        self._sessions = sessions

    def of(self, source: str) -> StoredState:
        return StoredState(self._sessions.enter_context(psycopg.connect(self._dsn, autocommit=True)), source)


@pytest.fixture
def states(stack: Settings, own_database: str) -> Iterator[States]:
    with ExitStack() as sessions:
        yield States(in_database(stack.postgres_collector_dsn.get_secret_value(), own_database), sessions)


def asked(state: StoredState, now: datetime = NOON, per_day: int | None = None) -> Record:
    return state.change(lambda kept: record.begun(kept, now, "gov24", per_day))


def test_requests_of_all_processes_count_together(states: States) -> None:
    asked(states.of("gov24"))
    assert asked(states.of("gov24")).requests == 2
    assert asked(states.of("bizinfo")).requests == 1


def test_the_last_request_of_a_day_is_the_last_for_every_process(states: States) -> None:
    asked(states.of("gov24"), per_day=1)
    with pytest.raises(SourceFailed, match="DP_1002"):
        asked(states.of("gov24"), per_day=1)
    assert asked(states.of("gov24"), NOON + timedelta(days=1), per_day=1).requests == 1


def test_a_day_that_is_spent_is_spent_after_a_restart(states: States) -> None:
    states.of("gov24").change(lambda kept: record.spent(kept, NOON))
    with pytest.raises(SourceFailed, match="after midnight in Korea"):
        asked(states.of("gov24"), NOON + timedelta(hours=11, minutes=59))
    assert asked(states.of("gov24"), NOON + timedelta(hours=12)).spent_at is None


def test_an_open_circuit_allows_one_trial_to_all_processes(states: States) -> None:
    for _ in range(record.MOST_FAILURES):
        states.of("gov24").change(lambda kept: record.failed(kept, NOON))
    later = NOON + record.REST
    asked(states.of("gov24"), later)
    with pytest.raises(SourceFailed, match="left in peace"):
        asked(states.of("gov24"), later)


def test_a_refused_transition_changes_nothing(states: States) -> None:
    state = states.of("gov24")
    before = asked(state)

    def refuse(_kept: Record) -> Record:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        state.change(refuse)
    assert state.change(lambda kept: kept) == before


def test_validators_are_remembered_replaced_and_forgotten(states: States) -> None:
    state, resource = states.of("korea.kr"), "https://www.korea.kr/rss/policy.xml"
    assert state.validators(resource) == NO_VALIDATORS
    for given in (Validators('"1"'), Validators(last_modified="Wed, 01 Jul 2026 00:00:00 GMT"), NO_VALIDATORS):
        state.remember(resource, given)
        assert states.of("korea.kr").validators(resource) == given
    assert states.of("other").validators(resource) == NO_VALIDATORS


def test_a_collector_cannot_make_a_source_forgotten(stack: Settings, own_database: str) -> None:
    dsn = in_database(stack.postgres_collector_dsn.get_secret_value(), own_database)
    with psycopg.connect(dsn) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("DELETE FROM ops.source_states")
