"""Duplicates of a batch: the clusters that it forms with policies of like titles, as verdicts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aegis.rows.policy import Policy
from batch.duplicates.clusters import clusters
from batch.validation.judgement import Verdict, disagreements


def duplicates(batch: Sequence[Policy], alike: Sequence[Policy]) -> Mapping[str, Verdict]:
    """policy_id → the policy that speaks for it and why, for every member of a cluster, those of `alike` included; canonical policies are left out."""
    rows = {row.policy_id: row for row in (*batch, *alike)}
    return {
        member.policy_id: Verdict(cluster.canonical, member.explanation, disagreements(rows[member.policy_id], rows[cluster.canonical]))
        for cluster in clusters(tuple(rows.values()), {})
        for member in cluster.members
    }
