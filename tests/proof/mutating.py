"""Runs tests against mutants: each in a process that is forked from one in which everything is imported, so that a mutant costs the tests and little more.

python -m tests.proof.mutating tests.proof.pure_mutants [AT_ONCE]    prints JSON: rule → exit code of pytest and the last lines that it said; "" stands for
no mutant. AT_ONCE: how many processes run tests at the same time; one, unless told otherwise.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import IO

import pytest
from hypothesis import Phase, settings

from tests.proof.mutants import Mutant

Told = dict[str, tuple[int, str]]
"""Rule → pytest's exit code and what it said."""
UNMUTATED = ""
FAILED = 1
"""pytest's exit code where tests ran and some failed."""
LINES = 8
OPTIONS = ("-x", "-q", "--assert=plain", "--no-header", "-p", "no:cacheprovider", "-p", "no:logging")


def main(module: str, at_once: int = 1) -> None:
    """Run all tests that the mutants of `module` name, unmutated; and each mutant's tests, mutated."""
    settings.register_profile("mutants", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True, deadline=None)
    settings.load_profile("mutants")
    mutants: Sequence[Mutant] = import_module(module).MUTANTS
    files = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    _import_all(mutants, files)
    runs: dict[str, tuple[Mutant | None, list[str]]] = {UNMUTATED: (None, _tests(files, _of_any(mutants)))}  # it takes longest: first
    runs |= {mutant.rule: (mutant, _tests(mutant.tests, mutant.chosen)) for mutant in mutants}
    told: Told = {}
    running: dict[int, tuple[str, IO[bytes]]] = {}
    for rule, (mutant, arguments) in runs.items():
        if len(running) == at_once:
            told |= _ended(running)
        output = tempfile.TemporaryFile()  # noqa: SIM115  `_ended` closes it
        running[_forked(mutant, arguments, output)] = rule, output
    while running:
        told |= _ended(running)
    sys.stdout.write(json.dumps(told))


def _import_all(mutants: Sequence[Mutant], files: Sequence[str]) -> None:
    """The mutants' targets, and whatever pytest imports for the tests in `files`: its plugins, conftests, and the tests themselves."""
    for target in dict.fromkeys(mutant.target.partition(":")[0] for mutant in mutants):
        import_module(target)
    with redirect_stdout(sys.stderr):  # ours is for the JSON
        pytest.main([*OPTIONS, "--collect-only", "-qq", *files])
    gc.collect()
    gc.freeze()  # all of it stays: each child's pytest collects garbage at its end, several times, and need not go through it


def _of_any(mutants: Sequence[Mutant]) -> str:
    """As pytest's -k takes it: of each file what some mutant has chosen of it, so that exactly the tests run that are there to notice one."""
    chosen = ((Path(file).name, mutant.chosen) for mutant in mutants for file in mutant.tests)
    return " or ".join(dict.fromkeys(f"({file} and ({tests}))" if tests else file for file, tests in chosen))


def _tests(files: Iterable[str], chosen: str) -> list[str]:
    return [*OPTIONS, *(["-k", chosen] if chosen else []), *files]


def _forked(mutant: Mutant | None, arguments: list[str], output: IO[bytes]) -> int:
    """A child of this process in which `mutant` is applied and pytest runs."""
    child = os.fork()
    if child == 0:
        _run(mutant, arguments, output.fileno())
    return child


def _ended(running: dict[int, tuple[str, IO[bytes]]]) -> Told:
    """Waits for one of `running`, and takes it out. 255: pytest could not run, or the mutant could not be applied."""
    child, status = os.wait()
    rule, output = running.pop(child)
    with output:
        output.seek(0)
        said = output.read().decode(errors="replace")
    return {rule: (os.waitstatus_to_exitcode(status), "\n".join(said.splitlines()[-LINES:]))}


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
    main(sys.argv[1], *map(int, sys.argv[2:3]))
