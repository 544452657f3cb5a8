"""When all derived stores hold one version of a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from aegis.derivations import CAPTURED
from aegis.receipt import RECEIPTED, Receipt
from aegis.stamp import Rank, Stamp

COMPLETED = "data.sync_completed"
SCHEMA_VERSION = "1.0"
STORES_OF_A_POLICY = tuple(CAPTURED[RECEIPTED].projections)
OUTCOMES = {Rank.UPSERT: "stored", Rank.COMPENSATION: "compensated", Rank.DELETE: "deleted"}
"""Rank of a completion → what became of the version."""
NAMESPACE = UUID("6c0f8c0e-3d4c-5b39-9a53-0a6f1c8f6f5e")
"""Of the identities of events that follow from what they tell, so that telling it again gives the same event."""

Held = Mapping[str, Stamp]
"""Store → highest stamp that it answered for."""


@dataclass(frozen=True, slots=True)
class Completion:
    """All stores hold `stamp.version` of a policy. The stamp's rank says how, see `OUTCOMES`; completions of one policy are in the order of their stamps."""

    policy_id: str
    stamp: Stamp
    held: Held

    @property
    def event_id(self) -> UUID:
        """The event's identity: of the policy, the version and what became of it."""
        return uuid5(NAMESPACE, f"{COMPLETED}\n{self.policy_id}\n{self.stamp.version}\n{OUTCOMES[self.stamp.rank]}")

    def payload(self) -> dict[str, Any]:
        """The event's payload, as `schemas/avro/events` says."""
        return {
            "policy_id": self.policy_id,
            "version": self.stamp.version,
            "outcome": OUTCOMES[self.stamp.rank],
            "stores": {store: stamp.rank.name.lower() for store, stamp in self.held.items()},
        }


def folded(receipts: Iterable[Receipt]) -> dict[str, dict[str, Stamp]]:
    """Policy → store → highest stamp of `receipts`."""
    highest: dict[str, dict[str, Stamp]] = {}
    for receipt in receipts:
        for key, stamp in receipt.held:
            of_key = highest.setdefault(key, {})
            of_key[receipt.store] = max(stamp, of_key.get(receipt.store, stamp))
    return highest


def completion(policy_id: str, held: Held) -> Completion | None:
    """The completion where all stores hold one version, and none is still to follow another to its compensation or its delete; else None.

    A repair is one store's own business: it brings the store to where the others are.
    """
    if set(held) != set(STORES_OF_A_POLICY) or len({stamp.version for stamp in held.values()}) != 1:
        return None
    ranks = {stamp.rank for stamp in held.values()}
    version = next(iter(held.values())).version
    if Rank.DELETE in ranks:
        return Completion(policy_id, Stamp(version, Rank.DELETE), held) if ranks == {Rank.DELETE} else None
    if Rank.COMPENSATION in ranks:
        return None if Rank.UPSERT in ranks else Completion(policy_id, Stamp(version, Rank.COMPENSATION), held)
    return Completion(policy_id, Stamp(version, Rank.UPSERT), held)
