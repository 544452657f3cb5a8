"""Servers that come from the distribution."""

from __future__ import annotations

import shutil
from pathlib import Path

OLDEST_POSTGRES = 15


class MissingProgramError(RuntimeError):
    """A program of the distribution is not installed."""


def postgres_programs() -> Path:
    """The folder with `postgres` and `initdb`, the newest version first; from Debian's place, else from the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres"), key=lambda path: int(path.parts[-3]), reverse=True)
    for program in installed:
        if int(program.parts[-3]) >= OLDEST_POSTGRES:
            return program.parent
    found = shutil.which("postgres")
    if found and shutil.which("initdb"):
        return Path(found).resolve().parent
    raise MissingProgramError(f"PostgreSQL {OLDEST_POSTGRES} or newer is not installed: run infra/local/setup.sh, or `apt-get install postgresql`")


def redis_server() -> Path:
    """The Redis server."""
    found = shutil.which("redis-server")
    if found is None:
        raise MissingProgramError("redis-server is not installed: run infra/local/setup.sh, or `apt-get install redis-server`")
    return Path(found)
