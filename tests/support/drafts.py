"""Records of portals as drafts, or the reasons why they are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aegis.errors import Code
from collectors.answer import Answer
from collectors.draft import Accepted, PolicyDraft, Rejected
from collectors.portals import PORTALS
from collectors.portals.portal import Page
from collectors.validation import validate


def draft(source: str, raw: object) -> PolicyDraft:
    """The draft of a record that passes."""
    outcome = validate(PORTALS[source], raw)
    assert isinstance(outcome, Accepted), outcome
    return outcome.draft


def problems(source: str, raw: object) -> list[tuple[Code, str]]:
    """Code and field of each problem of a record that does not pass."""
    outcome = validate(PORTALS[source], raw)
    assert isinstance(outcome, Rejected), outcome
    return [(problem.code, problem.field) for problem in outcome.problems]


def page(source: str, body: str, status: int = 200) -> Page:
    """The page in a body."""
    return PORTALS[source].read(Answer(status, body.encode()))


def rows(source: str, body: str) -> list[Mapping[str, Any]]:
    """The records of a page, which are mappings."""
    found = page(source, body).records
    assert all(isinstance(row, Mapping) for row in found)
    return [row for row in found if isinstance(row, Mapping)]
