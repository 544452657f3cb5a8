from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from aegis.settings import Settings
from tests.integration.letters import UNDECODABLE, Connection, dlq_owner, hold, one, run

pytestmark = pytest.mark.stack


@pytest.fixture
def owner(stack: Settings, own_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    yield from dlq_owner(stack, own_database, monkeypatch)


CAUSES = [
    ("policies p-12: field title: too long", "policies p-77: field title: too long", "p-12", "p-77"),
    ("policies 기업마당-1: 33000 bytes", "policies 기업마당-22: 41500 bytes", "기업마당-1", "기업마당-22"),
    ("already exists with `title` = 'a b'", "already exists with `source` = 'c'", "x", "y"),
    ('prefix [-22, -80, 12] in field="tags"', 'prefix [7] in field="tags"', "x", "y"),
    ("at 2026-11-21T06:00:00.123Z", "at 2025-01-02T03:04:05Z", "x", "y"),
    ("node 0xff, id 123e4567-e89b-12d3-a456-426614174000", "node 0x1, id 00000000-e89b-12d3-a456-426614174abc", "x", "y"),
    ("key a+b(c is odd", "key [d]* is odd", "a+b(c", "[d]*"),
    ("line one\n  line two", "line one line two", "x", "y"),
]


@pytest.mark.parametrize(("message", "other", "key", "other_key"), CAUSES)
def test_messages_that_differ_in_keys_numbers_and_quoted_values_are_one_cause(owner: Connection, message: str, other: str, key: str, other_key: str):
    assert one(owner, "SELECT ops.cause_of(%s, %s) = ops.cause_of(%s, %s)", message, key, other, other_key) is True


@pytest.mark.parametrize(
    ("message", "key", "cause"),
    [
        ("field title: too long", "title", "field …: too long"),
        ("doesn't match what isn't there", "x", "doesn't match what isn't there"),
        ("a key of one letter leaves words alone", "a", "… key of one letter leaves words alone"),
        ("nothing to take out", None, "nothing to take out"),
        ("", "", ""),
    ],
)
def test_a_cause_keeps_what_says_what_is_wrong(owner: Connection, message: str, key: str | None, cause: str):
    assert one(owner, "SELECT ops.cause_of(%s, %s)", message, key) == cause


def test_ten_thousand_dead_letters_of_one_cause_are_one_line(owner: Connection):
    hold(owner, "many-", 10_000, message="policies KEY: 33000 bytes in 'tags'")
    hold(owner, "other-", 1)
    shown = run("list").output
    assert shown.count("many-") == 1
    assert "10,000" in shown
    assert "10,001 dead letters of 2 causes" in shown
    first, second = json.loads(run("list", "--json").output)
    assert (first["letters"], first["keys"], first["held"], first["attempts"]) == (10_000, 10_000, 10_000, 1)
    assert first["message"] == "policies …: # bytes in …"
    assert second["example_key"] == "other-1"


def test_stores_tables_codes_and_classes_of_errors_are_causes_of_their_own(owner: Connection):
    hold(owner, "a-")
    hold(owner, "b-", store="milvus")
    owner.execute(UNDECODABLE)
    causes = json.loads(run("list", "--json").output)
    assert len({cause["cause"] for cause in causes}) == 3
    assert {cause["table"] for cause in causes} == {"policies", None}
    assert "(undecodable)" in run("list").output


def chosen(*arguments: str) -> set[str | None]:
    result = run("list", "--letters", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return {letter["key"] for letter in json.loads(result.output)}


def test_filters_choose_by_store_role_table_key_code_cause_and_time(owner: Connection):
    hold(owner, "old-", hours=5)
    hold(owner, "new-", store="milvus", message="policies KEY: no vector for 'x'")
    owner.execute(UNDECODABLE)
    assert chosen() == {"old-1", "new-1", None}
    assert chosen("--store", "search") == {"old-1"}
    assert chosen("--store", "milvus", "--since", "2h") == {"new-1"}
    assert chosen("--table", "policies") == {"old-1", "new-1"}
    assert chosen("--table", "users") == set()
    assert chosen("--key", "old-1") == {"old-1"}
    assert chosen("--code", "DP_1004") == {None}
    assert chosen("--cause", "NO VECTOR") == {"new-1"}
    assert chosen("--until", "2h") == {"old-1"}
    assert chosen("--since", "6h", "--until", "4h") == {"old-1"}
    assert chosen("--since", "2999-01-01T00:00:00+09:00") == set()
    fingerprint = json.loads(run("list", "--json", "--key", "new-1").output)[0]["cause"]
    assert chosen("--cause", fingerprint) == {"new-1"}
    assert "no open dead letters that match" in run("list", "--key", "nobody").output


def test_letters_are_listed_in_pages(owner: Connection):
    hold(owner, "page-", 5)
    numbers = [letter["id"] for letter in json.loads(run("list", "--letters", "--json").output)]
    assert numbers == sorted(numbers, reverse=True)
    assert f"--before {numbers[1]}" in run("list", "--letters", "--limit", "2").output
    following = json.loads(run("list", "--letters", "--json", "--limit", "2", "--before", str(numbers[1])).output)
    assert [letter["id"] for letter in following] == numbers[2:4]


def test_what_a_newer_version_resolved_is_listed_with_all_only(owner: Connection):
    hold(owner, "mended-")
    owner.execute("UPDATE policies SET title = 'mended' WHERE policy_id = 'mended-1'")
    assert chosen() == set()
    assert chosen("--all") == {"mended-1"}
    assert run("list").output == "no open dead letters\n"


def test_a_letter_is_shown_with_the_attempts_on_its_key(owner: Connection):
    hold(owner, "tried-")
    owner.execute("UPDATE policies SET title = 'again' WHERE policy_id = 'tried-1'")
    owner.execute(
        """INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, topic, partition, "offset", attempt, failed_at)
        SELECT store, table_name, key, (SELECT version FROM policies WHERE policy_id = key), rank, code, error_class, message, topic, 1, 1, 2, now()
        FROM ops.dead_letters"""
    )
    newest = json.loads(run("list", "--letters", "--json").output)[0]["id"]
    letter = json.loads(run("show", str(newest), "--json").output)
    assert [(attempt["attempt"], attempt["state"]) for attempt in letter["attempts"]] == [(2, "held"), (1, "resolved")]
    assert letter["row"] == {"error": "the bytes were too many for a dead letter; they stand in the log"}
    shown = run("show", str(newest)).output
    assert "attempt 2" in shown
    assert "held (this one)" in shown
