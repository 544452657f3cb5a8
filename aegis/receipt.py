"""Receipts: what a derived store answered for, to and from their Avro record. They let `data.sync_completed` follow from what the stores really said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aegis.derivations import STORES
from aegis.errors import Code, Undecodable
from aegis.stamp import Stamp

RECEIPTS_TOPIC = "aegis.receipts"
RECEIPTS_SUBJECT = "aegis.receipts-value"
RECEIPTED = "policies"
"""The table whose changes give receipts: events are about policies."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One batch that a store has answered for."""

    store: str
    answered_at: datetime
    held: Sequence[tuple[str, Stamp]]
    """Key and stamp: the store holds the key at this stamp, or at a higher one."""

    def record(self) -> dict[str, Any]:
        """The record of schema `aegis.receipts-value`."""
        return {"store": self.store, "answered_at": self.answered_at, "held": [{"key": key, "stamp": stamp.packed} for key, stamp in self.held]}


def receipt_of(record: Mapping[str, Any]) -> Receipt:
    """The receipt in a decoded record. Raises `Undecodable` where it is none, names no derived store or holds what is no stamp."""
    try:
        store, answered_at, held = record["store"], record["answered_at"], [(one["key"], Stamp.unpack(one["stamp"])) for one in record["held"]]
    except (KeyError, TypeError, ValueError) as error:
        raise Undecodable(Code.INVALID_FORMAT, f"no receipt: {type(error).__name__}: {error}") from error
    if store not in STORES:
        raise Undecodable(Code.INVALID_FORMAT, f"receipt of {store}, which is no derived store: was it published by a newer Aegis? Upgrade this one")
    return Receipt(store, answered_at, held)
