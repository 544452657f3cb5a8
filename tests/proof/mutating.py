"""Runs tests against mutants: each in a process that is forked from one in which everything is imported, so that a mutant costs the tests and little more.

python -m tests.proof.mutating tests.proof.pure_mutants [PART OF]    prints JSON: rule → exit code of pytest and the last lines that it said; "" stands for
no mutant, which is the first part's. Parts share the mutants among processes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.proof.mutants import Mutant

UNMUTATED = ""
FAILED = 1
"""pytest's exit code where tests ran and some failed."""
LINES = 8
OPTIONS = ("-x", "-q", "--assert=plain", "--no-header", "-p", "no:cacheprovider", "-p", "no:logging")


def main(module: str, part: int = 0, of: int = 1) -> None:
    """Run the tests of every `of`-th mutant of `module`, from number `part` on; the first part runs all of them unmutated, too."""
    settings.register_profile("mutants", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True, deadline=None)
    settings.load_profile("mutants")
    mutants: Sequence[Mutant] = import_module(module).MUTANTS
    for target in dict.fromkeys(mutant.target.partition(":")[0] for mutant in mutants):
        import_module(target)
    chosen = " or ".join(dict.fromkeys(f"({mutant.chosen})" for mutant in mutants if mutant.chosen)) if all(mutant.chosen for mutant in mutants) else ""
    told = {} if part else {UNMUTATED: forked(None, _tests(dict.fromkeys(test for mutant in mutants for test in mutant.tests), chosen))}
    told |= {mutant.rule: forked(mutant, _tests(mutant.tests, mutant.chosen)) for mutant in mutants[part::of]}
    sys.stdout.write(json.dumps(told))


def _tests(files: Iterable[str], chosen: str) -> list[str]:
    return [*OPTIONS, *(["-k", chosen] if chosen else []), *files]


def forked(mutant: Mutant | None, arguments: list[str]) -> tuple[int, str]:
    """pytest's exit code, and what it said last, in a child of this process in which `mutant` is applied. -1: the mutant could not be applied."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _run(mutant, arguments, output.fileno())
        _, status = os.waitpid(child, 0)
        output.seek(0)
        said = output.read().decode(errors="replace")
    return os.waitstatus_to_exitcode(status), "\n".join(said.splitlines()[-LINES:])


def _run(mutant: Mutant | None, arguments: list[str], output: int) -> None:
    """In the child; does not return."""
    code = 255
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        if mutant is not None:
            mutant.apply()
        code = int(pytest.main(arguments))
    except BaseException as error:  # noqa: BLE001  the parent reads it
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    main(sys.argv[1], *map(int, sys.argv[2:4]))
