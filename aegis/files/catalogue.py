"""The catalogue: one row per finished file, with its checksum and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import psycopg
from psycopg.rows import class_row, dict_row

from aegis.queries import queries


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguedFile:
    """A file as the catalogue has it."""

    kind: str
    """raw, processed, cleaned or export."""
    path: str
    """Below the storage's folder."""
    format: str
    row_count: int
    byte_count: int
    sha256: str
    source: str | None = None
    compression: str | None = None
    is_whole: bool = True
    origin: Mapping[str, Any] = field(default_factory=dict)
    file_id: str = field(default_factory=lambda: str(uuid4()))
    made_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Relative:
    """A file that another came from, or that was made from it."""

    steps: int
    """Negative: before it."""
    file_id: str
    kind: str
    path: str
    row_count: int


class Catalogue:
    """What is known of files. Raises psycopg's errors."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._sql = queries("files")

    def register(self, files: Sequence[CataloguedFile], lineage: Sequence[tuple[str, str]] = ()) -> None:
        """Add files and who was made from whom: (parent, child) by `file_id`. All of it or nothing."""
        with self._connection.transaction():
            self._connection.execute(self._sql["register"], {"files": _json([asdict(file) for file in files])})
            if lineage:
                rows = [{"parent_id": parent, "child_id": child} for parent, child in lineage]
                self._connection.execute(self._sql["link"], {"lineage": _json(rows)})

    def files(self, *, kind: str | None = None, source: str | None = None, since: datetime | None = None, most: int = 1_000) -> list[CataloguedFile]:
        """The newest files first."""
        return self._files("list", {"kind": kind, "source": source, "since": since, "most": most})

    def find(self, named: str) -> CataloguedFile:
        """The file of that path, or whose key begins so. Raises LookupError where there is none, or more than one."""
        found = self._files("find", {"named": named})
        if len(found) != 1:
            raise LookupError(f"{'no file' if not found else 'more than one file'} of the catalogue is named {named!r}: `aegis files list` shows them")
        return found[0]

    def newest_processed(self, sources: Sequence[str] | None) -> list[CataloguedFile]:
        """The newest processed file of each source."""
        return self._files("newest_processed", {"sources": list(sources) if sources else None})

    def lineage(self, file_id: str) -> list[Relative]:
        """Ancestors and descendants, the furthest ancestor first."""
        with self._connection.cursor(row_factory=class_row(Relative)) as cursor:
            return cursor.execute(self._sql["lineage"], {"file_id": file_id}).fetchall()

    def _files(self, query: str, parameters: Mapping[str, Any]) -> list[CataloguedFile]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return [CataloguedFile(**row) for row in cursor.execute(self._sql[query], parameters)]


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
