"""One look at the quality of all sources: score every policy, profile every source, hold the day against the days before."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import structlog

from aegis.korea import KOREA
from batch.quality.facts import frame
from batch.quality.findings import History, SourceQuality, judged
from batch.quality.metric import metrics
from batch.quality.outlier import Outlier, outliers
from batch.quality.profile import profiles
from batch.quality.tables import Connection, QualityTables

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Quality:
    """All sources on one day."""

    on: date
    threshold: float
    sources: tuple[SourceQuality, ...]
    outliers: tuple[Outlier, ...]
    quarantined: tuple[tuple[str, str, int], ...]
    """Source, code, number."""
    fixed: tuple[tuple[str, str, int, int], ...]
    """Source, kind, made, undone."""

    @property
    def anomalies(self) -> int:
        """How many jumps, shifts and outliers there are."""
        return sum(len(each.anomalies) for each in self.sources) + len(self.outliers)

    @property
    def warnings(self) -> int:
        """How many early warnings there are."""
        return sum(len(each.warnings) for each in self.sources)

    def of(self, source: str) -> Quality:
        """The same, of one source alone."""
        return Quality(
            self.on,
            self.threshold,
            tuple(each for each in self.sources if each.profile.source == source),
            tuple(each for each in self.outliers if each.source == source),
            tuple(each for each in self.quarantined if each[0] == source),
            tuple(each for each in self.fixed if each[0] == source),
        )

    def as_document(self) -> dict[str, Any]:
        """Everything that the report shows, as JSON holds it."""
        return {
            "on": self.on.isoformat(),
            "threshold": self.threshold,
            "anomalies": self.anomalies,
            "warnings": self.warnings,
            "sources": [each.as_document() for each in self.sources],
            "outliers": [asdict(each) for each in self.outliers],
            "quarantined": [{"source": source, "code": code, "records": number} for source, code, number in self.quarantined],
            "fixed": [{"source": source, "kind": kind, "made": made, "undone": undone} for source, kind, made, undone in self.fixed],
        }


def today() -> date:
    """The day in Korea."""
    return datetime.now(KOREA).date()


def look(connection: Connection, on: date, threshold: float, source: str | None = None) -> Quality:
    """Measure, and write nothing."""
    tables = QualityTables(connection, source)
    with connection.transaction():
        facts = frame(tables.policies(), on)
        histories = tables.histories(on)
        return Quality(
            on,
            threshold,
            tuple(judged(each, histories.get(each.source, History({}, ())), on) for each in profiles(facts, threshold)),
            outliers(facts),
            tuple(tables.quarantined()),
            tuple(tables.fixed()),
        )


def run(connection: Connection, on: date, threshold: float, source: str | None = None) -> Quality:
    """Measure, and keep the measurements of the day in `quality_metrics`. A second run of the day replaces what differs."""
    begun = time.monotonic()
    found = look(connection, on, threshold, source)
    tables = QualityTables(connection, source)
    with connection.transaction():
        kept = tables.keep(on, [each for one in found.sources for each in metrics(one.profile)])
        policies = sum(one.profile.count for one in found.sources)
        counts = {"policies": policies, "metrics": kept, "anomalies": found.anomalies, "warnings": found.warnings}
        tables.record(counts, time.monotonic() - begun)
    log.info("quality.ended", on=on.isoformat(), sources=len(found.sources), **counts)
    return found
