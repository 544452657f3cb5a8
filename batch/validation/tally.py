"""What a run of the full validation decided, in counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from batch.validation.judgement import Judgement
from batch.validation.ledger import Written


@dataclass(slots=True)
class Tally:
    """Counts of one run."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Status → judgements."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Name of a rule → policies that it speaks against."""
    duplicates: int = 0
    changed: int = 0
    news: int = 0
    changed_meanwhile: int = 0
    unreadable: int = 0
    refused: list[str] = field(default_factory=list)
    malformed_rules: list[str] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Judgements made, those included that nothing came of."""
        return self.statuses.total()

    def add(self, judgements: Sequence[Judgement], written: Written) -> None:
        """Count a batch."""
        for each in judgements:
            self.statuses[each.status] += 1
            self.duplicates += each.canonical_id is not None
            self.reasons.update({reason.rule for reason in each.reasons})
        self.changed += written.changed
        self.news += written.news
        self.refused += written.refused
        self.changed_meanwhile += len(judgements) - written.settled - len(written.refused)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        counts = {name: getattr(self, name) for name in ("judged", "duplicates", "changed", "news", "changed_meanwhile", "unreadable")}
        statuses = {status: self.statuses[status] for status in ("active", "rejected", "archived")}
        return {**counts, **statuses, "reasons": dict(self.reasons.most_common()), "refused": self.refused, "malformed_rules": self.malformed_rules}
