"""`aegis dlq retry --wait` on rows that a real store rejects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from aegis.cli.dlq import command
from aegis.settings import Settings
from tests.faults.load import policy
from tests.faults.test_poison import execute, held, insert, unique_in_neo4j
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import until

pytestmark = pytest.mark.stack

COMPLETE = "UPDATE policies SET application_period_text = '상시', detail_url = %s WHERE policy_id = %s"


def dlq(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments)
    return result.exit_code, result.stdout + result.stderr


def documents(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(command, (*arguments, "--json")).stdout)


def test_a_retry_tells_that_a_row_was_rejected_again_and_that_all_have_arrived_once_the_cause_is_gone(stack: Settings, owner: str, prefix: str) -> None:
    first, *others = (f"{prefix}{name}" for name in ("first", "second", "third"))
    with unique_in_neo4j(stack):
        # GIVEN two rows that Neo4j rejects for one cause
        insert(owner, *(policy(key, 1) for key in (first, *others)))
        execute(owner, COMPLETE, prefix, first)
        assert_equal_everywhere(stack, prefix)
        for key in others:
            execute(owner, COMPLETE, prefix, key)
        until(lambda: held(owner, prefix) == {(key, "neo4j") for key in others}, 30, "both keys to be held")
        [cause] = [one for one in documents("list", "--store", "graph", "--since", "10m") if str(one["example_key"]).startswith(prefix)]
        assert (cause["keys"], cause["attempts"]) == (2, 1)
        # WHEN one of them is retried with the cause still there, THEN it is rejected again
        code, said = dlq("retry", "policies", others[0], "--wait")
        assert (code, "1 were rejected again" in said) == (4, True), said
        until(lambda: held(owner, prefix) == {(key, "neo4j") for key in others}, 30, "both keys to be held again")
        # its before-image is the same row now, so that compensation may be rejected as well: a second letter of the same attempt
        letters = documents("list", "--letters", "--key", others[0])
        assert {(letter["attempt"], letter["fingerprint"]) for letter in letters} == {(2, cause["cause"])}
        assert documents("show", str(letters[-1]["id"]))["row"]["after"]["policy_id"] == others[0]
    # WHEN the cause is gone and all of it are retried, THEN they are in every store and nothing is held
    code, said = dlq("retry", "--cause", cause["cause"], "--since", "10m", "--yes", "--wait")
    assert (code, "2 have arrived in every store, 0 were rejected again" in said) == (0, True), said
    assert_equal_everywhere(stack, prefix)
    assert held(owner, prefix) == set()
