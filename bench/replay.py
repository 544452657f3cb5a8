"""Replay of the search index and rebuild of the vectors, in messages a second, against the first load of the same store.

A replay reads the log's history of the table as well, of which the newest change of a key counts. Both end with a deep comparison, given apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from aegis.settings import settings
from aegis.stores.opening import opened
from bench.arrival import TABLE
from bench.generated import insert, policies, remove

PREFIX = "bench-replay-"
ROWS = 1000
PROGRAM = str(Path(sys.executable).with_name("aegis"))
ENDINGS = {0: "equal", 3: "equal after repairs", 4: "drift left"}
WAIT_SECONDS = 600


def _first_load(store: str) -> float:
    """Seconds until `store` has all rows of a transaction that commits now."""
    dsn = settings().postgres_dsn.get_secret_value()
    remove(dsn, PREFIX)
    rows = policies(ROWS, PREFIX, seed=int(monotonic()))
    began = monotonic()
    insert(dsn, rows)
    missing = {row["policy_id"] for row in rows}
    with opened(store, settings()) as there:
        while missing:
            missing -= {key for key, record in there.fetch(TABLE, list(missing)[:1000]).items() if record.content is not None}
            if monotonic() - began > WAIT_SECONDS:
                raise RuntimeError(f"{len(missing)} rows have not arrived in {store}: see `aegis status`")
            sleep(0.1)  # a reader that polls harder takes the cores that it measures
    return monotonic() - began


def _aegis(*arguments: str) -> tuple[dict[str, Any], float]:
    """What the command says, and the seconds that it took."""
    began = monotonic()
    done = subprocess.run([PROGRAM, *arguments, "--yes", "--json"], capture_output=True, text=True, check=False)
    if done.returncode not in ENDINGS:
        raise RuntimeError(f"aegis {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-500:]}")
    print(f"   aegis {' '.join(arguments)}: {ENDINGS[done.returncode]}")
    return json.loads(done.stdout), monotonic() - began


def _measure(store: str, *arguments: str) -> None:
    seconds = _first_load(store)
    said, whole = _aegis(*arguments)
    loaded, messages, reading = ROWS / seconds, said["messages"], said["read_seconds"]
    read = messages / reading
    print(f"   {read / loaded:.2f} of the first load's rate: {read:.0f} against {loaded:.0f} a second ({messages} messages in {reading:.1f} s; {ROWS} rows)")
    print(f"      with pausing, comparison and process {whole:.1f} s", flush=True)


def run() -> None:
    """Print both; then remove the rows."""
    try:
        _measure("elasticsearch", "replay", "search", "--from-beginning")
        _measure("milvus", "rebuild", "vector")
    finally:
        remove(settings().postgres_dsn.get_secret_value(), PREFIX)


if __name__ == "__main__":
    run()
