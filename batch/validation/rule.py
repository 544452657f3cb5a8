"""A rule: a question that every policy must answer with yes, and what it means when one does not."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from aegis.errors import Code
from batch.validation.reason import Reason, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule over policies, whoever wrote it. `name` is unique among the rules of a run."""

    name: str
    field: str
    """The field that is at fault where the rule is broken; one of `frame.FIELDS`."""
    holds: pl.Expr
    """True where a policy keeps the rule; null counts as kept: what is not known breaks no rule."""
    reason: str
    remedy: str
    severity: Severity = Severity.REJECT
    code: Code = Code.VALIDATION_FAILED
    description: str = ""
    """What it is for, for analysts."""

    def broken(self) -> Reason:
        """What is said of a policy that breaks it."""
        return Reason(self.code, self.field, self.reason, self.remedy, self.name, self.severity)
