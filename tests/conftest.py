"""What all tests share: the real servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest

from aegis.settings import Settings
from tests.support.servers import servers


@pytest.fixture(scope="session", autouse=True)
def files_elsewhere() -> Iterator[None]:
    """Collections of tests, and of the commands that they start, leave their files in a folder that goes with the session."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEGIS_FILES_URL", folder)
        patch.setenv("COLLECT_SPOOL_DIR", f"{folder}/listings")
        yield


@pytest.fixture(scope="session")
def stack() -> Iterator[Settings]:
    """Settings of the real servers; a test that asks for it fails with the remedy where there are none."""
    with servers() as found:
        yield found
