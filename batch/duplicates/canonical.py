"""Which row of a cluster speaks for the others. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from aegis.rows.policy import STATED, Policy

SOURCES = ("bizinfo", "bokjiro_central", "bokjiro_local", "gov24", "kstartup", "youthcenter", "mss")
"""Sources in order of trust where rows are equally complete: first those that the issuing offices fill in themselves. Others come after these."""
_COUNTED = tuple(name for name in STATED if name != "funding_amount_min")
"""The least and the most of an amount are one statement."""
_LONG_TEXT = 200
"""Characters from which a text counts as one that explains."""


def canonical(rows: Sequence[Policy]) -> tuple[Policy, str]:
    """The row that speaks for `rows` and why: the most complete; then the source first in `SOURCES`; then the oldest; then the smallest key."""
    first, *others = sorted(rows, key=_order)
    second = _order(others[0]) if others else _order(first)
    reason = next((words for words, mine, theirs in zip(_REASONS, _order(first), second, strict=True) if mine != theirs), _REASONS[-1])
    return first, reason


_REASONS = ("it states most", "its source comes first", "it was stored first", "its key comes first")


def completeness(row: Policy) -> int:
    """Columns that a row states; a text that explains counts twice."""
    return sum(bool(getattr(row, name)) for name in _COUNTED) + (len(row.content) >= _LONG_TEXT)


def _order(row: Policy) -> tuple[int, int, str, str]:
    place = SOURCES.index(row.source) if row.source in SOURCES else len(SOURCES)
    return -completeness(row), place, row.created_at.isoformat(), row.policy_id
