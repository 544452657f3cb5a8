"""Runs every benchmark, or those named on the command line: `python -m bench [NAME …]`. Each prints its ratio and the parts."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from time import monotonic

from aegis.telemetry.logs import configure_logs


def names() -> list[str]:
    """The benchmarks: modules of this package that have a `run`."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_") and "def run(" in path.read_text())


def main(wanted: list[str]) -> int:
    """Run `wanted` benchmarks (all, where none is named); the number of those that failed is the exit code."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    configure_logs("WARNING", "bench", sys.stderr)  # beside the figures, only what is wrong
    failed = 0
    for name in wanted or names():
        print(f"\n== {name}", flush=True)
        began = monotonic()
        try:
            import_module(f"bench.{name}").run()
        except Exception as error:  # noqa: BLE001 - one benchmark that fails must not hide the others
            failed += 1
            print(f"   FAILED: {type(error).__name__}: {error}", flush=True)
        print(f"   ({monotonic() - began:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
