"""What all tests share: the real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aegis.settings import Settings
from tests.support.servers import servers


@pytest.fixture(scope="session")
def stack() -> Iterator[Settings]:
    """Settings of the real servers; a test that asks for it fails with the remedy where there are none."""
    with servers() as found:
        yield found
