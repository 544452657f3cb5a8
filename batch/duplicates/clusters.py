"""Rows → clusters of duplicates. Pure.

Only rows that share a blocking key are compared, and each with at most `MOST_COMPARED` others of a key: the work grows with the rows, not with their square.
Clusters grow by the best pairs first. Two are joined only where no two of their rows are clearly apart (`CLEARLY_APART`), so that a chain of small
likenesses does not end at something else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aegis.rows.policy import Policy
from batch.duplicates.canonical import canonical
from batch.duplicates.cluster import Cluster, Member
from batch.duplicates.decision import CLEARLY_APART, Decision, decide
from batch.duplicates.features import Features, Vector, features_of
from batch.duplicates.keys import keys

MOST_COMPARED = 50
"""Rows of one key that a row is compared with: those next to it in order of their keys, or the first that are stored."""

Pair = tuple[str, str]


def clusters(rows: Sequence[Policy], vectors: Mapping[str, Vector], near: Sequence[Pair] = (), looked_at: Collection[str] | None = None) -> tuple[Cluster, ...]:
    """The clusters among `rows`, each row in one at most, in order of their canonical keys. Rejected and archived rows are in none.

    `vectors`: policy_id → embedding, for the rows that have one; a pair without both is judged by its words alone.
    `near`: keys of rows whose embeddings are neighbours; they are compared although they share no blocking key.
    `looked_at`: only pairs with one of these keys are looked for; all where it is not given.
    """
    comparing = Comparing()
    comparing.add(rows, vectors)
    return comparing.clusters(near, looked_at)


@dataclass(slots=True)
class Comparing:
    """Features by policy_id, and the decisions made so far."""

    features: dict[str, Features] = field(default_factory=dict)
    _decided: dict[Pair, Decision] = field(default_factory=dict)

    def add(self, rows: Sequence[Policy], vectors: Mapping[str, Vector]) -> None:
        """Rows that are to be compared, too. One that is here already is looked at anew only where its vector was not known."""
        for row in rows:
            here = self.features.get(row.policy_id)
            if row.is_published and (here is None or (here.vector is None and row.policy_id in vectors)):
                self.features[row.policy_id] = features_of(row, vectors)
                if here is not None:
                    self._decided = {pair: decision for pair, decision in self._decided.items() if row.policy_id not in pair}

    def clusters(self, near: Sequence[Pair], looked_at: Collection[str] | None) -> tuple[Cluster, ...]:
        """See `clusters`."""
        pairs = {*_sharing_a_key(self, looked_at), *(_ordered(*pair) for pair in near if all(key in self.features for key in pair))}
        same = {pair: decision for pair in pairs if (decision := self.decision(*pair)).same}
        groups = _grown(same, self)
        return tuple(sorted((_cluster(group, self) for group in groups), key=lambda cluster: cluster.canonical))

    def decision(self, one: str, other: str) -> Decision:
        """The decision about two rows, made once."""
        pair = _ordered(one, other)
        if pair not in self._decided:
            self._decided[pair] = decide(self.features[pair[0]], self.features[pair[1]])
        return self._decided[pair]


def _ordered(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _sharing_a_key(comparing: Comparing, looked_at: Collection[str] | None) -> Iterator[Pair]:
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    for policy_id, features in sorted(comparing.features.items()):
        for key in keys(features.title.core, features.place):
            blocks[key].append(policy_id)
    for members in blocks.values():
        for at, one in enumerate(members):
            if looked_at is None:
                yield from ((one, other) for other in members[at + 1 : at + 1 + MOST_COMPARED])
            elif one in looked_at:
                yield from (_ordered(one, other) for other in members if other != one)


def _grown(same: Mapping[Pair, Decision], comparing: Comparing) -> list[list[str]]:
    """Groups of keys, joined by the best pairs first."""
    group_of: dict[str, list[str]] = {}
    for (one, other), _ in sorted(same.items(), key=lambda item: (-item[1].score, item[0])):
        here, there = group_of.get(one, [one]), group_of.get(other, [other])
        if here is there or any(comparing.decision(a, b).score < CLEARLY_APART for a in here for b in there):
            continue
        joined = here + there
        group_of.update(dict.fromkeys(joined, joined))
    return list({id(group): group for group in group_of.values()}.values())


def _cluster(group: Sequence[str], comparing: Comparing) -> Cluster:
    speaker, reason = canonical([comparing.features[key].row for key in group])
    members = tuple(_member(key, speaker.policy_id, group, comparing) for key in sorted(group) if key != speaker.policy_id)
    return Cluster(speaker.policy_id, reason, members)


def _member(key: str, speaker: str, group: Sequence[str], comparing: Comparing) -> Member:
    """Held against the canonical row where that is a duplicate by itself, else against the row of the cluster that is most alike."""
    direct = comparing.decision(key, speaker)
    best = speaker if direct.same else max((other for other in group if other != key), key=lambda other: comparing.decision(key, other).score)
    decision = comparing.decision(key, best)
    return Member(key, decision.score, best, decision.why if best == speaker else f"by way of {best}: {decision.why}")
