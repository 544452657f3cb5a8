"""Databases and captures of the tests' own, so that no test disturbs another or the stack's own data."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from aegis.settings import Settings
from infra.local.portals.application import running, simulator
from tests.support.capture import Capture, capture
from tests.support.collecting import Collecting, collecting
from tests.support.collecting import database as collect_into
from tests.support.database import database, in_database, migrated_template


@pytest.fixture(scope="session")
def template_database(stack: Settings) -> Iterator[str]:
    """Name of a migrated database to clone."""
    with migrated_template(stack.postgres_dsn.get_secret_value()) as name:
        yield name


@pytest.fixture
def own_database(stack: Settings, template_database: str) -> Iterator[str]:
    """Name of a migrated database of this test alone."""
    with database(stack.postgres_dsn.get_secret_value(), template_database) as name:
        yield name


@pytest.fixture
def owner_dsn(stack: Settings, own_database: str) -> str:
    """The owner's connection to `own_database`."""
    return in_database(stack.postgres_dsn.get_secret_value(), own_database)


@pytest.fixture(scope="session")
def captured(stack: Settings, template_database: str) -> Iterator[Capture]:
    """A running capture that all tests of a session share; each uses keys of its own."""
    owner = stack.postgres_dsn.get_secret_value()
    with database(owner, template_database) as name, capture(stack, in_database(owner, name), f"aegis_test_{uuid4().hex[:8]}") as running:
        yield running


@pytest.fixture
def own_capture(stack: Settings, owner_dsn: str) -> Iterator[Capture]:
    """A running capture of this test alone, for a test that breaks it."""
    with capture(stack, owner_dsn, f"aegis_test_{uuid4().hex[:8]}") as running:
        yield running


@pytest.fixture(scope="session")
def shared_database(stack: Settings, template_database: str) -> Iterator[str]:
    """Name of a migrated database that tests share which only add rows with keys of their own."""
    with database(stack.postgres_dsn.get_secret_value(), template_database) as name:
        yield name


@pytest.fixture(scope="session")
def shared_dsn(stack: Settings, shared_database: str) -> str:
    """The owner's connection to `shared_database`."""
    return in_database(stack.postgres_dsn.get_secret_value(), shared_database)


@pytest.fixture(scope="module")
def collect_database(stack: Settings) -> Iterator[str]:
    """Name of a migrated database that the tests of one file collect into."""
    with collect_into(stack) as name:
        yield name


@pytest.fixture
def world(stack: Settings, collect_database: str) -> Iterator[Collecting]:
    """Simulated portals, and runs of the collectors from them into tables that are empty."""
    with running(simulator()) as portals:
        made = collecting(stack, collect_database, portals)
        made.empty()
        yield made
