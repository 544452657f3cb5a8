"""Leases of apps, on a real database, and the watch that every worker keeps on them."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis.pausing import AppPaused, Lease, LeaseLost, Pause, connect, pause_of
from aegis.settings import Settings
from stream_apps.pausing import PauseWatch
from tests.support.database import in_database
from tests.support.proxy import Proxy
from tests.support.wait import until

pytestmark = pytest.mark.stack

SHORT_SECONDS = 1.2


@pytest.fixture
def operator(stack: Settings, own_database: str) -> str:
    """The operator's connection to the test's own database: its privileges suffice."""
    return in_database(stack.postgres_operator_dsn.get_secret_value(), own_database)


def paused(dsn: str, app: str = "redis") -> Pause | None:
    with closing(connect(dsn)) as connection:
        return pause_of(connection, app)


def execute(dsn: str, statement: Any) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def test_a_lease_pauses_its_app_alone_from_its_begin_to_its_end(operator: str) -> None:
    with Lease(operator, "redis", "run 1", "replay") as lease:
        found = paused(operator)
        assert found is not None
        assert (found.holder, found.reason, lease.held) == ("run 1", "replay", True)
        assert paused(operator, "neo4j") is None
    assert paused(operator) is None


def test_a_lease_that_another_holds_is_refused_by_name(operator: str) -> None:
    with Lease(operator, "redis", "run 1", "replay"):
        with pytest.raises(AppPaused, match=r"app redis is paused by run 1 \(replay\) until .*wait for it to end"), Lease(operator, "redis", "run 2", "replay"):
            pass
        found = paused(operator)
        assert found is not None
        assert found.holder == "run 1"
        with Lease(operator, "neo4j", "run 2", "replay"):
            pass


def test_a_lease_is_renewed_until_its_end(operator: str) -> None:
    with Lease(operator, "redis", "run 1", "replay", SHORT_SECONDS) as lease:
        first = paused(operator)
        assert first is not None
        until(lambda: (now := paused(operator)) is not None and (now.until - first.until).total_seconds() > 2 * SHORT_SECONDS, 20, "two more lengths of it")
        lease.check()


def test_a_lease_that_ended_unrenewed_can_be_taken_by_another_and_its_first_holder_learns_it(operator: str, owner_dsn: str) -> None:
    with Lease(operator, "redis", "run 1", "replay", SHORT_SECONDS) as first:
        execute(owner_dsn, "UPDATE ops.paused_apps SET until = clock_timestamp()")  # as if PostgreSQL had not been reached in time
        until(lambda: not first.held, 20, "the holder to learn it")
        with pytest.raises(LeaseLost, match="the lease of app redis ended"):
            first.check()
        with Lease(operator, "redis", "run 2", "replay"):
            pass


def test_the_end_of_a_lease_that_another_has_taken_since_releases_nothing(operator: str, owner_dsn: str) -> None:
    with Lease(operator, "redis", "run 1", "replay"):
        execute(owner_dsn, "UPDATE ops.paused_apps SET holder = 'run 2'")
    found = paused(operator)
    assert found is not None
    assert found.holder == "run 2"


def test_a_lease_that_loses_its_connection_is_renewed_on_another(operator: str, owner_dsn: str) -> None:
    with Lease(operator, "redis", "run 1", "replay", SHORT_SECONDS) as lease:
        first = paused(operator)
        assert first is not None
        execute(owner_dsn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aegis pausing' AND datname = current_database()")
        until(lambda: (now := paused(operator)) is not None and (now.until - first.until).total_seconds() > 2 * SHORT_SECONDS, 20, "renewals")
        assert lease.held


def test_a_worker_sees_its_pause_and_its_end(operator: str) -> None:
    with closing(PauseWatch(operator, "redis").start()) as watch:
        assert not watch.paused
        with Lease(operator, "redis", "run 1", "replay"):
            until(lambda: watch.paused, 10, "the worker to see the pause")
            assert {"status": "paused", "holder": "run 1", "reason": "replay"}.items() <= watch.details().items()
        until(lambda: not watch.paused, 10, "the worker to see the end of it")


def test_a_postgresql_that_does_not_answer_neither_pauses_nor_resumes(operator: str, owner_dsn: str) -> None:
    target = conninfo_to_dict(operator)
    with ExitStack() as open_, Lease(operator, "redis", "run 1", "replay"):
        proxy = open_.enter_context(Proxy(str(target["host"]), int(str(target["port"]))))
        through = make_conninfo(operator, host="127.0.0.1", port=proxy.port)
        watch, other = (open_.enter_context(closing(PauseWatch(through, app).start())) for app in ("redis", "neo4j"))
        proxy.lose_replies()
        proxy.cut()
        execute(owner_dsn, "UPDATE ops.paused_apps SET app = 'neo4j'")
        until(lambda: not watch._answered and not other._answered, 20, "both to get no answer")
        assert (watch.paused, other.paused) == (True, False)
        proxy.heal()
        until(lambda: (watch.paused, other.paused) == (False, True), 20, "both to see what became of it")


def test_a_worker_starts_where_postgresql_never_answered() -> None:
    with closing(PauseWatch("postgresql://nobody@127.0.0.1:1/none", "redis").start()) as watch:
        watch.wait()
        assert not watch.paused
