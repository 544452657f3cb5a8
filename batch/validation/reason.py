"""Why a policy was judged as it was: one sentence about one field, and what would mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from aegis.errors import Code


class Severity(StrEnum):
    """What a broken rule means."""

    REJECT = "reject"
    """The policy is shown to nobody until it is mended."""
    NOTE = "note"
    """The policy is shown; the reason stands in its judgement."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a policy."""

    code: Code
    field: str
    reason: str
    remedy: str
    rule: str
    """Name of the rule, check or step that found it."""
    severity: Severity = Severity.REJECT

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: str(value) for name, value in asdict(self).items()}
