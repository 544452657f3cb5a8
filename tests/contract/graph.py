"""A graph as its readers see it, beside the store that writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neo4j import Driver

from aegis.record import Content, Record, Verdict
from tests.contract.opened import Opened
from tests.contract.records import content


@dataclass(frozen=True)
class Graph:
    """A prepared store, the prefix of its labels, and a reader's driver."""

    opened: Opened
    prefix: str
    driver: Driver

    def read(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of `query`, in which `@` stands before each label."""
        return [row.data() for row in self.driver.execute_query(query.replace("@", self.prefix), parameters).records]

    def regions(self, key: str) -> list[str]:
        """Region codes that a policy's edges lead to, with repetitions."""
        rows = self.read("MATCH (:@Policy {policy_id: $key})-[:TARGETS_REGION]->(r:@Region) RETURN r.code AS code ORDER BY code", key=key)
        return [row["code"] for row in rows]

    def apply(self, *records: Record) -> list[Verdict]:
        """The verdicts of one batch."""
        return [outcome.verdict for outcome in self.opened.store.apply(records)]

    def stored(self, table: str, key: str, version: int, **columns: Any) -> Content:
        """What fetch shall give back as the content of such a row."""
        made = content(self.opened, table, key, version, **columns)
        assert made is not None
        return self.opened.stored(table, made)
