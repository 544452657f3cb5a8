"""Neo4j starts with a well-known password; it gets the generated one before anything else uses it."""

from __future__ import annotations

from pathlib import Path

import neo4j
from neo4j.exceptions import AuthError

from infra.local.ports import HOST

_INITIAL = "neo4j"


def set_password(port: int, password: str, stamp: Path) -> None:
    """Change the initial password, once; `stamp` remembers that it was done (asking with a wrong password locks the account for seconds)."""
    if stamp.exists():
        return
    address = f"bolt://{HOST}:{port}"
    try:
        with neo4j.GraphDatabase.driver(address, auth=("neo4j", _INITIAL), connection_timeout=3.0, max_transaction_retry_time=0) as driver:
            driver.execute_query("ALTER CURRENT USER SET PASSWORD FROM $old TO $new", {"old": _INITIAL, "new": password}, database_="system")
    except AuthError:  # an interrupted run changed it but left no stamp
        with neo4j.GraphDatabase.driver(address, auth=("neo4j", password), connection_timeout=3.0) as driver:
            driver.verify_connectivity()
    stamp.touch()
