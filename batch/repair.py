"""Publishes repairs: corrections for the drifted store alone, or a touch of the row. Audited before they are published, with what was there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import psycopg
from psycopg.types.json import Jsonb

from aegis.change import Change, Operation
from aegis.correction import correction_for
from aegis.correction_log import CorrectionTooLarge
from aegis.queries import queries
from aegis.stamp import Rank, Stamp
from aegis.stores.protocol import Store
from batch.compare import Pair
from batch.ends import Both, Ends
from batch.finding import Judgement, Repair
from batch.findings import Findings, Recorded
from batch.truth import Row, Truth

REPAIR = "repair"
"""The action in `audit_logs`."""


class Publishes(Protocol):
    """`aegis.corrections`, for writing."""

    def publish(self, changes: Sequence[Change], /) -> None:
        """Returns when all are durable."""
        ...


KeyBytes = Callable[[str, str], bytes]
"""(table, key) → the key as the connector writes it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done about one finding."""

    number: int
    key: str
    judgement: Judgement
    changes: tuple[Change, ...]
    leaves: int | None
    """Packed stamp that the record has afterwards; None: nothing is left, or the log decides."""


@dataclass(frozen=True, slots=True)
class Repairer:
    """Repairs of one run."""

    run_id: str
    connection: psycopg.Connection[dict[str, Any]]
    truth: Truth
    stores: Mapping[str, Store]
    corrections: Publishes
    key_bytes: KeyBytes
    skipped: list[int] = field(default_factory=list)
    """Findings that something newer has overtaken."""

    def repair(self, findings: Findings, page: Sequence[Recorded], pair: Pair) -> int:
        """Repair those of `page` that are still as they were found. Returns how many repairs were published.

        Both ends are read once more: a row with a newer version is on its way by itself, and what is written is the row as it is now.
        """
        ends = Ends(self.truth, self.stores[pair.store], pair.table)
        keys = [one.key for one in page]
        both = ends.read(keys, vectors=[one.key for one in page if one.detail == "vector"])
        rows = self.truth.rows(pair.table, keys)
        images = self.stores[pair.store].images(pair.table, keys)
        steps = []
        for one in page:
            judgement = both.judgement(one.key) if unchanged(one, both, rows.get(one.key)) else None
            if judgement is None or judgement.repair is None:
                self.skipped.append(one.number)
                continue
            steps.append(self._step(pair, one, judgement, rows.get(one.key)))
        with self.connection.transaction():
            touched = self._touch(pair, [step.key for step in steps if step.judgement.repair is Repair.TOUCH])
            self._audit(pair, steps, images, touched)
        self._publish(pair, steps)
        findings.published([step.number for step in steps])
        return len(steps)

    def _step(self, pair: Pair, one: Recorded, judgement: Judgement, row: Row | None) -> Step:
        cause = f"reconcile {self.run_id}: {pair.store} {judgement.drift.value}{f' ({judgement.detail})' if judgement.detail else ''}"
        change = correction_for(pair.store, pair.table, one.key, self.key_bytes(pair.table, one.key), cause)
        stored = one.stored_stamp or 0
        forgets = tuple(replace(change, operation=Operation.FORGET, expected=stamp) for stamp in judgement.forget)
        match judgement.repair:
            case Repair.WRITE:
                assert row is not None
                stamp = Stamp(row.version, Rank.REPAIR)
                return Step(one.number, one.key, judgement, (*forgets, replace(change, stamp=stamp, after=row.image)), stamp.packed)
            case Repair.DELETE:
                stamp = Stamp(stored // 4, Rank.DELETE)
                return Step(one.number, one.key, judgement, (*forgets, replace(change, stamp=stamp)), stamp.packed)
            case _:
                return Step(one.number, one.key, judgement, forgets, None)

    def _publish(self, pair: Pair, steps: Sequence[Step]) -> None:
        try:
            self.corrections.publish([change for step in steps for change in step.changes])
        except CorrectionTooLarge:  # nothing was sent; one by one, and what no correction carries as a new version of the row, which Debezium does
            for step in steps:
                try:
                    self.corrections.publish(step.changes)
                except CorrectionTooLarge:
                    self._touch(pair, [step.key])

    def _touch(self, pair: Pair, keys: Sequence[str]) -> dict[str, int]:
        """Key → the new version of its row."""
        if not keys:
            return {}
        rows = self.connection.execute(queries("reconcile")["touch"], {"table": pair.table, "keys": list(keys)}).fetchall()
        return {row["key"]: row["version"] for row in rows}

    def _audit(self, pair: Pair, steps: Sequence[Step], images: Mapping[str, Any], touched: Mapping[str, int]) -> None:
        if not steps:
            return
        rows = [
            {
                "action": REPAIR,
                "store": pair.store,
                "table": pair.table,
                "key": step.key,
                "before": Jsonb(images.get(step.key)) if step.key in images else None,
                "after": Jsonb(_after(step, touched.get(step.key))),
                "reason": f"{step.judgement.drift.value}{f': {step.judgement.detail}' if step.judgement.detail else ''}",
                "run_id": self.run_id,
            }
            for step in steps
        ]
        with self.connection.cursor() as cursor:
            cursor.executemany(queries("reconcile")["audit"], rows)


def _after(step: Step, touched: int | None) -> dict[str, Any]:
    repair = step.judgement.repair
    after: dict[str, Any] = {"repair": repair.value if repair else None, "forgotten": list(step.judgement.forget), "stamp": step.leaves}
    return after if touched is None else {**after, "version": touched}


def unchanged(one: Recorded, both: Both, row: Row | None) -> bool:
    """Whether both ends are as they were when `one` was confirmed."""
    found, expected = both.found.get(one.key), both.rows.get(one.key)
    stored = None if found is None else found.listed.stamp
    versions = {None if expected is None else expected.version, None if row is None else row.version, one.row_version}
    return len(versions) == 1 and stored == one.stored_stamp
