"""Every fence, comparison, watermark and offset rule is held by a test: without it, at least one fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.proof import pure_mutants, store_mutants
from tests.proof.mutating import FAILED, UNMUTATED, Told
from tests.support.servers import REPOSITORY
from tests.support.wait import patient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def pure() -> Told:
    return _told("tests.proof.pure_mutants", at_once=2)


@pytest.fixture(scope="module")
def stores() -> Told:
    return _told("tests.proof.store_mutants", at_once=1)  # they share the servers


def _told(module: str, at_once: int) -> Told:
    command = [sys.executable, "-m", "tests.proof.mutating", module, str(at_once)]
    # what a mutant's tests reach says nothing of coverage, and measuring it would take half of the time
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ended = subprocess.run(command, cwd=REPOSITORY, env=unmeasured, capture_output=True, timeout=patient(400), check=False)
    assert ended.returncode == 0, ended.stderr.decode()[-3000:]
    told: Told = json.loads(ended.stdout)
    return told


def test_without_a_mutant_all_pass(pure: Told) -> None:
    assert pure[UNMUTATED][0] == 0, pure[UNMUTATED][1]


@pytest.mark.parametrize("rule", [mutant.rule for mutant in pure_mutants.MUTANTS])
def test_without_a_rule_a_test_fails(pure: Told, rule: str) -> None:
    assert pure[rule][0] == FAILED, pure[rule][1]


@pytest.mark.stack
def test_without_a_mutant_all_stores_hold_the_contract(stores: Told) -> None:
    assert stores[UNMUTATED][0] == 0, stores[UNMUTATED][1]


@pytest.mark.stack
@pytest.mark.parametrize("rule", [mutant.rule for mutant in store_mutants.MUTANTS])
def test_without_a_stores_fence_its_contract_fails(stores: Told, rule: str) -> None:
    assert stores[rule][0] == FAILED, stores[rule][1]
