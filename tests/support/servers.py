"""The real servers that tests run against: the native stack's, or testcontainers' where a Docker engine answers. The tests are the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from aegis.settings import ENVIRONMENT_FILE, Settings, settings
from tests.support.containers import containers

REPOSITORY = Path(__file__).parents[2]
NATIVE_ENVIRONMENT = REPOSITORY / ".run" / "aegis.env"
REMEDY = "no servers: run `make up connect` (native), or start a Docker engine (containers), or run everything with `make test`"


def native_stack_answers() -> bool:
    """Whether PostgreSQL of the native stack takes a query; the other servers are started and watched together with it."""
    if not NATIVE_ENVIRONMENT.exists() and ENVIRONMENT_FILE not in os.environ:
        return False
    try:
        with psycopg.connect(settings().postgres_dsn.get_secret_value(), connect_timeout=3) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def docker_engine_answers() -> bool:
    """Whether containers can be started here."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True, timeout=20, check=False).returncode == 0


@contextmanager
def servers() -> Iterator[Settings]:
    """Settings of servers that answer. Raises RuntimeError with the remedy where there are none."""
    if native_stack_answers():
        yield settings()
    elif docker_engine_answers():
        with containers():
            yield settings()
    else:
        raise RuntimeError(REMEDY)
