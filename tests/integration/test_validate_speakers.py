"""A policy that speaks for others, and is judged to be shown to nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import pytest

from aegis.rows.policy import Policy
from aegis.settings import Settings
from batch.duplicates.candidates import Candidates
from batch.duplicates.finding import find
from batch.duplicates.nearest import NoNeighbours
from batch.progress import Silent
from batch.validation.judgement import Verdict
from batch.validation.ledger import Order
from batch.validation.run import Validated, validate
from batch.validation.twins import Twins
from tests.support.validating import TODAY, Validating, validating

pytestmark = pytest.mark.stack

Judge = Callable[..., Validated]
NO_BIZINFO = {"requires": {"not": {"field": "category", "equals": "금지"}}, "field": "category", "reason": "a category of no use", "remedy": "name another"}


@pytest.fixture
def world(stack: Settings, own_database: str) -> Validating:
    return validating(stack, own_database)


@pytest.fixture
def judged(world: Validating) -> Judge:
    def run(**options: Any) -> Validated:
        def comparing(connection: psycopg.Connection[dict[str, Any]]) -> Callable[[Sequence[Policy]], Mapping[str, Verdict]]:
            return Twins(connection, NoNeighbours()).verdicts

        return validate(world.operator_dsn, world.validator_dsn, Order(on=TODAY, threshold=0.7, **options), Silent(), comparing)

    return run


def canonical(world: Validating, *keys: str) -> dict[str, str | None]:
    return {key: world.judgement(key)["canonical_id"] for key in keys}


def test_a_policy_that_is_rejected_speaks_for_nobody_from_its_first_judgement_on(world: Validating, judged: Judge) -> None:
    world.add_rule("no", NO_BIZINFO)
    world.add("a", source="bizinfo", detail_url="https://www.bizinfo.go.kr/1", category="금지", tags=["하나"])
    world.add("b", source="gov24", detail_url=None)
    assert judged().tally.duplicates == 0
    assert canonical(world, "a", "b") == {"a": None, "b": None}
    before = world.fingerprint()
    assert judged().tally.judged == 0
    assert judged(again=True).tally.news == 0
    assert world.fingerprint() == before


@pytest.mark.parametrize(("speaker", "member"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("size", [1, 100])
def test_whoever_loses_its_speaker_is_judged_anew_in_the_same_run(world: Validating, judged: Judge, speaker: str, member: str, size: int) -> None:
    world.add_rule("no", NO_BIZINFO)
    world.add(speaker, source="bizinfo", detail_url="https://www.bizinfo.go.kr/1", tags=["하나"])
    world.add(member, source="gov24", detail_url=None)
    judged()
    assert canonical(world, speaker, member) == {speaker: None, member: speaker}
    world.rows("UPDATE policies SET category = '금지', status = 'pending_validation' WHERE policy_id = %(key)s", key=speaker)
    world.rows("UPDATE policies SET tags = '{둘}' WHERE policy_id = %(key)s", key=member)
    judged(batch_size=size)
    assert world.policy(speaker)["status"] == "rejected"
    assert canonical(world, speaker, member) == {speaker: None, member: None}
    assert world.rows("SELECT member FROM ops.duplicates WHERE ended_at IS NULL") == []
    before = world.fingerprint()
    assert judged(batch_size=size).tally.judged == 0
    assert world.fingerprint() == before


def test_whoever_is_no_longer_like_its_speaker_speaks_for_itself(world: Validating, judged: Judge) -> None:
    world.add("a", source="bizinfo", detail_url="https://www.bizinfo.go.kr/1", tags=["하나"])
    world.add("b", source="gov24", detail_url=None)
    judged()
    assert canonical(world, "b") == {"b": "a"}
    world.rows("UPDATE policies SET title = '부산 어르신 틀니 시술비 지원', target_regions = '{26}', issuing_organization = '부산광역시' WHERE policy_id = 'a'")
    judged()
    assert canonical(world, "a", "b") == {"a": None, "b": None}
    assert judged().tally.judged == 0


def test_a_rejected_policy_that_nothing_speaks_against_any_more_is_compared_when_it_is_judged_again(world: Validating, judged: Judge) -> None:
    world.add_rule("no", NO_BIZINFO)
    world.add("a", source="bizinfo", detail_url="https://www.bizinfo.go.kr/1", category="금지", tags=["하나"])
    world.add("b", source="gov24", detail_url=None)
    judged()
    world.rows("DELETE FROM business_rules")
    judged(again=True)
    assert world.policy("a")["status"] == "active"
    assert canonical(world, "a", "b") == {"a": None, "b": "a"}


def test_a_row_that_nobody_can_read_holds_up_neither_those_that_are_like_it_nor_a_look_at_everything(world: Validating, judged: Judge) -> None:
    for key in ("a", "b", "c"):
        world.add(key, source=f"source_{key}", detail_url=None)
    judged()
    world.rows("UPDATE policies SET created_at = '12000-01-01' WHERE policy_id = 'c'")
    world.rows("UPDATE policies SET tags = '{새로}' WHERE policy_id = 'b'")
    assert judged().tally.unreadable == 1
    assert world.judgement("b")["judged_version"] == world.policy("b")["version"]
    with psycopg.connect(world.validator_dsn) as connection:
        assert find(Candidates(connection, NoNeighbours()), Silent()).policies == 2
