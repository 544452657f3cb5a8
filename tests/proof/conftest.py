from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from aegis.settings import Settings
from tests.proof.rows import remove
from tests.support.equality import assert_equal_everywhere
from tests.support.planting.uprooting import uproot


@pytest.fixture
def owner(stack: Settings) -> str:
    return stack.postgres_dsn.get_secret_value()


@pytest.fixture
def prefix(stack: Settings, owner: str) -> Iterator[str]:
    """Begins the keys of a test's rows; they are deleted at its end, with whatever a test that failed left in the stores."""
    name = f"proof-{uuid4().hex[:8]}-"
    yield name
    remove(owner, name)
    uproot(stack, name)
    assert_equal_everywhere(stack, name)
