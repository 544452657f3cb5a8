"""The full validation and policies that several sources publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import pytest

from aegis.errors import Code, StoreUnavailable
from aegis.rows.policy import Policy
from aegis.settings import Settings
from batch.duplicates.nearest import Nearest, Neighbourhood, NoNeighbours
from batch.progress import Silent
from batch.validation.judgement import Verdict
from batch.validation.ledger import Order
from batch.validation.run import Validated, validate
from batch.validation.twins import Twins
from tests.support.validating import TODAY, Validating, validating

pytestmark = pytest.mark.stack

Judge = Callable[..., Validated]


class Silenced:
    """A vector store that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    def around(self, _keys: Sequence[str]) -> Neighbourhood:
        self.asked += 1
        raise StoreUnavailable(Code.MILVUS_SYNC_FAILED, "no answer")


@pytest.fixture
def world(stack: Settings, own_database: str) -> Validating:
    return validating(stack, own_database)


@pytest.fixture
def judged(world: Validating) -> Judge:
    def run(nearest: Nearest | None = None, **options: Any) -> Validated:
        def comparing(connection: psycopg.Connection[dict[str, Any]]) -> Callable[[Sequence[Policy]], Mapping[str, Verdict]]:
            return Twins(connection, nearest or NoNeighbours()).verdicts

        return validate(world.operator_dsn, world.validator_dsn, Order(on=TODAY, threshold=0.7, **options), Silent(), comparing)

    return run


def test_one_policy_of_two_sources_has_one_that_speaks_whichever_came_first_and_both_stay(world: Validating, judged: Judge) -> None:
    world.add("a", source="bizinfo", detail_url=None)
    judged()
    world.add("b", source="gov24", detail_url=None, funding_amount_max=7_000_000)
    world.add("c", source="gov24", title="부산 어르신 틀니 시술비 지원", target_regions=["26"], issuing_organization="부산광역시", detail_url=None)
    done = judged()
    canonical = {key: world.judgement(key)["canonical_id"] for key in "abc"}
    [(member, speaker)] = [(key, other) for key, other in canonical.items() if other]
    assert {member, speaker} == {"a", "b"}
    assert done.tally.duplicates == 1
    assert {world.policy(key)["status"] for key in "abc"} == {"active"}
    assert "DP_2003" in {reason["code"] for reason in world.judgement(member)["reasons"]}
    assert world.rows("SELECT member, canonical FROM ops.duplicates WHERE ended_at IS NULL") == [{"member": member, "canonical": speaker}]
    before = world.fingerprint()
    assert judged().tally.judged == 0
    assert judged(again=True).tally.news == 0
    assert world.fingerprint() == before


def test_the_same_title_of_two_municipalities_is_two_policies(world: Validating, judged: Judge) -> None:
    world.add("a", source="gov24", title="출산장려금 지원", issuing_organization="경기도 성남시", target_regions=["41"], detail_url=None)
    world.add("b", source="gov24", title="출산장려금 지원", issuing_organization="경기도 수원시", target_regions=["41"], detail_url=None)
    judged()
    assert {world.judgement(key)["canonical_id"] for key in "ab"} == {None}


def test_a_dry_run_leaves_no_trace_of_what_it_compared(world: Validating, judged: Judge) -> None:
    world.add("a", source="bizinfo", detail_url=None)
    world.add("b", source="gov24", detail_url=None)
    assert judged(dry_run=True).tally.duplicates == 1
    assert world.rows("SELECT * FROM ops.duplicate_keys") == world.rows("SELECT * FROM ops.duplicates") == []


def test_a_vector_store_that_does_not_answer_is_asked_once_and_holds_up_no_judgement(world: Validating, judged: Judge) -> None:
    for number in range(4):
        world.add(f"p{number}", title=f"서울 청년창업 지원 {'가나다라'[number] * 3}")
    silenced = Silenced()
    assert judged(silenced, batch_size=2).tally.judged == 4
    assert silenced.asked == 1
