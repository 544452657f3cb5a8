"""A Milvus server proper beside milvus-lite: stricter, and slower to make writes visible. `with_real_milvus.sh` starts one and sets the variable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.contract.open_milvus import open_milvus
from tests.contract.opened import Opened

URI = "AEGIS_TEST_REAL_MILVUS"
"""Where the server is, e.g. http://127.0.0.1:19530; not set: there is none."""


@contextmanager
def open_milvus_real(unique: str) -> Iterator[Opened]:
    """As `open_milvus`, on the server that `AEGIS_TEST_REAL_MILVUS` names."""
    with open_milvus(unique, uri=os.environ[URI]) as opened:
        yield opened
