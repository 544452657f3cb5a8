"""The compensating transaction: when one store rejects a version for good, the others must not show what it cannot."""

from __future__ import annotations

from dataclasses import replace

from aegis.change import Change
from aegis.errors import ChangeRejected
from aegis.stamp import Rank, Stamp


def compensation(change: Change, store: str, reason: ChangeRejected) -> Change | None:
    """The change that takes `change` back in all stores; None for a delete, which is never compensated.

    A create is compensated by withdrawing the record, an update by its before-image. Where a compensation or a repair itself was rejected, the record is
    withdrawn: consistent absence. The stamp makes it safe: it beats the upsert of its version, and loses to the delete of it and to every newer version.
    """
    if change.stamp.rank is Rank.DELETE:
        return None
    return replace(
        change,
        stamp=Stamp(change.stamp.version, Rank.COMPENSATION),
        before=None,
        after=change.before if change.stamp.rank is Rank.UPSERT else None,
        targets=None,
        cause=f"{store} rejected {change.table} {change.key} at {change.stamp}: {reason.code}",
    )
