"""What an operator starts by hand, from Airflow's page as from the command line."""

from __future__ import annotations

import re
from typing import Any

from aegis.errors import AegisError, Code
from batch.command import Answer, aegis

Report = dict[str, Any]
BEGINNING = "beginning"
_OFFSETS = re.compile(r"\d+:\d+")


def replay(store: str, origin: str, table: str | None, dry_run: bool) -> Report:
    """Replay the log into one store. AegisError as the command says.

    `origin`: `beginning`, offsets of a table's topic as `PARTITION:OFFSET` with spaces between, or a time as the command takes it.
    """
    origins = origin_options(origin)
    if "--offset" in origins and not table:
        raise AegisError(Code.BATCH_ERROR, f"origin {origin}: offsets belong to a table's topic: give the parameter table, too")
    arguments = [store, *origins, *(("--table", table) if table else ()), *(("--dry-run",) if dry_run else ()), "--json"]
    return _report("replay", aegis("replay", *arguments))


def rebuild(store: str, table: str | None, dry_run: bool) -> Report:
    """Fill one store anew from PostgreSQL. AegisError as the command says."""
    arguments = [store, *(("--table", table) if table else ()), *(("--dry-run",) if dry_run else ()), "--json"]
    return _report("rebuild", aegis("rebuild", *arguments))


def origin_options(origin: str) -> list[str]:
    """The options of `aegis replay` for a place in the log."""
    words = origin.split()
    if origin.strip() == BEGINNING:
        return ["--from-beginning"]
    if words and all(_OFFSETS.fullmatch(word) for word in words):
        return [option for word in words for option in ("--offset", word)]
    return ["--to-time", origin.strip()]


def _report(command: str, answer: Answer) -> Report:
    if answer.exit_code not in {0, 3}:
        raise AegisError(Code.COLD_PATH_FAILED, f"aegis {command} ended with {answer.exit_code}: {answer.complaint}")
    return {"exit_code": answer.exit_code, **(answer.said or {})}
