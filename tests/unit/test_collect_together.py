"""Several sources are collected side by side; one that fails harms no other."""

from __future__ import annotations

from threading import Barrier, Lock

import click
import pytest
from click.testing import CliRunner

from collectors.cli import collect
from collectors.summary import Summary
from collectors.together import together


def test_every_source_has_its_summary_whatever_becomes_of_the_others() -> None:
    def run(source: str) -> Summary:
        if source == "b":
            raise click.ClickException("no key for b")
        if source == "c":
            raise ZeroDivisionError("geheim")
        return Summary(source, fetched=1)

    done = together(["a", "b", "c", "d"], 2, run)
    assert [each.source for each in done] == ["a", "b", "c", "d"]
    assert [each.status for each in done] == ["success", "failure", "failure", "success"]
    assert done[1].error == "no key for b"
    assert "ZeroDivisionError" in (done[2].error or "")
    assert "geheim" not in (done[2].error or "")


def test_no_more_run_at_once_than_may() -> None:
    running, most, lock, pair = 0, 0, Lock(), Barrier(2)

    def run(source: str) -> Summary:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pair.wait(10)  # returns only where two run at once
        with lock:
            running -= 1
        return Summary(source)

    together(["a", "b", "c", "d"], 2, run)
    assert most == 2


@pytest.mark.parametrize(("arguments", "remedy"), [([], "--all"), (["gov24", "--all"], "leave the others out"), (["gov24", "bizinfo", "--url", "x"], "URL")])
def test_a_run_says_which_sources_it_can_be_asked_for(arguments: list[str], remedy: str) -> None:
    done = CliRunner().invoke(collect, ["run", *arguments])
    assert done.exit_code == 2
    assert remedy in done.output
