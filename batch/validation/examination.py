"""Policies held against rules by pandera: each rule is a check of the column that it blames. Pure.

A failed check comes back with the row's place in the frame, so one pass over a batch gives every reason of every policy. Policies that keep every rule, most of
them, are told apart before in one expression: pandera costs a query a rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from aegis.rows.policy import Policy
from batch.validation.frame import SCHEMA, frame
from batch.validation.reason import Reason
from batch.validation.rule import Rule


class Examination:
    """A set of rules, made ready once and held against many batches."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Raises ValueError where two rules have one name: their reasons could not be told apart."""
        self._rules = {rule.name: rule for rule in rules}
        if len(self._rules) != len(rules):
            raise ValueError("two rules have one name: rename one")
        self._keeps_all = pl.all_horizontal([pl.lit(value=True), *(rule.holds.fill_null(value=True) for rule in rules)])
        checks: dict[str, list[pa.Check]] = defaultdict(list)
        for rule in rules:
            checks[rule.field].append(pa.Check(_question(rule.holds), name=rule.name, error=rule.name, ignore_na=False))
        self._schema = pa.DataFrameSchema({name: pa.Column(kind, nullable=True, checks=checks[name]) for name, kind in SCHEMA.items()})

    def reasons(self, rows: Sequence[Policy]) -> dict[str, tuple[Reason, ...]]:
        """policy_id → what speaks against it, in the order of the rules; policies that break none are left out."""
        if not rows or not self._rules:
            return {}
        suspects = frame(rows).filter(~self._keeps_all)
        if suspects.is_empty():
            return {}
        try:
            self._schema.validate(suspects, lazy=True)
        except pa.errors.SchemaErrors as error:
            return self._told(error.failure_cases, suspects["policy_id"].to_list())
        return {}

    def _told(self, failures: pl.DataFrame, keys: Sequence[str]) -> dict[str, tuple[Reason, ...]]:
        broken: dict[str, set[str]] = defaultdict(set)
        for name, index in failures.select("check", "index").iter_rows():
            if name not in self._rules or index is None:
                raise ValueError(f"rule {name} could not be held against the policies: see the expression that it was made of")
            broken[keys[index]].add(name)
        return {key: tuple(rule.broken() for name, rule in self._rules.items() if name in names) for key, names in broken.items()}


def _question(holds: pl.Expr) -> Callable[[PolarsData], pl.LazyFrame]:
    return lambda data: data.lazyframe.select(holds.fill_null(value=True).alias("holds"))
