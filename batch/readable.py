"""Rows of `policies` as policies, where they are such. Pure apart from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from aegis.rows.policy import Policy

log = structlog.get_logger(__name__)


def readable(row: Mapping[str, Any]) -> Policy | None:
    """The policy of a row; None, and a line in the log, where it is none to Aegis: it must hold up nobody else."""
    try:
        return Policy.model_validate(row)
    except ValidationError as error:
        log.warning("policy.unreadable", policy_id=row["policy_id"], fields=fields_of(error), remedy="correct the row")
        return None


def all_readable(rows: Iterable[Mapping[str, Any]]) -> list[Policy]:
    """The policies of `rows`, without those that are none."""
    return [policy for row in rows if (policy := readable(row)) is not None]


def fields_of(error: ValidationError) -> str:
    """The fields that are at fault, without their values."""
    return ", ".join(str(each["loc"][0]) for each in error.errors(include_url=False, include_input=False) if each["loc"])
