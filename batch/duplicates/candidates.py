"""What a batch of policies is compared with, and what was found about it: four statements and two calls of Milvus a batch, however many rows,
and as many for what the batch is joined with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from aegis.queries import queries
from aegis.rows.policy import Policy
from batch.duplicates.cluster import Cluster
from batch.duplicates.clusters import MOST_COMPARED, Comparing, Pair
from batch.duplicates.features import READ_CHARACTERS
from batch.duplicates.keys import keys_of
from batch.duplicates.nearest import Nearest, Neighbourhood
from batch.readable import all_readable

QUERIES = queries("duplicates")

MOST_HOPS = 5
"""How often what was joined is looked at in turn. Clusters seldom take two."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a batch came to."""

    clusters: tuple[Cluster, ...]
    rows: Mapping[str, Policy]
    """Everything that was compared, by policy_id; the text of rows beside the batch is cut."""
    looked_at: frozenset[str]
    """The batch, and what it was joined with."""


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

    def of(self, batch: Sequence[Policy], mates: Sequence[Pair] = ()) -> tuple[list[Policy], Neighbourhood]:
        """The rows that `batch` is to be compared with, without itself, and its neighbourhood. Remembers the keys of the batch for those that come later.

        `mates`: pairs whose rows are wanted, too.
        """
        keys = {row.policy_id: keys_of(row) for row in batch}
        around = self.nearest.around(list(keys))
        with self.connection.cursor(row_factory=dict_row) as cursor:
            given = [{"policy_id": policy_id, "key": key} for policy_id, its in keys.items() for key in its]
            cursor.execute(QUERIES["remember_keys"], {"keys": json.dumps(given)})
            cursor.execute(
                QUERIES["candidates"],
                {
                    "keys": sorted({key for its in keys.values() for key in its}),
                    "near": sorted({key for pair in (*around.pairs, *mates) for key in pair}),
                    "batch": list(keys),
                    "most": MOST_COMPARED,
                    "characters": READ_CHARACTERS,
                },
            )
            return all_readable(cursor), around

    def look(self, batch: Sequence[Policy]) -> Look:
        """The clusters that `batch` is in. What they are joined with is looked at, too, so that a cluster is the same whichever of its rows is looked at."""
        rows, near, comparing = {row.policy_id: row for row in batch}, set[Pair](), Comparing()
        looked_at, found, frontier = set[str](), tuple[Cluster, ...](), list(batch)
        for _ in range(MOST_HOPS):
            mates = self._mates(frontier)
            others, around = self.of(frontier, mates)
            looked_at |= {row.policy_id for row in frontier}
            rows = {row.policy_id: row for row in others} | rows
            comparing.add(list(rows.values()), around.vectors)
            near |= {*around.pairs, *mates}
            found = tuple(each for each in comparing.clusters(sorted(near), looked_at) if looked_at & each.keys)
            joined = {key for each in found for key in each.keys} | {key for pair in mates for key in pair}
            frontier = [rows[key] for key in sorted(joined - looked_at) if key in rows]
            if not frontier:
                break
        return Look(found, rows, frozenset(looked_at))

    def _mates(self, batch: Sequence[Policy]) -> list[Pair]:
        """What was found before: it is looked at again, so that nothing ends for not having been seen."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(QUERIES["mates"], {"batch": [row.policy_id for row in batch]})
            return [(row["member"], row["canonical"]) for row in cursor]

    def record(self, look: Look) -> Recorded:
        """Write what was found. A row that was looked at and is a member of no cluster is a duplicate no more, nor is one that it spoke for."""
        members = [
            {
                "member": member.policy_id,
                "canonical": cluster.canonical,
                "score": member.score,
                "alike_to": member.alike_to,
                "explanation": member.explanation,
                "reason": cluster.reason,
            }
            for cluster in look.clusters
            for member in cluster.members
        ]
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(QUERIES["record"], {"found": json.dumps(members), "looked_at": sorted(look.looked_at)}).fetchone()
        return Recorded(**row) if row else Recorded(0, 0)

    def pages(self, size: int) -> Iterator[list[Policy]]:
        """All published policies, `size` at once, in order of their keys."""
        after = ""
        while True:
            with self.connection.cursor(row_factory=dict_row) as cursor:
                cursor.execute(QUERIES["page"], {"after": after, "limit": size, "characters": READ_CHARACTERS})
                rows = cursor.fetchall()
            if not rows:
                return
            yield all_readable(rows)
            after = rows[-1]["policy_id"]
