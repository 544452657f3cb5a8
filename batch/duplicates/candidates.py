"""What a batch of policies is compared with, and what was found about it: three statements and two calls of Milvus a batch, however many rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from aegis.queries import queries
from aegis.rows.policy import Policy
from batch.duplicates.cluster import Cluster
from batch.duplicates.clusters import MOST_COMPARED, clusters
from batch.duplicates.features import READ_CHARACTERS
from batch.duplicates.keys import keys_of
from batch.duplicates.nearest import Nearest, Neighbourhood

QUERIES = queries("duplicates")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Memberships that were written, and those that ended."""

    kept: int
    ended: int


@dataclass(slots=True)
class Candidates:
    """Deduplication at run time. Every method runs in the transaction of its caller, as the role aegis_validator."""

    connection: psycopg.Connection[Any]
    nearest: Nearest

    def of(self, batch: Sequence[Policy]) -> tuple[list[Policy], Neighbourhood]:
        """The rows that `batch` is to be compared with, without itself, and its neighbourhood. Remembers the keys of the batch for those that come later."""
        keys = {row.policy_id: keys_of(row) for row in batch}
        around = self.nearest.around(list(keys))
        with self.connection.cursor(row_factory=dict_row) as cursor:
            given = [{"policy_id": policy_id, "key": key} for policy_id, its in keys.items() for key in its]
            cursor.execute(QUERIES["remember_keys"], {"keys": json.dumps(given)})
            cursor.execute(
                QUERIES["candidates"],
                {
                    "keys": sorted({key for its in keys.values() for key in its}),
                    "near": sorted({other for _, other in around.pairs}),
                    "batch": list(keys),
                    "most": MOST_COMPARED,
                    "characters": READ_CHARACTERS,
                },
            )
            return [Policy.model_validate(row) for row in cursor], around

    def clusters(self, batch: Sequence[Policy]) -> tuple[Cluster, ...]:
        """The clusters of `batch` and what it is compared with; those that have no row of the batch are left out."""
        others, around = self.of(batch)
        own = {row.policy_id for row in batch}
        found = clusters([*batch, *others], around.vectors, around.pairs)
        return tuple(cluster for cluster in found if own & {cluster.canonical, *(member.policy_id for member in cluster.members)})

    def record(self, batch: Sequence[Policy], found: Sequence[Cluster]) -> Recorded:
        """Write what was found. A row of the batch that is a member of no cluster is a duplicate no more."""
        members = [
            {
                "member": member.policy_id,
                "canonical": cluster.canonical,
                "score": member.score,
                "alike_to": member.alike_to,
                "explanation": member.explanation,
                "reason": cluster.reason,
            }
            for cluster in found
            for member in cluster.members
        ]
        # A row that speaks now may have been spoken for before.
        looked_at = sorted({row.policy_id for row in batch} | {cluster.canonical for cluster in found})
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(QUERIES["record"], {"found": json.dumps(members), "looked_at": looked_at}).fetchone()
        return Recorded(**row) if row else Recorded(0, 0)

    def pages(self, size: int) -> Iterator[list[Policy]]:
        """All published policies, `size` at once, in order of their keys."""
        after = ""
        while True:
            with self.connection.cursor(row_factory=dict_row) as cursor:
                cursor.execute(QUERIES["page"], {"after": after, "limit": size, "characters": READ_CHARACTERS})
                page = [Policy.model_validate(row) for row in cursor]
            if not page:
                return
            yield page
            after = page[-1].policy_id
