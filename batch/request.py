"""What a reconciliation is asked to do, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aegis.derivations import CAPTURED, STORES
from batch.compare import Pair
from batch.runs import Verdict

NIGHTS = 7
CONTENT_FLOOR = 20_000
VECTOR_SAMPLE = 200
BRAKE_SHARE = 0.2
BRAKE_LEAST = 10
"""The brake never stops a run for fewer repairs than these: a store of five records has one in five wrong at once."""


@dataclass(frozen=True, slots=True)
class Request:
    """Options of a run. Empty `stores` or `tables`: all."""

    stores: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    deep: bool = False
    """Compare every content, and embed every vector again."""
    dry_run: bool = False
    force: bool = False
    """Repair however much of a store it is."""
    nights: int = NIGHTS
    """Runs after which every content was compared once."""
    floor: int = CONTENT_FLOOR
    """A table of at most so many rows has all its contents compared every time."""
    vectors: int = VECTOR_SAMPLE
    """Vectors embedded again in a run that is not deep, a pair."""
    brake: float = BRAKE_SHARE
    wait_seconds: float = 0.0
    """How long to wait for another run to end."""
    patience_seconds: float = 300.0
    """Bound on each wait for the pipeline."""
    cause: str = ""
    """Why it runs, for the record: nightly, replay, …"""

    def pairs(self) -> tuple[Pair, ...]:
        """What is compared, by table. Raises ValueError where a store or table is unknown, or no store holds any of the tables."""
        for names, known, what in ((self.stores, STORES, "derived store"), (self.tables, tuple(CAPTURED), "captured table")):
            unknown = [name for name in names if name not in known]
            if unknown:
                raise ValueError(f"no {what} is named {', '.join(unknown)}; there are {', '.join(known)}")
        found = tuple(
            Pair(store, table.name)
            for table in CAPTURED.values()
            if table.name in (self.tables or CAPTURED)
            for store in STORES
            if store in (self.stores or STORES) and store in table.projections
        )
        if not found:
            raise ValueError(f"{', '.join(self.stores)} hold{'s' if len(self.stores) == 1 else ''} nothing of {', '.join(self.tables)}")
        return found

    @property
    def complete(self) -> bool:
        """Whether it compares every table in every store."""
        return set(self.pairs()) == set(Request().pairs())

    def options(self) -> dict[str, Any]:
        """For `ops.runs`."""
        return {
            "stores": list(self.stores),
            "tables": list(self.tables),
            "deep": self.deep,
            "dry_run": self.dry_run,
            "force": self.force,
            "complete": self.complete,
            "nights": self.nights,
            "floor": self.floor,
            "vectors": self.vectors,
            "cause": self.cause,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run."""

    run_id: str
    verdict: Verdict
    summary: Mapping[str, Any]
    """As in `ops.runs`: see `batch.report`."""
    message: str = ""
    reports: tuple[Path, ...] = field(default=())
    """Files, for people and for machines."""
