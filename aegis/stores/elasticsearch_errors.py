"""Errors of Elasticsearch and of its driver, translated once: what waits, what is refused for good, what is a fault of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from elasticsearch import ApiError, TransportError

from aegis.errors import ChangeRejected, Code, StoreUnavailable
from aegis.record import Record

_PASSES = frozenset({"cluster_block_exception", "process_cluster_event_timeout_exception"})
"""Types of answers that an operator's hand ends (a full disk makes indices read-only) whatever their status."""
_GONE = "index_not_found_exception"
_SNAPSHOT_GONE = (HTTPStatus.NOT_FOUND, "search_phase_execution_exception")
"""What a page of a snapshot is answered with when its index was switched away, or when nobody asked for a page too long."""
_FIELD = re.compile(r'field(?: name)?[ =:]*[\["]([\w.\-]+)[\]"]|introduction of \[([\w.\-]+)\]')
_LONGEST = 300


class IndexGone(StoreUnavailable):
    """Somebody took the index, or its alias, away."""


def passes(status: int, kind: str = "") -> bool:
    """Whether an answer of this HTTP status and error type may be another one later: overload, a server or shard that is away."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR or kind in _PASSES or (status, kind) == _SNAPSHOT_GONE


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StoreUnavailable` for what a repetition may heal; everything else passes as it is."""
    try:
        yield
    except TransportError as error:
        raise unavailable(f"{type(error).__name__}: {error.message}") from error
    except ApiError as error:
        if error.error == _GONE:
            raise gone() from error
        if not passes(error.status_code, error.error):
            raise
        raise unavailable(f"status {error.status_code}, {error.error}") from error


def unavailable(what: str) -> StoreUnavailable:
    """The store does not answer, for `what`."""
    return StoreUnavailable(Code.ELASTICSEARCH_SYNC_FAILED, f"Elasticsearch does not answer ({what}); see `aegis status`, and ELASTICSEARCH_URL")


def gone() -> IndexGone:
    """The index is not there. Reading makes none: an app that writes does."""
    return IndexGone(
        Code.ELASTICSEARCH_SYNC_FAILED,
        "an index of Elasticsearch is gone; restart its stream app, which makes an empty one, then `aegis rebuild elasticsearch`",
    )


def lacks_index(error: Mapping[str, Any]) -> bool:
    """Whether one item of an answer failed for want of its index."""
    return error.get("type") == _GONE


def refusal(record: Record, error: Mapping[str, Any]) -> ChangeRejected:
    """Why the server refuses `record`, with the field where its reason names one, and without the values that it quotes."""
    reasons = list(_reasons(error))
    found = next((match for reason in reasons if (match := _FIELD.search(reason))), None)
    field = (found.group(1) or found.group(2)) if found else "(unknown)"
    refused = f"refused with {error.get('type', 'error')}: {_without_values(reasons[0])}"
    return ChangeRejected(
        Code.ELASTICSEARCH_SYNC_FAILED,
        f"{record.table} {record.key}: field {field}: {refused}; mend {field} in the row, or its mapping in aegis/projections",
    )


def _reasons(error: Mapping[str, Any]) -> Iterator[str]:
    yield str(error.get("reason", ""))
    cause = error.get("caused_by")
    if cause:
        yield from _reasons(cause)


def _without_values(reason: str) -> str:
    """The reason up to where it begins to quote the document."""
    return re.split(r"\. Preview of field's value|, original message|Please correct|The prefix of the first", reason)[0].strip()[:_LONGEST]
