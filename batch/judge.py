"""Decides what, if anything, is wrong with one record. Pure: whether the two ends were read in an order that allows a verdict is `confirm`'s business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aegis.claim import claim_of
from aegis.inspection import LOWEST_STAMP, NO_STAMP, Listed
from aegis.record import Content, StoredRecord
from aegis.stamp import Rank
from batch.finding import DriftClass, Judgement, Repair

PLAUSIBLE_LEAD = 10**12
"""A stamp this far beyond the version sequence was never drawn, whatever backup was restored (`ops.pass_version` refuses it too)."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A row, as one store shall hold it."""

    version: int
    content: Content | None
    """What `fetch` shall give; None: a tombstone."""
    unprojectable: str = ""
    """Why the row makes no record; what is stored is then not compared."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one store holds under one key."""

    listed: Listed
    stored: StoredRecord | None
    """None where no bookkeeping can be read."""
    wrong_vector: bool = False

    @property
    def newest(self) -> int:
        """The higher one of the two stamps that were read one after the other."""
        return self.listed.stamp if self.stored is None else max(self.listed.stamp, self.stored.stamp.packed)

    @property
    def is_compensated(self) -> bool:
        """Whether its version was taken back."""
        return self.newest % 4 == Rank.COMPENSATION


def judge(key: str, row: Expected | None, found: Found | None, *, held: bool, drawn: int, placeholders: bool = False) -> Judgement | None:
    """What is wrong with `key`; None: nothing.

    `held`: some store rejected the row's version. `drawn`: the last version that PostgreSQL's sequence gave. `placeholders`: whether the store makes records
    that stand for rows which have not arrived yet (a graph, for the far ends of edges).
    """
    if row is None:
        return None if found is None else _without_row(found.listed, drawn, placeholders=placeholders)
    if held:
        return _held(found)
    if found is None:
        return Judgement(DriftClass.MISSING, Repair.WRITE)
    listed = found.listed
    if listed.stamp < LOWEST_STAMP:
        return Judgement(DriftClass.MISSING, Repair.WRITE, "no readable bookkeeping", (listed.stamp,) if listed.stamp == NO_STAMP else (NO_STAMP, listed.stamp))
    astray = (NO_STAMP,) if listed.copies > 1 else ()
    version, rank = divmod(listed.stamp, 4)
    if version > drawn + PLAUSIBLE_LEAD:
        return Judgement(DriftClass.AHEAD_OF_TRUTH, Repair.WRITE, "a stamp that no row drew", (*astray, listed.stamp))
    if version > row.version or (version == row.version and rank == Rank.DELETE):
        return Judgement(DriftClass.AHEAD_OF_TRUTH, Repair.TOUCH, "beyond the sequence" if version > drawn else "", astray)
    if version < row.version:
        return Judgement(DriftClass.STALE, Repair.WRITE, forget=astray)
    if found.wrong_vector:
        return Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "vector", astray)
    detail = _difference(key, row, found)
    if detail and rank == Rank.COMPENSATION:
        # Taken back, and its dead letter is lost. What some store rejected must not come to one store alone: a new version is rejected, and taken back, anew.
        return Judgement(DriftClass.CONTENT_DIFFERS, Repair.TOUCH, detail, astray)
    if astray:
        return Judgement(DriftClass.DUPLICATE, Repair.WRITE, detail, astray)
    return Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, detail) if detail else None


def _without_row(listed: Listed, drawn: int, *, placeholders: bool) -> Judgement | None:
    if listed.stamp < LOWEST_STAMP:
        forget = (NO_STAMP,) if listed.stamp == NO_STAMP else (NO_STAMP, listed.stamp)
        drift = DriftClass.DANGLING if placeholders and not listed.visible else DriftClass.ORPHAN
        return Judgement(drift, Repair.FORGET, "no readable bookkeeping", forget)
    astray = (NO_STAMP,) if listed.copies > 1 else ()
    if listed.is_deleted:
        return Judgement(DriftClass.DUPLICATE, Repair.FORGET, forget=astray) if astray else None
    version = listed.stamp // 4
    if version > drawn + PLAUSIBLE_LEAD:
        return Judgement(DriftClass.ORPHAN, Repair.FORGET, "a stamp that no row drew", (*astray, listed.stamp))
    detail = "beyond the sequence" if version > drawn else "" if listed.visible else "withdrawn, and its delete is lost"
    return Judgement(DriftClass.ORPHAN, Repair.DELETE, detail, astray)


def _held(found: Found | None) -> Judgement | None:
    return Judgement(DriftClass.HELD, None, "" if found is None else f"stamp {found.listed.stamp}")


def _difference(key: str, row: Expected, found: Found) -> str:
    """Names of what differs at the right version; empty where nothing does."""
    stored, listed = found.stored, found.listed
    if row.unprojectable:
        return row.unprojectable
    if stored is None:
        return "no readable bookkeeping"
    wrong = []
    if listed.visible != (row.content is not None):
        wrong.append("visible" if listed.visible else "not visible")
    elif stored.content != row.content:
        wrong += changed_fields(stored.content or {}, row.content or {})
    if stored.stamp.packed != listed.stamp:
        wrong.append("stamp")
    if stored.claim != claim_of(key, row.version):
        wrong.append("claim")
    return ", ".join(wrong)


def changed_fields(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Dotted names of the fields that differ, sorted."""
    names: list[str] = []
    for name in sorted(stored.keys() | wanted.keys()):
        one, other = stored.get(name), wanted.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            names += [f"{name}.{inner}" for inner in changed_fields(one, other)]
        elif one != other:
            names.append(name)
    return names
