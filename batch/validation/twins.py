"""Duplicates of a batch: the clusters that it forms with policies of any source, as verdicts, and kept in `ops.duplicates`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import structlog
from pymilvus.exceptions import MilvusException

from aegis.errors import StoreUnavailable
from aegis.rows.policy import Policy
from batch.duplicates.candidates import Candidates
from batch.duplicates.cluster import Cluster
from batch.duplicates.nearest import Nearest, Neighbourhood, NoNeighbours
from batch.validation.judgement import Verdict, disagreements

log = structlog.get_logger(__name__)


class Optional:
    """Neighbours while their store answers. Once it does not, rows are compared by their words alone: judging waits for no derived store."""

    def __init__(self, nearest: Nearest) -> None:
        self._nearest = nearest

    def around(self, keys: Sequence[str]) -> Neighbourhood:
        """See `Nearest.around`; raises nothing."""
        try:
            return self._nearest.around(keys)
        except (StoreUnavailable, MilvusException) as error:
            log.warning("validate.no_neighbours", error=str(error), consequence="duplicates are looked for by words alone in this run")
            self._nearest = NoNeighbours()
            return Neighbourhood()


class Twins:
    """Deduplication within a run of the validation. Works in the transaction of its caller, as the validator."""

    def __init__(self, connection: psycopg.Connection[Any], nearest: Nearest) -> None:
        self._candidates = Candidates(connection, Optional(nearest))

    def verdicts(self, batch: Sequence[Policy]) -> Mapping[str, Verdict]:
        """policy_id → the policy that speaks for it and why, for every member of a cluster that a policy of `batch` is in; canonical ones are left out."""
        if not batch:
            return {}
        look = self._candidates.look(batch)
        self._candidates.record(look)
        return verdicts(look.clusters, look.rows)


def verdicts(found: Sequence[Cluster], rows: Mapping[str, Policy]) -> dict[str, Verdict]:
    """What clusters mean to their members. Pure."""
    return {
        member.policy_id: Verdict(each.canonical, member.explanation, disagreements(rows[member.policy_id], rows[each.canonical]))
        for each in found
        for member in each.members
    }
