"""The life of one policy on `policy-events`: taken in, judged, in all four stores; each told once, in order."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from aegis.events import Event, SyncCompleted, subscribe
from aegis.offsets import Offsets
from aegis.settings import Settings
from aegis.topics import EVENTS_TOPIC
from collectors.draft import Accepted, Document, PolicyDraft
from collectors.store import PolicyStore
from tests.e2e.conftest import Cli

pytestmark = pytest.mark.stack

Owner = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def source(owner: Owner) -> Iterator[str]:
    """A source of the test's own; its policies are gone afterwards."""
    name = f"e2e-{uuid4().hex[:8]}"
    yield name
    owner.execute("DELETE FROM policies WHERE source = %s", (name,))


class Life:
    """Events of one policy, from now on, in the order of the log."""

    def __init__(self, stack: Settings, key: str) -> None:
        ends = Offsets(stack.kafka_bootstrap_servers).ends([EVENTS_TOPIC])
        self._begin = {partition: end for (_, partition), (_, end) in ends.items()}
        self._stack = stack
        self._key = key

    def until(self, outcome: str, version: int) -> list[Event]:
        """All events up to the completion of `version`."""
        stack, seen = self._stack, []
        group = f"test-{uuid4().hex[:8]}"
        with subscribe(stack.kafka_bootstrap_servers, stack.schema_registry_url, group, start=lambda: self._begin, idle=30) as events:
            for event in events:
                if event.subject == self._key:
                    seen.append(event)
                    if isinstance(event.payload, SyncCompleted) and (event.payload.outcome, event.payload.version) == (outcome, version):
                        return seen
        raise AssertionError(f"version {version} was not {outcome}; {[(one.type, dict(one.data)) for one in seen]}")


def version_of(owner: Owner, key: str) -> int:
    row = owner.execute("SELECT version FROM policies WHERE policy_id = %s", (key,)).fetchone()
    assert row is not None
    return int(row["version"])


def test_a_policy_is_taken_in_judged_and_stored_everywhere_and_each_is_told_once_in_order(stack: Settings, owner: Owner, cli: Cli, source: str) -> None:
    draft = PolicyDraft(
        source=source,
        source_id="1",
        title="소상공인 경영안정자금 융자 지원",
        content="경영에 어려움을 겪는 소상공인에게 운전자금을 융자합니다. 신청은 상시 가능합니다. " * 5,
        issuing_organization="서울특별시",
        target_regions=("11",),
        application_period_text="상시",
    )
    body = '{"made": "up"}'
    document = Document(source, "1", sha256(body.encode()).hexdigest(), body)
    life = Life(stack, draft.policy_id)
    with psycopg.connect(stack.postgres_collector_dsn.get_secret_value(), autocommit=True) as connection:
        stored = PolicyStore(connection, source, dry_run=False).store([Accepted(draft, document)], [], frozenset())
    assert stored.new == 1
    judged = cli("validate", "--source", source, "--json")
    assert judged.exit_code == 0, judged.output
    version = version_of(owner, draft.policy_id)

    told = life.until("stored", version)
    assert len({event.id for event in told}) == len(told)
    assert [event.type for event in told if event.type != "data.sync_completed"] == ["policy.validated", "data.quality_updated"]
    assert told[0].type == "policy.validated"
    assert [event.data["version"] for event in told if event.type == "data.quality_updated"] == [version]
    completed = [event.data["version"] for event in told if event.type == "data.sync_completed"]
    assert completed == sorted(set(completed))
    assert completed[-1] == version
    assert {event.source for event in told} == {"/aegis"}

    owner.execute("DELETE FROM policies WHERE policy_id = %s", (draft.policy_id,))
    ended = life.until("deleted", version)
    assert ended[:-1] == told
