"""Named SQL blocks of `sql/queries/*.sql`: each begins with a line `-- name --`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import LiteralString, cast

QUERIES = Path(__file__).resolve().parents[1] / "sql" / "queries"


@cache
def queries(file: str) -> dict[str, LiteralString]:
    """Name → SQL of every block of `sql/queries/<file>.sql`. Files of the project are as trusted as its code, hence the literal strings."""
    _, *parts = re.split(r"^-- (\w+) --$", (QUERIES / f"{file}.sql").read_text(), flags=re.MULTILINE)
    return {name: cast("LiteralString", sql.strip()) for name, sql in zip(parts[::2], parts[1::2], strict=True)}
