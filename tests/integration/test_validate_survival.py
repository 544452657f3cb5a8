"""What the full validation decided survives the next collection, and a change at the source opens it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from aegis.settings import Settings
from collectors.draft import Accepted, Document, PolicyDraft
from collectors.store import PolicyStore
from infra.local.portals.application import running, simulator
from infra.local.portals.generated import PER_PORTAL
from tests.support.collecting import Collecting, collecting
from tests.support.database import database
from tests.support.validating import CONTENT, TODAY, Validating, validating

pytestmark = pytest.mark.stack


@dataclass(frozen=True, slots=True)
class World:
    """A portal with one record that says everything in words, its collector, and the full validation."""

    portal: Collecting
    validation: Validating
    source_id: str

    def says(self, **fields: str) -> None:
        """The portal changes the record."""
        self.portal.simulator.gov24.change(self.source_id, fields)

    def row(self) -> dict[str, Any]:
        return self.portal.policies()[self.source_id]

    def everything(self) -> list[list[dict[str, Any]]]:
        return self.portal.fingerprint() + self.validation.fingerprint()


@pytest.fixture(scope="module")
def name(stack: Settings, template_database: str) -> Iterator[str]:
    with database(stack.postgres_dsn.get_secret_value(), template_database) as made:
        yield made


@pytest.fixture
def world(stack: Settings, name: str) -> Iterator[World]:
    with running(simulator()) as portals:
        portal, validation = collecting(stack, name, portals), validating(stack, name)
        portal.empty()
        validation.empty()
        made = World(portal, validation, portals.gov24.rows[0]["서비스ID"])
        made.says(지원내용=f"{CONTENT}\n지원한도: 업체당 최대 5억원, 대출금리 연 2.5%", 신청기한="2026년 11월 2일부터 2026년 12월 20일까지")
        yield made


def test_collecting_and_validating_again_changes_nothing(world: World) -> None:
    world.portal.run()
    assert world.validation.run().tally.judged == PER_PORTAL
    row = world.row()
    assert (row["status"], row["funding_amount_max"], str(row["interest_rate"])) == ("active", 500_000_000, "2.5000")
    assert (row["application_start_date"], row["application_end_date"]) == (date(2026, 11, 2), date(2026, 12, 20))
    before = world.everything()
    summary = world.portal.run()
    assert (summary.new, summary.changed, summary.archived) == (0, 0, 0)
    assert world.validation.run().tally.judged == 0
    assert world.everything() == before


def test_a_change_of_the_text_lets_go_of_the_days_that_were_read_from_it_and_is_judged_anew(world: World) -> None:
    world.portal.run()
    world.validation.run()
    world.says(신청기한="예산 소진시까지")
    assert world.portal.run().changed == 1
    row = world.row()
    assert (row["status"], row["application_start_date"], row["application_end_date"]) == ("active", None, None)
    assert world.validation.run().tally.judged == 1
    judgement = world.validation.judgement(row["policy_id"])
    assert judgement["was_read"]["period"]["kind"] == "until_exhausted"
    assert "application_end_date" not in judgement["filled"]


def test_days_that_the_source_states_itself_replace_those_that_were_read(world: World) -> None:
    world.portal.run()
    world.validation.run()
    world.says(신청기한="2026.11.05 ~ 2027.01.10")
    world.portal.run()
    world.validation.run()
    row = world.row()
    assert (row["application_start_date"], row["application_end_date"]) == (date(2026, 11, 5), date(2027, 1, 10))


@pytest.mark.parametrize(("column", "code"), [("target_regions", "51"), ("target_industries", "38")])
def test_todays_codes_stay_while_the_source_states_the_former_ones(world: World, column: str, code: str) -> None:
    world.portal.run()
    world.validation.run()
    stated = world.row()[column]
    filled = {column: {"stated": stated, "set": [code]}}
    key = world.row()["policy_id"]
    write = f"UPDATE policies SET {column} = %(codes)s WHERE policy_id = %(key)s RETURNING 1"
    world.validation.rows(write, key=key, codes=[code])
    assert world.portal.run().changed == 1  # somebody wrote it whom nobody knows
    world.validation.rows(write, key=key, codes=[code])
    world.validation.rows("UPDATE ops.judgements SET filled = filled || %(filled)s WHERE policy_id = %(key)s", key=key, filled=Jsonb(filled))
    assert world.portal.run().changed == 0
    assert world.row()[column] == [code]
    world.says(지원내용=f"{CONTENT}\n지원한도: 업체당 최대 7억원")
    assert world.portal.run().changed == 1
    assert world.row()[column] == [code]


def test_a_policy_that_validation_archived_is_revived_by_a_changed_record_only(world: World) -> None:
    world.says(신청기한="2026.01.02 ~ 2026.02.03")
    world.portal.run()
    world.validation.run()
    assert (world.row()["status"], world.row()["is_active"]) == ("archived", False)
    before = world.everything()
    assert world.portal.run().changed == 0
    assert world.validation.run().tally.judged == 0
    assert world.everything() == before
    world.says(신청기한="2026.01.02 ~ 2026.12.31")
    assert world.portal.run().changed == 1
    assert (world.row()["status"], world.row()["is_active"]) == ("pending_validation", True)
    world.validation.run()
    assert world.row()["status"] == "active"


def test_a_policy_that_its_source_withdrew_stays_archived_until_it_is_listed_again(world: World) -> None:
    world.portal.run()
    world.validation.run()
    shelf = world.portal.simulator.gov24
    record = dict(next(row for row in shelf.rows if row["서비스ID"] == world.source_id))
    shelf.remove(world.source_id)
    assert world.portal.run().archived == 1
    world.validation.run(again=True)
    assert world.row()["status"] == "archived"
    shelf.add(record)
    world.portal.run()
    assert world.row()["status"] == "pending_validation"


def test_a_policy_that_was_withdrawn_after_it_was_reopened_is_not_taken_for_archived_by_validation(world: World) -> None:
    world.says(신청기한="2026.01.02 ~ 2026.02.03")
    world.portal.run()
    world.validation.run()
    world.says(신청기한="2026.01.02 ~ 2026.12.31")
    world.portal.run()
    shelf = world.portal.simulator.gov24
    record = dict(next(row for row in shelf.rows if row["서비스ID"] == world.source_id))
    shelf.remove(world.source_id)
    world.portal.run()
    shelf.add(record)
    world.portal.run()
    assert world.row()["status"] == "pending_validation"


def test_a_rejected_policy_is_shown_again_when_its_source_mended_it(world: World) -> None:
    world.says(서비스명="---")
    world.portal.run()
    world.validation.run()
    assert (world.row()["status"], world.row()["is_active"]) == ("rejected", False)
    assert world.portal.run().changed == 0
    world.says(서비스명="청년 월세 지원")
    world.portal.run()
    world.validation.run(on=TODAY)
    assert (world.row()["status"], world.row()["is_active"]) == ("active", True)


def test_one_amount_that_the_source_begins_to_state_replaces_both_that_were_read(world: World) -> None:
    """A greatest amount below the least that was read would be refused by the table, and the whole page with it."""
    world.portal.run()
    world.validation.run()
    key = world.row()["policy_id"]
    world.validation.rows("UPDATE policies SET funding_amount_min = 10000000 WHERE policy_id = %(key)s RETURNING 1", key=key)
    with psycopg.connect(world.portal.collector_dsn, autocommit=True) as connection:
        draft = PolicyDraft(source="gov24", source_id=world.source_id, title="청년 월세 지원", funding_amount_max=1_000_000)
        store = PolicyStore(connection, "gov24", dry_run=False)
        store.store((Accepted(draft, Document("gov24", world.source_id, "0" * 64, "{}")),), (), frozenset())
    assert (world.row()["policy_id"], world.row()["funding_amount_min"], world.row()["funding_amount_max"]) == (key, None, 1_000_000)
