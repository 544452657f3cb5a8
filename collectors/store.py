"""Collected records into PostgreSQL: one transaction a page, each statement for the whole page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg.rows import TupleRow

from aegis.queries import queries
from collectors.draft import Accepted, Rejected
from collectors.fixing import add_fixes, without_exempt
from collectors.listing import Listing

Connection = psycopg.Connection[TupleRow]


class AlreadyRunning(Exception):
    """Another session collects the same source."""


class Outdated(Exception):
    """A listing of the source that was begun later has been written already."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a page did, or in a dry run would do."""

    new: int
    changed: int
    strangers: int
    """Records without a usable identifier that were not in the quarantine before."""


class PolicyStore:
    """The tables that a collector writes, for one source."""

    def __init__(self, connection: Connection, source: str, *, dry_run: bool, traceparent: str | None = None, only_new: bool = False) -> None:
        """`connection` must be in autocommit mode: a page's transaction begins and ends here.

        `only_new`: what is stored comes from an old listing; it may add policies that are missing, and must not take back what came later.
        """
        self._connection = connection
        self._source = source
        self._dry_run = dry_run
        self._traceparent = traceparent
        self._only_new = only_new
        self._sql = queries("collect")

    @property
    def connection(self) -> Connection:
        """The session that writes."""
        return self._connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off other collectors of the source until left. Raises `AlreadyRunning`; PostgreSQL lets go of the lock when the session ends."""
        if self._connection.execute(self._sql["lock"], {"source": self._source}).fetchone() != (True,):
            raise AlreadyRunning(f"another session collects {self._source}: wait until it ends, or end it")
        try:
            yield
        finally:
            if not self._connection.broken:
                self._connection.execute("SELECT pg_advisory_unlock_all()")

    def expect_nothing_newer(self, begun: float) -> None:
        """Raise `Outdated` where a listing begun later than `begun` (seconds since the epoch) was written: this one would archive what is new in that."""
        row = self._connection.execute(self._sql["newest_listing"], {"source": self._source, "begun": begun}).fetchone()
        if row is not None:
            raise Outdated(f"a listing of {self._source} that was begun later, {row[0]:%F %T %Z}, has been written already: fetch it again")

    def store(self, accepted: Sequence[Accepted], rejected: Sequence[Rejected], unidentified: frozenset[str]) -> Stored:
        """Store one page in one transaction; in a dry run say what that would do. `unidentified`: content hashes of records without a usable identifier."""
        with self._connection.transaction():
            if self._dry_run:
                self._connection.execute("SET TRANSACTION READ ONLY")
            accepted = without_exempt(self._connection, accepted)
            drafts = _json([_row(each) for each in accepted])
            differing: dict[str, bool] = dict(self._connection.execute(self._sql["compare"], {"batch": drafts}).fetchall())
            known = self._quarantined(unidentified)
            if self._only_new:
                differing = {source_id: is_new for source_id, is_new in differing.items() if is_new}
                accepted, rejected = [each for each in accepted if each.draft.source_id in differing], ()
            if not self._dry_run:
                self._write(drafts, accepted, rejected, list(differing))
        new = sum(differing.values())
        return Stored(new, len(differing) - new, len(unidentified - known))

    def release(self, source_ids: frozenset[str]) -> int:
        """Let go of the quarantined forms of records that pass now; returns how many."""
        if self._dry_run or not source_ids:
            return 0
        return self._connection.execute(self._sql["release"], {"source": self._source, "source_ids": list(source_ids)}).rowcount

    def known(self) -> int:
        """How many policies of the source are not archived."""
        return self._standing(frozenset())[0]

    def absent(self, listing: Listing) -> int:
        """How many of them `listing` lacks."""
        return self._standing(listing.seen)[1]

    def archive(self, listing: Listing) -> int:
        """Archive every policy of the source that `listing` lacks; returns how many."""
        return self._connection.execute(self._sql["archive"], {"source": self._source, "seen": list(listing.seen)}).rowcount

    def record(self, status: str, counts: Mapping[str, Any], seconds: float, error_code: str | None, message: str | None) -> None:
        """Add one run to the history."""
        self._connection.execute(
            self._sql["record"],
            {"source": self._source, "status": status, "counts": _json(counts), "seconds": seconds, "error_code": error_code, "message": message},
        )

    def _standing(self, seen: frozenset[str]) -> tuple[int, int]:
        row = self._connection.execute(self._sql["standing"], {"source": self._source, "seen": list(seen)}).fetchone()
        assert row is not None
        return row[0], row[1]

    def _write(self, drafts: str, accepted: Sequence[Accepted], rejected: Sequence[Rejected], differing: list[str]) -> None:
        with self._connection.pipeline():
            if differing:
                self._connection.execute(self._sql["upsert"], {"batch": drafts, "differing": differing, "traceparent": self._traceparent})
            if accepted:
                self._connection.execute(self._sql["keep_documents"], {"batch": _json([each.document for each in accepted])})
            add_fixes(self._connection, self._source, accepted)
            if rejected:
                self._connection.execute(self._sql["quarantine"], {"batch": _json([row for each in rejected for row in _problems(each)])})

    def _quarantined(self, content_hashes: frozenset[str]) -> frozenset[str]:
        if not content_hashes:
            return frozenset()
        parameters = {"source": self._source, "content_hashes": list(content_hashes)}
        return frozenset(row[0] for row in self._connection.execute(self._sql["quarantined_before"], parameters))


def _row(accepted: Accepted) -> dict[str, Any]:
    return {"policy_id": accepted.draft.policy_id, **accepted.draft.model_dump()}


def _problems(rejected: Rejected) -> list[dict[str, Any]]:
    document = rejected.document
    return [
        {
            "source": document.source,
            "source_id": document.source_id or None,
            "code": str(problem.code),
            "field": problem.field,
            "reason": f"{problem.reason}; {problem.remedy}",
            "raw": document.body,
            "content_hash": document.content_hash,
        }
        for problem in rejected.problems
    ]


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()
