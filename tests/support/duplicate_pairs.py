"""The labelled pairs of policies, with the recorded rows that they name."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aegis.rows.policy import Policy
from collectors.portals import PORTALS
from infra.local.portals.recorded_welfare import RecordedWelfare

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"
PAIRS = REPOSITORY / "tests" / "golden" / "duplicate_pairs.csv"
STORED = datetime(2026, 7, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two recorded records, and whether whoever read both says that they are one policy."""

    first: tuple[str, str, str]
    """Portal, recording, identifier."""
    second: tuple[str, str, str]
    same: bool
    reason: str
    drawn_by: str
    held_out: bool
    """Whether the pair was labelled after tuning, and was not used for it."""


def pairs() -> list[Pair]:
    """All labelled pairs."""
    with PAIRS.open(encoding="utf-8") as lines:
        return [
            Pair(
                (row["source_a"], row["file_a"], row["id_a"]),
                (row["source_b"], row["file_b"], row["id_b"]),
                row["same"] == "yes",
                row["reason"],
                row["drawn_by"],
                row["half"] == "held_out",
            )
            for row in csv.DictReader(lines)
        ]


def row_of(record: tuple[str, str, str]) -> Policy:
    """The policy that the collectors make of a recorded record."""
    portal, recording, identifier = record
    return recorded(portal, recording)[identifier]


@cache
def recorded(portal: str, recording: str) -> Mapping[str, Policy]:
    """Identifier → policy of one recording."""
    match portal:
        case "gov24":
            return _policies("gov24", _lines(DATA / "gov24" / f"{recording}.jsonl.gz"))
        case "bokjiro":
            welfare, day = RecordedWelfare(DATA), date.fromisoformat(recording[:10])
            return {**_policies("bokjiro_central", welfare.central(day)), **_policies("bokjiro_local", welfare.local(day))}
        case _:
            with gzip.open(DATA / "bizinfo" / f"{recording}.json.gz", "rt", encoding="utf-8") as file:
                document = json.load(file)
            return _policies("bizinfo", document["jsonArray"] if isinstance(document, dict) else document)


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _policies(source: str, records: Iterable[Mapping[str, Any]]) -> dict[str, Policy]:
    portal: Any = PORTALS[source]
    fields: Callable[[Mapping[str, Any]], Mapping[str, Any]] = portal.fields
    found = {}
    for number, record in enumerate(records):
        draft = fields(record)
        key = f"{source}-{draft['source_id']}"
        found[draft["source_id"]] = Policy(policy_id=key, source=source, status="active", created_at=STORED, updated_at=STORED, version=number + 1, **draft)
    return found
