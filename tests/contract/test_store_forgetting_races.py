"""What is written while something is forgotten or put back is never lost: Elasticsearch and Redis, where a test can step between reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from aegis.errors import StoreUnavailable
from aegis.inspection import NO_STAMP
from aegis.record import APPLIED, STALE
from aegis.stores import elasticsearch_removal, redis_removal
from aegis.stores.elasticsearch_errors import unavailable
from tests.contract.open_elasticsearch import open_elasticsearch
from tests.contract.open_redis import open_redis
from tests.contract.opened import Opened
from tests.contract.records import upsert

pytestmark = pytest.mark.stack

Between = Callable[[Callable[[], object]], None]
STEPS = {"elasticsearch": (open_elasticsearch, elasticsearch_removal, "bulk"), "redis": (open_redis, redis_removal, "_call")}
"""What writes, after everything was read."""


@pytest.fixture(params=STEPS)
def stepped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Opened, Between]]:
    """A store, and a way to say what somebody else does between reading and writing."""
    opener, module, name = STEPS[request.param]
    with opener(f"t{uuid4().hex[:12]}") as opened:
        write, pending = getattr(module, name), list[Callable[[], object]]()

        def stepping(*arguments: Any) -> Any:
            while pending:
                pending.pop()()
            return write(*arguments)

        monkeypatch.setattr(module, name, stepping)
        yield opened, pending.append


@pytest.mark.parametrize("later", [7, 9], ids=["redelivered", "newer"])
def test_what_is_written_while_its_key_is_forgotten_stays(stepped: tuple[Opened, Between], later: int) -> None:
    own, between = stepped
    record, other = upsert(own, "P-1", 7, title="옛 제목"), upsert(own, "P-2", 8)
    own.store.apply([record, other])
    newer = upsert(own, "P-1", later, title="새 제목")
    between(lambda: own.store.apply([newer]))
    assert own.store.forget("policies", {"P-1": record.stamp.packed, "P-2": other.stamp.packed}) == 1
    held = own.store.fetch("policies", ["P-1", "P-2"])
    assert {key: (found.stamp, found.content) for key, found in held.items()} == {"P-1": (newer.stamp, newer.content)}
    assert own.store.apply([upsert(own, "P-1", 6)]) == [STALE]


def test_a_record_written_over_a_stray_that_is_forgotten_stays(stepped: tuple[Opened, Between]) -> None:
    own, between = stepped
    assert own.stray is not None
    own.stray("policies", "P-1")
    between(lambda: own.store.apply([upsert(own, "P-1", 1)]))
    assert own.store.forget("policies", {"P-1": NO_STAMP}) == 0
    assert own.readers_see("policies", "P-1")
    assert set(own.store.fetch("policies", ["P-1"])) == {"P-1"}


def test_what_is_written_while_an_older_image_is_put_back_stays(stepped: tuple[Opened, Between]) -> None:
    own, between = stepped
    record, newer = upsert(own, "P-1", 7), upsert(own, "P-1", 9)
    own.store.apply([record])
    images = own.store.images("policies", ["P-1"])
    own.store.forget("policies", {"P-1": record.stamp.packed})
    between(lambda: own.store.apply([newer]))
    assert own.store.restore("policies", images) == 0
    assert own.store.fetch("policies", ["P-1"])["P-1"].stamp == newer.stamp


def test_forgetting_again_after_a_lost_answer_lets_a_lower_stamp_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise unavailable("the answer was lost")

    with open_elasticsearch(f"t{uuid4().hex[:12]}") as own:
        record = upsert(own, "P-1", 2**40)
        own.store.apply([record])
        with monkeypatch.context() as broken:
            broken.setattr(elasticsearch_removal, "_wait_until_forgotten", lost)
            with pytest.raises(StoreUnavailable):
                own.store.forget("policies", {"P-1": record.stamp.packed})
        assert own.store.forget("policies", {"P-1": record.stamp.packed}) == 0
        assert own.store.apply([upsert(own, "P-1", 1)]) == [APPLIED]
