"""Errors of Neo4j's driver, translated once: what waits, what is refused for good, what is a fault of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from neo4j.exceptions import ConnectionAcquisitionTimeoutError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired

from aegis.errors import ChangeRejected, Code, StoreUnavailable

_OURS_OR_DATA = ("Neo.ClientError.Schema.", "Neo.ClientError.Statement.")
_PASSES = tuple(f"Neo.{kind}." for kind in ("TransientError", "ClientError.Security", "ClientError.Database", "ClientError.Transaction"))
_FAULT_OF_OURS = frozenset({"Neo.ClientError.Statement.SyntaxError", "Neo.ClientError.Statement.ParameterMissing"})
_GONE = "Neo.ClientError.Statement.EntityNotFound"
"""A node was purged between being found and being linked; the next attempt makes it again."""
_CONSTRAINT = re.compile(r"label `([^`]+)` and propert(?:y|ies) `([^`]+)`")


def unavailable(error: DriverError | Neo4jError) -> bool:
    """Whether a repetition may heal it: connection, timeout, deadlock, a node gone meanwhile, a server that is still starting (it refuses logins then)."""
    if isinstance(error, DriverError):
        return isinstance(error, (ServiceUnavailable, SessionExpired, ConnectionAcquisitionTimeoutError)) or error.is_retryable()
    code = error.code or ""
    if code == _GONE:
        return True
    return error.is_retryable() or code.startswith(
        ("Neo.TransientError.", "Neo.ClientError.Security.", "Neo.ClientError.Database.", "Neo.ClientError.Transaction.")
    )


def refused(error: Neo4jError) -> bool:
    """Whether the server says that the data of this transaction can never be stored."""
    code = error.code or ""
    return (code.startswith(_OURS_OR_DATA) and code not in _FAULT_OF_OURS) or _too_large_for_index(error)


def _too_large_for_index(error: Neo4jError) -> bool:
    return "too large to index" in (error.message or "")


def reason(error: Neo4jError) -> str:
    """What was refused, without the value that the server's own message quotes."""
    if (found := _CONSTRAINT.search(error.message or "")) is not None:
        label, field = found.groups()
        return f"field {field}: another node has this value already and a constraint on :{label}({field}) forbids that; drop the constraint or mend the row"
    if _too_large_for_index(error):
        return "field (unknown): a value is too large for an index; drop the index that was made by hand, or shorten the value in the row"
    return f"field (unknown): refused with {error.code}; look for constraints made by hand (SHOW CONSTRAINTS), or mend the row"


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StoreUnavailable` for what a repetition may heal; everything else passes as it is."""
    try:
        yield
    except (DriverError, Neo4jError) as error:
        if not unavailable(error):
            raise
        code = error.code if isinstance(error, Neo4jError) else type(error).__name__
        raise StoreUnavailable(
            Code.NEO4J_SYNC_FAILED, f"Neo4j does not answer ({code}); see `aegis status`, and NEO4J_URI, NEO4J_USER, NEO4J_PASSWORD"
        ) from error


@contextmanager
def rejecting(record: str) -> Iterator[None]:
    """Raise `ChangeRejected` about `record` (table and key) where the server refuses the data."""
    try:
        yield
    except Neo4jError as error:
        if unavailable(error) or not refused(error):
            raise
        raise ChangeRejected(Code.NEO4J_SYNC_FAILED, f"{record}: {reason(error)}") from error
