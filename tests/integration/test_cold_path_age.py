"""What Prometheus is told about the cold path's runs, from a real database over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from math import inf
from time import time

import httpx
import psycopg
import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from aegis.settings import Settings
from aegis.telemetry.health import HealthServer
from stream_apps.cold_path_age import ColdPathAge
from tests.support.database import in_database
from tests.support.wait import until

pytestmark = pytest.mark.stack

Told = Callable[[], dict[str, float]]
FULL = {"complete": True, "dry_run": False}
NOON = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture
def told(stack: Settings, own_database: str) -> Iterator[Told]:
    """Asks the metrics' endpoint: name → value."""
    registry = CollectorRegistry()
    dsn = in_database(stack.postgres_operator_dsn.get_secret_value(), own_database)
    with closing(ColdPathAge(dsn, registry, refresh_seconds=0.1).start()), HealthServer(0, registry=registry) as server:

        def ask() -> dict[str, float]:
            text = httpx.get(f"http://127.0.0.1:{server.port}/metrics").text
            return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}

        until(ask, 20, "the first look")
        yield ask


@pytest.fixture
def ran(owner_dsn: str) -> Callable[..., float]:
    """Records a run that ended at an hour, and gives its end."""

    def record(hour: int, verdict: str, options: dict[str, bool], kind: str = "reconcile", state: str = "finished") -> float:
        end = NOON.replace(hour=hour)
        with psycopg.connect(owner_dsn) as connection:
            connection.execute(
                "INSERT INTO ops.runs (run_id, lock, kind, options, state, verdict, started_at, finished_at) VALUES (%s, 'test', %s, %s, %s, %s, %s, %s)",
                (f"run {hour}", kind, Jsonb(options), state, verdict, end - timedelta(minutes=30), end),
            )
        return end.timestamp()

    return record


def lag() -> float | None:
    return REGISTRY.get_sample_value("pipeline_lag_seconds", {"path": "cold"})


def test_a_cold_path_that_never_ran_is_told_as_such(told: Told) -> None:
    assert told() == {"reconcile_last_clean_timestamp_seconds": 0, "reconcile_last_run_timestamp_seconds": 0}
    assert lag() == inf


@pytest.mark.parametrize(
    ("verdict", "options"), [("clean", FULL), ("repaired", FULL), ("clean", FULL | {"dry_run": True})], ids=["clean", "repaired", "dry and clean"]
)
def test_a_comparison_of_everything_that_was_clean_in_the_end_counts(told: Told, ran: Callable[..., float], verdict: str, options: dict[str, bool]) -> None:
    end = ran(5, verdict, options)
    until(lambda: told()["reconcile_last_clean_timestamp_seconds"] == end, 20, "the run to be told")
    assert lag() == pytest.approx(time() - end, abs=5)


def test_only_such_a_comparison_counts_but_every_one_is_a_run(told: Told, ran: Callable[..., float]) -> None:
    end = ran(5, "clean", FULL)
    ran(6, "drift_left", FULL)
    ran(7, "repaired", FULL | {"dry_run": True})
    ran(8, "clean", FULL | {"complete": False})
    ran(9, "clean", FULL, kind="purge")
    last = ran(10, "failed", FULL, state="failed")
    until(lambda: told()["reconcile_last_run_timestamp_seconds"] == last, 20, "the last run to be told")
    assert told()["reconcile_last_clean_timestamp_seconds"] == end


def test_a_database_that_never_answers_tells_nothing() -> None:
    registry = CollectorRegistry()
    with closing(ColdPathAge("postgresql://nobody@127.0.0.1:1/none", registry).start()) as age:
        until(lambda: not age._answered, 20, "the first look to fail")
        assert list(registry.collect()) == []
