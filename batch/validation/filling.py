"""What the validation reads out of a policy's text, and what of it becomes columns. Pure.

Only where the source states nothing: what it states in columns of its own is never overwritten. What was filled in is remembered with what the source had
said, so that the next judgement reads the text afresh, and the next collection leaves it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from aegis.phrases.money import Money, money
from aegis.phrases.period import Period, period
from aegis.rows.policy import Policy
from batch.validation.references import todays

Filled = Mapping[str, Mapping[str, Any]]
"""Column → {stated, set}, as in `ops.judgements.filled`: values as JSON has them."""

MOST_WON = 10**14
MOST_RATE = 100
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)
MOST_EVIDENCE = 20
"""Phrases kept of one kind: a text of 100,000 letters has hundreds."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A policy as it stands after reading."""

    row: Policy
    """With what was filled in."""
    filled: Filled
    was_read: Mapping[str, Any] = field(default_factory=dict)


def stated(row: Policy, before: Filled) -> Policy:
    """`row` as its source stated it: what an earlier judgement filled in, and nobody changed since, taken back."""
    back = {name: each["stated"] for name, each in before.items() if name in Policy.model_fields and as_json(getattr(row, name)) == each["set"]}
    return Policy.model_validate(row.model_dump() | back) if back else row


def filling(row: Policy) -> Filling:
    """What `row`, as its source stated it, becomes. Never raises."""
    said, when = money(f"{row.title}\n{row.content}"), period_of(row)
    values = {**_amounts(row, said), **_rate(row, said), **_days(row, when), **todays(row)}
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    filled = {name: {"stated": as_json(getattr(row, name)), "set": as_json(value)} for name, value in changed.items()}
    return Filling(row.model_copy(update=changed), filled, _was_read(said, when))


def period_of(row: Policy) -> Period:
    """The application period in words: as the source states it, else as a label of the text names it."""
    own = period(row.application_period_text or "")
    if own.kind != "none":
        return own
    return period(row.content, prose=True)


def as_json(value: Any) -> Any:
    """A column's value as it is kept in `filled`."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _amounts(row: Policy, said: Money) -> dict[str, Any]:
    if row.funding_amount_min is not None or row.funding_amount_max is not None:
        return {}
    stated_amounts = [amount for amount in (said.least, said.most) if amount is not None]
    if not stated_amounts or max(stated_amounts) > MOST_WON or stated_amounts != sorted(stated_amounts):
        return {}
    return {"funding_amount_min": said.least, "funding_amount_max": said.most}


def _rate(row: Policy, said: Money) -> dict[str, Any]:
    if row.interest_rate is not None or said.rate is None or not 0 <= said.rate <= MOST_RATE:
        return {}
    return {"interest_rate": round(said.rate, 4)}


def _days(row: Policy, when: Period) -> dict[str, Any]:
    start, end = row.application_start_date or when.start, row.application_end_date or when.end
    if any(day is not None and not EARLIEST <= day <= LATEST for day in (when.start, when.end)) or (start and end and start > end):
        return {}
    return {"application_start_date": start, "application_end_date": end}


def _was_read(said: Money, when: Period) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if said.evidence:
        values = {"least": said.least, "most": said.most, "rate": as_json(said.rate)}
        found["money"] = {**values, "evidence": _evidence(said)}
    if when.kind != "none":
        found["period"] = {"kind": when.kind, "start": as_json(when.start), "end": as_json(when.end), "evidence": _evidence(when)}
    return found


def _evidence(read: Money | Period) -> list[dict[str, Any]]:
    return [{name: as_json(value) for name, value in asdict(each).items()} for each in read.evidence[:MOST_EVIDENCE]]
