"""Fixes of real runs: listed and audited once, undone for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from aegis.settings import Settings
from infra.local.portals.application import running, simulator
from tests.support.collecting import Collecting, collecting
from tests.support.database import in_database

pytestmark = pytest.mark.stack


@pytest.fixture
def world(stack: Settings, own_database: str) -> Iterator[Collecting]:
    with running(simulator()) as portals:
        yield collecting(stack, own_database, portals)


@pytest.fixture
def validator(stack: Settings, own_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(in_database(stack.postgres_validator_dsn.get_secret_value(), own_database), autocommit=True) as connection:
        yield connection


def swapped(world: Collecting) -> str:
    """Identifier of a record whose days the portal swapped."""
    return world.simulator.bizinfo.change(None, {"reqstBeginEndDe": "2026-05-31 ~ 2026-05-01"})


def noisy(world: Collecting) -> str:
    """Identifier of a record whose title was encoded once too often."""
    return world.simulator.gov24.change(None, {"서비스명": "R&amp;amp;amp;amp;D 지원"})


def undo(validator: psycopg.Connection, fix: dict[str, Any], *, dry_run: bool = False) -> str:
    row = validator.execute("SELECT ops.undo_fix(%s, 'the portal means it', %s)", (fix["fix_id"], dry_run)).fetchone()
    assert row is not None
    return str(row[0])


def test_a_swapped_period_is_fixed_listed_and_audited_instead_of_quarantined(world: Collecting) -> None:
    key = swapped(world)
    summary = world.run("bizinfo")
    assert summary.quarantined == 0
    policy = world.policies()[key]
    assert (policy["application_start_date"], policy["application_end_date"]) == (date(2026, 5, 1), date(2026, 5, 31))
    (fix,) = world.rows("SELECT * FROM ops.fixes")
    assert (fix["policy_id"], fix["source"], fix["kind"]) == (policy["policy_id"], "bizinfo", "swapped_dates")
    assert fix["before"] == {"application_start_date": "2026-05-31", "application_end_date": "2026-05-01"}
    (audit,) = world.rows("SELECT * FROM audit_logs WHERE action = 'fix'")
    assert (audit["key"], audit["after"]["fix_id"], audit["actor"]) == (policy["policy_id"], fix["fix_id"], "aegis_collector")


def test_a_second_run_lists_and_writes_nothing_again(world: Collecting) -> None:
    swapped(world)
    noisy(world)
    for source in ("bizinfo", "gov24"):
        world.run(source)
    before = world.fingerprint(), world.rows("SELECT *, xmin::text FROM ops.fixes ORDER BY 1"), world.rows("SELECT count(*) FROM audit_logs")
    for source in ("bizinfo", "gov24"):
        assert world.run(source).changed == 0
    assert (world.fingerprint(), world.rows("SELECT *, xmin::text FROM ops.fixes ORDER BY 1"), world.rows("SELECT count(*) FROM audit_logs")) == before
    assert len(before[1]) == 2


def test_a_dry_run_lists_no_fix(world: Collecting) -> None:
    noisy(world)
    world.run("gov24", dry_run=True)
    assert world.rows("SELECT * FROM ops.fixes") == []


def test_an_undone_fix_restores_the_field_and_does_not_come_back(world: Collecting, validator: psycopg.Connection) -> None:
    key = noisy(world)
    world.run("gov24")
    assert world.policies()[key]["title"] == "R&D 지원"
    (fix,) = world.rows("SELECT * FROM ops.fixes")
    assert undo(validator, fix, dry_run=True) == "restored"
    assert world.policies()[key]["title"] == "R&D 지원"
    assert undo(validator, fix) == "restored"
    restored = world.policies()[key]
    assert restored["title"] == fix["before"]["title"]
    (audit,) = world.rows("SELECT * FROM audit_logs WHERE action = 'undo_fix'")
    assert (audit["key"], audit["reason"], audit["actor"]) == (fix["policy_id"], "the portal means it", "aegis_validator")
    assert world.run("gov24").changed == 0
    assert world.policies()[key] == restored
    assert len(world.rows("SELECT * FROM ops.fixes")) == 1
    assert undo(validator, fix) == "undone before"


def test_an_undone_swap_leaves_the_period_to_its_text(world: Collecting, validator: psycopg.Connection) -> None:
    key = swapped(world)
    world.run("bizinfo")
    (fix,) = world.rows("SELECT * FROM ops.fixes")
    assert undo(validator, fix) == "restored"
    summary = world.run("bizinfo")
    assert (summary.changed, summary.quarantined) == (0, 0)
    policy = world.policies()[key]
    assert (policy["application_start_date"], policy["application_end_date"]) == (None, None)
    assert policy["application_period_text"] == "2026-05-31 ~ 2026-05-01"


def test_a_field_that_changed_since_is_left_alone_by_undoing(world: Collecting, validator: psycopg.Connection) -> None:
    key = noisy(world)
    world.run("gov24")
    (fix,) = world.rows("SELECT * FROM ops.fixes")
    world.simulator.gov24.change(key, {"서비스명": "연구 지원"})
    world.run("gov24")
    assert undo(validator, fix) == "overtaken"
    assert world.policies()[key]["title"] == "연구 지원"
    assert undo(validator, {"fix_id": -1}) == "unknown"
