"""Basic validation: a source's record, its certain faults fixed, becomes a draft, or problems that name field, reason and remedy. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from aegis.errors import Code
from aegis.fixes import fixed
from collectors.document import MOST_DEPTH, document_of, is_deep
from collectors.draft import SOURCE_ID, Accepted, Outcome, PolicyDraft, Problem, Rejected
from collectors.period import ImpossibleDate
from collectors.source import Source
from collectors.wording import line, storable

_USABLE = re.compile(SOURCE_ID)
_ABSENT = frozenset({"missing", "string_too_short"})
_RULE = frozenset({"greater_than_equal", "less_than_equal", "string_too_long"})


def validate(source: Source, raw: object) -> Outcome:
    """What becomes of one record of `source`. Never raises for anything that a source can send."""
    source_id = _source_id(source, raw)
    document = document_of(source.name, source_id, raw, source.volatile)
    if not isinstance(raw, Mapping):
        problem = Problem(
            Code.INVALID_FORMAT, "(record)", f"a record is a {type(raw).__name__}, not an object", "compare the answer with the portal's documentation"
        )
        return Rejected((problem,), document)
    if is_deep(raw):
        reason = f"it is more than {MOST_DEPTH} levels deep, and what lies deeper was not kept"
        return Rejected((Problem(Code.INVALID_FORMAT, "(record)", reason, "have the portal correct it"),), document)
    try:
        fields, fixes = fixed(source.fields(raw))
        draft = PolicyDraft.model_validate({"source": source.name, **fields})
    except ValidationError as error:
        return Rejected(tuple(_problem(source, dict(detail)) for detail in error.errors(include_url=False, include_input=False)), document)
    except ImpossibleDate as error:
        return Rejected((Problem(Code.INVALID_FORMAT, source.period_field, str(error), "have the portal correct the period"),), document)
    return Accepted(draft, document, fixes)


def usable_id(source: Source, raw: object) -> str | None:
    """The record's identifier where it has one that could be a policy's; None otherwise."""
    identifier = _identifier(source, raw)
    return identifier if _USABLE.fullmatch(identifier) else None


def _source_id(source: Source, raw: object) -> str:
    return _identifier(source, raw)[:100]


def _identifier(source: Source, raw: object) -> str:
    value = raw.get(source.id_field) if isinstance(raw, Mapping) else None
    return storable(line(str(value))) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _problem(source: Source, detail: dict[str, Any]) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "disagreement":
        return Problem(Code.VALIDATION_FAILED, context["field"], context["reason"], context["remedy"])
    field = str(detail["loc"][0]) if detail["loc"] else "(record)"
    named = source.named(field)
    if kind in _ABSENT:
        return Problem(Code.VALIDATION_FAILED, named, "a required field is missing or empty", "have the portal fill it in")
    if kind in _RULE:
        return Problem(Code.VALIDATION_FAILED, named, detail["msg"], "have the portal correct it")
    if kind == "string_pattern_mismatch":
        return Problem(Code.INVALID_FORMAT, named, _pattern_reason(field), "have the portal correct it")
    return Problem(Code.INVALID_FORMAT, named, detail["msg"], "compare the record with the portal's documentation")


def _pattern_reason(field: str) -> str:
    if field == "source_id":
        return "an identifier has letters, digits, - and _ only (a masked one is shared by several records)"
    return "this is no http(s) address" if field == "detail_url" else "the text does not have the expected form"
