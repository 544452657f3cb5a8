"""One suite, every store. Each test gets a store under fresh names from `open_<name>.py`, which removes them at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from uuid import uuid4

import pytest

from tests.contract.open_milvus_real import URI
from tests.contract.opened import Opened

REAL_MILVUS = ["milvus_real"] if URI in os.environ else []
"""A Milvus server proper, where `with_real_milvus.sh` started one."""
SERVED = [pytest.param(name, marks=pytest.mark.stack) for name in ("elasticsearch", "redis", "neo4j", "milvus", *REAL_MILVUS)]
HOLD_THE_RULE = [pytest.param(name, marks=pytest.mark.stack) for name in ("elasticsearch", "redis", "neo4j")]


def _open(name: str) -> Iterator[Opened]:
    opener = import_module(f"tests.contract.open_{name}")
    with getattr(opener, f"open_{name}")(f"t{uuid4().hex[:12]}") as opened:
        yield opened


@pytest.fixture(params=["memory", *SERVED])
def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Every store."""
    yield from _open(request.param)


@pytest.fixture(params=SERVED)
def served(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Every store that has a server."""
    yield from _open(request.param)


@pytest.fixture
def strayed(served: Opened) -> Opened:
    """Every store in which something can be astray."""
    if served.stray is None:
        pytest.skip(f"nothing can be astray in {served.store.name}")
    return served


@pytest.fixture(params=["memory", *HOLD_THE_RULE])
def fenced(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Every store that holds the one rule by itself, so that several may write the same key."""
    yield from _open(request.param)
