"""A process of its own that compares, and tells the most memory that it took: `python -m bench.reconcile_memory PLACE REDIS_URL STORE …`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from batch.compare import Pair, Sweep
from batch.truth import open_truth
from bench.reconcile_place import TABLE, Place


@dataclass(frozen=True, slots=True)
class Peak:
    """Resident memory in MB."""

    at_start: float
    """Connected, nothing compared."""
    most: float
    suspects: int


def measured(place: Place) -> Peak:
    """Of a comparison of all stores of `place`, in a new process."""
    command = [sys.executable, "-m", "bench.reconcile_memory", place.name, place.redis_url, *place.stores]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the process that compares ended with {done.returncode}: {done.stderr[-2000:]}")
    return Peak(**json.loads(done.stdout.splitlines()[-1]))


def main(name: str, redis_url: str, *stores: str) -> None:
    """Compare, and print what it took as JSON."""
    place = Place(name, stores, redis_url)
    with place.opened() as opened, open_truth(place.dsn) as truth:
        truth.drawn()
        for store in opened.values():
            store.inspect(TABLE, ["bench-00000-000000"])
        at_start = _peak()
        sweep = Sweep(truth, opened)
        sweep.sums([Pair(store, TABLE) for store in stores])
        suspects = sum(len(found.keys) for found in sweep.listings())
    print(json.dumps({"at_start": at_start, "most": _peak(), "suspects": suspects}))


def _peak() -> float:
    """Of this program alone: `getrusage` counts what the process was before it, too."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
