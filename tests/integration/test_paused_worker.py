"""A worker that starts while its app is paused. The pause stands in a database of the test's own, so that nobody else is paused."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from aegis.pausing import Lease
from aegis.settings import Settings
from tests.support.servers import REPOSITORY
from tests.support.wait import until

pytestmark = pytest.mark.stack


@contextmanager
def paused_worker(stack: Settings, dsn: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker of Redis' app that asks the database of `dsn` for pauses, and where it tells its health."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    environment = {**os.environ, "AEGIS_METRICS_PORT": str(port), "POSTGRES_OPERATOR_DSN": dsn}
    with subprocess.Popen([sys.executable, "-m", "stream_apps", "redis"], cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process, f"http://127.0.0.1:{port}/health"
        finally:
            process.kill()


def answer(url: str) -> dict[str, Any]:
    """What the health endpoint says; empty where it does not answer yet."""
    try:
        return dict(httpx.get(url).json())
    except httpx.TransportError:
        return {}


def test_a_worker_that_starts_while_its_app_is_paused_stays_out_says_so_and_can_be_stopped(stack: Settings, owner_dsn: str) -> None:
    with Lease(owner_dsn, "redis", "run 1", "replay from the beginning"), paused_worker(stack, owner_dsn) as (process, health):
        said = until(lambda: answer(f"{health}/ready"), 30, "the worker to answer")
        assert (said["status"], said["holder"], said["reason"]) == ("paused", "run 1", "replay from the beginning")
        assert (httpx.get(f"{health}/ready").status_code, httpx.get(health).status_code) == (503, 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
