"""What each type of event carries, typed: the newest version of each schema in schemas/avro/events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class PolicyValidated:
    """A policy was taken in, new or changed, and passed the basic validation."""

    policy_id: str
    source: str
    source_id: str
    status: str
    version: int
    operation: str
    """created or updated."""


@dataclass(frozen=True, slots=True)
class QualityUpdated:
    """A policy was judged by the full validation."""

    policy_id: str
    source: str
    version: int
    status: str
    quality_score: float
    """0 to 1."""
    parts: Mapping[str, float]
    """Part of the score, for example completeness → its value, 0 to 1."""
    reasons: tuple[str, ...]
    """Codes."""


@dataclass(frozen=True, slots=True)
class SyncCompleted:
    """All derived stores hold one version of a policy."""

    policy_id: str
    version: int
    outcome: str
    """stored, compensated or deleted."""
    stores: Mapping[str, str]
    """Store → rank that it holds the version at."""


Payload = PolicyValidated | QualityUpdated | SyncCompleted

PAYLOADS: Mapping[str, type[Payload]] = {
    "policy.validated": PolicyValidated,
    "data.quality_updated": QualityUpdated,
    "data.sync_completed": SyncCompleted,
}
"""Type of event → its payload."""


def payload_of(kind: str, data: Mapping[str, Any]) -> Payload | None:
    """`data` of an event of type `kind`, typed; None for a type that this release does not know. Fields of a newer minor version are left out.

    Raises ValueError naming the field that is absent.
    """
    shape = PAYLOADS.get(kind)
    if shape is None:
        return None
    absent = [one.name for one in fields(shape) if one.name not in data and one.default is MISSING]
    if absent:
        raise ValueError(f"{kind} without {', '.join(absent)}")
    return shape(**{one.name: _frozen(data[one.name]) for one in fields(shape) if one.name in data})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
