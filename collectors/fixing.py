"""Fixes of accepted records beside PostgreSQL: what somebody undid is not done again, what is new is listed and audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
import psycopg
from psycopg.rows import TupleRow

from aegis.fixes import Fix, kept
from aegis.queries import queries
from collectors.draft import Accepted

Connection = psycopg.Connection[TupleRow]


def without_exempt(connection: Connection, accepted: Sequence[Accepted]) -> list[Accepted]:
    """`accepted`, where a fix that was undone once is undone again: one query a page, none where nothing was fixed."""
    fixed = [each.draft.policy_id for each in accepted if each.fixes]
    if not fixed:
        return list(accepted)
    exempt = frozenset(connection.execute(queries("fixes")["exempt"], {"policy_ids": fixed}).fetchall())
    return [_spared(each, exempt) if each.fixes and exempt else each for each in accepted]


def add_fixes(connection: Connection, source: str, accepted: Sequence[Accepted]) -> None:
    """List and audit the fixes that are not listed yet. Call within the transaction that stores the policies."""
    rows = [_row(each.draft.policy_id, fix) for each in accepted for fix in each.fixes]
    if rows:
        connection.execute(queries("fixes")["add"], {"source": source, "batch": orjson.dumps(rows).decode()})


def _spared(accepted: Accepted, exempt: frozenset[tuple[str, ...]]) -> Accepted:
    policy_id = accepted.draft.policy_id
    fields, fixes = kept({}, accepted.fixes, lambda fix: (policy_id, fix.field, fix.kind) in exempt)
    return replace(accepted, draft=accepted.draft.model_copy(update=fields), fixes=fixes)


def _row(policy_id: str, fix: Fix) -> dict[str, object]:
    names = {"before": fix.values_before, "after": fix.values_after, "on_undo": fix.values_undone}
    return {"policy_id": policy_id, "field": fix.field, "kind": fix.kind, **names}
