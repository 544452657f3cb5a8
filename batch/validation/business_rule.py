"""Rules of the table `business_rules` (rule_type `validation`): from the JSON that an analyst wrote to a `Rule`, or to what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import orjson
import polars as pl
from pydantic import Field, ValidationError

from aegis.errors import Code
from aegis.rows.business_rule import BusinessRule
from batch.validation.condition import OPERATORS, Condition, Part, Text
from batch.validation.expression import expression
from batch.validation.frame import FIELDS
from batch.validation.reason import Severity
from batch.validation.rule import Rule

MOST_DEPTH = 20
MOST_NODES = 2000
RULE_TYPE = "validation"


class RuleCondition(Part):
    """The condition of a validation rule: whatever policy `applies_to` is true of must be what it `requires`."""

    applies_to: Annotated[Condition | None, Field(description="Policies that the rule is about; left out: all.")] = None
    requires: Annotated[Condition, Field(description="What must be true of them.")]
    field: Annotated[str, Field(json_schema_extra={"enum": list(FIELDS)}, description="The field that is at fault where it is not.")]
    severity: Annotated[Severity, Field(strict=False, description="reject: such a policy is shown to nobody; note: it is shown, with the reason kept.")] = (
        Severity.REJECT
    )
    reason: Annotated[Text, Field(description="What is wrong with such a policy, in a sentence.")]
    remedy: Annotated[Text, Field(description="What would mend it.")]


class MalformedRule(Exception):
    """A rule that cannot be used: it is skipped and reported, and the others are applied."""

    def __init__(self, rule: str, problems: Sequence[str]) -> None:
        super().__init__(f"rule {rule}: {'; '.join(problems)}")
        self.rule = rule
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules that can be used, and what is wrong with the others."""

    rules: tuple[Rule, ...]
    malformed: tuple[MalformedRule, ...]


def compiled(rows: Sequence[BusinessRule], on: date) -> Compiled:
    """Every active validation rule among `rows`, greatest priority first. `on`: the day that `today` means in them."""
    rules, malformed = [], []
    for row in sorted(rows, key=lambda row: (-row.priority, row.rule_id)):
        if row.rule_type != RULE_TYPE or not row.is_active:
            continue
        try:
            rules.append(rule_of(row, on))
        except MalformedRule as error:
            malformed.append(error)
    return Compiled(tuple(rules), tuple(malformed))


def rule_of(row: BusinessRule, on: date) -> Rule:
    """The rule of a row. Raises `MalformedRule`, and nothing else."""
    stated = parsed(row.condition, f"{row.rule_id} ({row.name})")
    holds = expression(stated.requires, on)
    if stated.applies_to is not None:
        holds = ~expression(stated.applies_to, on) | holds
    if row.policy_ids:
        holds = ~pl.col("policy_id").is_in(list(row.policy_ids)) | holds
    name = f"business_rules/{row.rule_id}"
    return Rule(name, stated.field, holds, stated.reason, stated.remedy, stated.severity, Code.VALIDATION_FAILED, row.description or row.name)


def parsed(condition: str | bytes, rule: str) -> RuleCondition:
    """The condition that JSON text states. Raises `MalformedRule` with each problem's path and remedy, and nothing else."""
    try:
        value = orjson.loads(condition)
    except orjson.JSONDecodeError as error:
        raise MalformedRule(rule, [f"this is no JSON ({error}): correct it"]) from None
    if problem := _too_large(value):
        raise MalformedRule(rule, [problem])
    try:
        stated = RuleCondition.model_validate(value)
    except ValidationError as error:
        raise MalformedRule(rule, [_told(dict(each)) for each in error.errors(include_url=False, include_input=False)]) from None
    if stated.field not in FIELDS:
        raise MalformedRule(rule, [f"field: there is no field {stated.field!r}; use one of {', '.join(FIELDS)}"])
    return stated


def schema() -> dict[str, Any]:
    """JSON Schema of the column `condition`, for editors; `resources/business_rule.schema.json` is this."""
    made = RuleCondition.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "aegis/business_rule.schema.json",
        **made,
        "title": "Condition of a validation rule",
    }


def _told(error: dict[str, Any]) -> str:
    """One problem: where, what, and what to do."""
    path = ".".join(str(step) for step in _path(error["loc"])) or "(condition)"
    if error["type"] == "missing":
        return f"{path}: is missing; add it"
    if error["type"] == "extra_forbidden":
        return f"{path}: means nothing here; remove it"
    if error["type"] in {"union_tag_not_found", "union_tag_invalid"}:
        return f"{path}: a condition is an object with one operator, of {', '.join(OPERATORS)}"
    return f"{path}: {error['msg']}; see docs/validation.md"


def _path(steps: Sequence[str | int]) -> list[str | int]:
    """`steps` without the kinds that pydantic took conditions for: each stands where a condition begins, and once more as the key of its operator."""
    kept: list[str | int] = []
    operator: str | int = ""
    begins = False
    for step in steps:
        if begins:
            operator, begins = step, False
            continue
        kept.append(step)
        begins = len(kept) == 1 and step in {"requires", "applies_to"}
        begins = begins or step == "not" or (isinstance(step, int) and operator in {"all", "any"})
    return kept


def _too_large(value: object) -> str | None:
    """Looked at before anything recurses into it."""
    waiting, nodes = [(value, 1)], 0
    while waiting:
        found, depth = waiting.pop()
        nodes += 1
        if depth > MOST_DEPTH or nodes > MOST_NODES:
            return f"(condition): more than {MOST_DEPTH} levels or {MOST_NODES} parts; split it into several rules"
        inside = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        waiting += [(each, depth + 1) for each in inside]
    return None
