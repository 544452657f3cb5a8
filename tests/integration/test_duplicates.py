"""How duplicates are found and kept: candidates by blocking keys, what was found, and what is a duplicate no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import errors

from aegis.rows.policy import Policy
from aegis.settings import Settings, settings
from batch.cli.duplicates import command
from batch.duplicates.candidates import Candidates
from batch.duplicates.finding import find
from batch.duplicates.nearest import Neighbourhood, NoNeighbours
from batch.progress import Silent
from tests.support.database import in_database

pytestmark = pytest.mark.stack

INSERT = """INSERT INTO policies (policy_id, source, source_id, title, issuing_organization, content, status)
            VALUES (%(key)s, %(source)s, %(key)s, %(title)s, %(owner)s, %(content)s, 'active')"""
ROWS = "SELECT * FROM policies WHERE policy_id = ANY(%s) ORDER BY policy_id"
FOUND = "SELECT member, canonical, ended_at IS NULL AS holds FROM ops.duplicates ORDER BY member"


@pytest.fixture
def owner(owner_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(owner_dsn, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        yield connection


@pytest.fixture
def candidates(stack: Settings, own_database: str) -> Iterator[Candidates]:
    with psycopg.connect(in_database(stack.postgres_validator_dsn.get_secret_value(), own_database)) as connection:
        yield Candidates(connection, NoNeighbours())


def add(owner: psycopg.Connection[Any], key: str, title: str, source: str = "gov24", place: str = "경기도 가나시") -> None:
    owner.execute(INSERT, {"key": key, "source": source, "title": title, "owner": place, "content": "무주택 청년에게 월세를 지원"})


def rows(owner: psycopg.Connection[Any], *keys: str) -> list[Policy]:
    return [Policy.model_validate(row) for row in owner.execute(ROWS, (list(keys),))]


def look(candidates: Candidates, batch: list[Policy]) -> tuple[int, int]:
    recorded = candidates.record(candidates.look(batch))
    candidates.connection.commit()
    return recorded.kept, recorded.ended


def test_a_policy_is_compared_with_those_that_were_looked_at_before(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "가나시 청년월세 지원사업", "bokjiro_local")
    add(owner, "c", "청년 월세 지원", "bokjiro_local", "경기도 다라시")
    assert look(candidates, rows(owner, "a", "c")) == (0, 0)
    assert look(candidates, rows(owner, "b")) == (1, 0)
    assert owner.execute(FOUND).fetchall() == [{"member": "a", "canonical": "b", "holds": True}]


def test_a_second_look_writes_nothing(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    assert look(candidates, rows(owner, "a", "b")) == (1, 0)
    before = owner.execute("SELECT xmin::text, xmax::text, * FROM ops.duplicates").fetchall()
    assert look(candidates, rows(owner, "a", "b")) == (0, 0)
    assert owner.execute("SELECT xmin::text, xmax::text, * FROM ops.duplicates").fetchall() == before


def test_one_that_is_a_duplicate_no_more_is_ended_and_not_deleted(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    look(candidates, rows(owner, "a", "b"))
    owner.execute("UPDATE policies SET title = '노인 보청기 지원' WHERE policy_id = 'a'")
    assert look(candidates, rows(owner, "a")) == (0, 1)
    assert owner.execute(FOUND).fetchall() == [{"member": "a", "canonical": "b", "holds": False}]
    assert owner.execute("SELECT count(*) AS n FROM policies").fetchone() == {"n": 2}


def test_one_that_speaks_no_more_gives_its_members_free(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    look(candidates, rows(owner, "a", "b"))
    owner.execute("UPDATE policies SET title = '노인 보청기 지원' WHERE policy_id = 'b'")
    assert look(candidates, rows(owner, "b")) == (0, 1)


def test_a_cluster_is_the_same_whichever_of_its_policies_is_looked_at(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "독감 예방접종 지원")
    add(owner, "b", "인플루엔자 예방접종 지원 확대", "bokjiro_local")
    add(owner, "c", "취약계층 인플루엔자 예방접종 지원 확대", "youthcenter")
    look(candidates, rows(owner, "a", "b", "c"))
    first = owner.execute(FOUND).fetchall()
    assert len(first) == 2
    for key in "abc":
        assert look(candidates, rows(owner, key)) == (0, 0)
    assert owner.execute(FOUND).fetchall() == first


def test_the_keys_of_a_changed_title_replace_the_old_ones(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "청년 월세 지원")
    look(candidates, rows(owner, "a"))
    owner.execute("UPDATE policies SET title = '노인 보청기 지원' WHERE policy_id = 'a'")
    look(candidates, rows(owner, "a"))
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    others, _ = candidates.of(rows(owner, "b"))
    assert others == []


def test_rejected_and_archived_policies_are_no_candidates(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    add(owner, "a", "청년 월세 지원")
    look(candidates, rows(owner, "a"))
    owner.execute("UPDATE policies SET status = 'archived' WHERE policy_id = 'a'")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    assert candidates.of(rows(owner, "b"))[0] == []


def test_neighbours_are_candidates_though_they_share_no_key(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    class Near:
        def around(self, keys: object) -> Neighbourhood:
            return Neighbourhood({}, [("b", "a")])

    add(owner, "a", "노인 보청기 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    others, around = Candidates(candidates.connection, Near()).of(rows(owner, "b"))
    assert ([row.policy_id for row in others], around.pairs) == (["a"], [("b", "a")])


def test_what_was_found_with_vectors_is_found_again_from_either_side(owner: psycopg.Connection[Any], candidates: Candidates) -> None:
    vector = np.zeros(384, dtype=np.float32)
    vector[0] = 1.0

    class OneSided:
        def around(self, keys: Sequence[str]) -> Neighbourhood:
            return Neighbourhood({"a": vector, "b": vector}, [("a", "b")]) if "a" in keys else Neighbourhood()

    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    both = Candidates(candidates.connection, OneSided())
    assert look(both, rows(owner, "a")) == (1, 0)
    assert look(both, rows(owner, "b")) == (0, 0)
    assert look(both, rows(owner, "a", "b")) == (0, 0)


def test_a_look_at_everything_finds_what_pages_hold_apart(owner: psycopg.Connection[Any], candidates: Candidates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch.duplicates.finding.PAGE", 1)
    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    assert find(candidates, Silent(), dry_run=True).kept == 1
    assert owner.execute(FOUND).fetchall() == []
    assert find(candidates, Silent()).kept == 1
    assert owner.execute(FOUND).fetchall() == [{"member": "a", "canonical": "b", "holds": True}]
    assert find(candidates, Silent()).kept == 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ops.duplicates (member, canonical, score, alike_to, explanation, reason) VALUES ('a', 'a', 1, 'b', 'e', 'r')",
        "INSERT INTO ops.duplicates (member, canonical, score, alike_to, explanation, reason) VALUES ('a', 'b', 1.1, 'b', 'e', 'r')",
        "INSERT INTO ops.duplicates (member, canonical, score, alike_to, explanation, reason) VALUES ('a', 'b', 1, 'b', '', 'r')",
    ],
)
def test_bad_memberships_are_refused(owner: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(errors.CheckViolation):
        owner.execute(statement.encode())


def test_the_commands_list_and_explain_a_cluster(
    owner: psycopg.Connection[Any], candidates: Candidates, stack: Settings, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(owner, "a", "청년 월세 지원")
    add(owner, "b", "청년 월세 지원", "bokjiro_local")
    look(candidates, rows(owner, "a", "b"))
    reader = in_database(stack.postgres_reader_dsn.get_secret_value(), own_database)
    configured = settings().model_copy(update={"postgres_reader_dsn": type(stack.postgres_reader_dsn)(reader)})
    monkeypatch.setattr("batch.cli.duplicates.settings", lambda: configured)
    listed = CliRunner().invoke(command, ["list", "--json"])
    assert [(row["member"], row["canonical"]) for row in orjson.loads(listed.output)] == [("a", "b")]
    shown = CliRunner().invoke(command, ["show", "b"])
    assert (shown.exit_code, "same normal title (청년월세)" in shown.output) == (0, True)
    assert CliRunner().invoke(command, ["show", "nobody"]).exit_code == 4
    assert "청년 월세 지원" in CliRunner().invoke(command, ["list", "--source", "gov24"]).output
