"""What the benchmarks print between them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import structlog

import bench.__main__ as benchmarks

log = structlog.get_logger(__name__)


def talkative() -> None:
    log.info("migrate.applied", migration="0001")
    log.warning("sink.unavailable", store="redis")
    logging.getLogger("driver").info("connected")
    sys.stdout.write("   ratio 2.00\n")


@pytest.fixture
def one_benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`talk` is the only benchmark; the configuration of logs is put back at the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(benchmarks, "names", lambda: ["talk"])
    monkeypatch.setattr(benchmarks, "import_module", lambda _name: SimpleNamespace(run=talkative))
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("one_benchmark")
def test_among_the_figures_stands_no_line_of_a_log_and_beside_them_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main([]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[:-1] == ["", "== talk", "   ratio 2.00"]  # the last line is how long it took
    assert "sink.unavailable" in err
    assert "migrate.applied" not in err
    assert "connected" not in err
