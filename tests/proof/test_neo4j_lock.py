"""Neo4j reads committed state: a stamp that was read before the node's lock was taken may be another one's by the time of the write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from aegis.record import STALE
from aegis.stamp import Rank, Stamp
from tests.contract.open_neo4j import connect, open_neo4j
from tests.contract.records import upsert
from tests.support.wait import until

pytestmark = pytest.mark.stack


def test_a_stamp_is_compared_with_what_another_writer_commits_meanwhile() -> None:
    label = f"t{uuid4().hex[:12]}"
    with open_neo4j(label) as opened, connect() as driver, ThreadPoolExecutor(1) as pool:
        # GIVEN a record that another writer has overwritten with a newer one, and not yet committed
        opened.store.apply([upsert(opened, "P-1", 3)])
        with driver.session() as session, session.begin_transaction() as other:
            newer = Stamp(9, Rank.UPSERT).packed
            other.run(f"MATCH (n:{label.capitalize()}PolicyRecord {{policy_id: 'P-1'}}) SET n._stamp = $stamp", stamp=newer).consume()
            # WHEN an older change waits for it
            answer = pool.submit(opened.store.apply, [upsert(opened, "P-1", 5)])
            waiting = "SHOW TRANSACTIONS YIELD currentQuery, status WHERE status STARTS WITH 'Blocked' AND currentQuery CONTAINS $label RETURN status"
            until(lambda: driver.execute_query(waiting, label=label.capitalize()).records, 10, "the older change to wait for the node's lock")
            other.commit()
        # THEN it is stale
        assert answer.result(10) == [STALE]
        assert opened.store.inspect("policies", ["P-1"])["P-1"].stamp == newer
