"""What `aegis replay` and `aegis rebuild` refuse before they ask any server."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from batch.cli import rebuild, replay


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["search"], "say once from where"),
        (["search", "--from-beginning", "--to-time", "2h"], "say once from where"),
        (["search", "--to-time", "2h", "--offset", "0:0", "--table", "policies"], "say once from where"),
        (["search", "--to-time", "soon"], "is no time"),
        (["search", "--offset", "0:0"], "--offset needs --table"),
        (["search", "--offset", "zero", "--table", "policies"], "is no offset"),
        (["search", "--from-beginning", "--table", "users"], "elasticsearch has nothing of users; it has business_rules, policies"),
        (["search", "--from-beginning", "--topic", "aegis.corrections"], "--topic goes with --offset"),
        (["search", "--offset", "0:0", "--table", "policies", "--topic", "aegis.corrections"], "--topic goes with --offset"),
        (["postgresql", "--from-beginning"], "no derived store is named 'postgresql'"),
    ],
)
def test_a_replay_from_nowhere_is_refused_with_the_remedy(arguments: list[str], reason: str) -> None:
    refused = CliRunner().invoke(replay.command, arguments)
    assert (refused.exit_code, reason in refused.output) == (2, True)


def test_a_rebuild_of_a_table_that_the_store_does_not_hold_is_refused() -> None:
    refused = CliRunner().invoke(rebuild.command, ["vector", "--table", "users"])
    assert (refused.exit_code, "milvus has nothing of users; it has policies" in refused.output) == (2, True)
