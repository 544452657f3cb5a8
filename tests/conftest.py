"""What all tests share: the real servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest

from aegis.settings import Settings
from tests.support.servers import servers

MOST_OF_A_FAILURE = 4_000
"""Letters, the last ones; the summary has all."""


@pytest.fixture(scope="session", autouse=True)
def files_elsewhere() -> Iterator[None]:
    """Collections of tests, and of the commands that they start, leave their files in a folder that goes with the session."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEGIS_FILES_URL", folder)
        patch.setenv("COLLECT_SPOOL_DIR", f"{folder}/listings")
        yield


@pytest.fixture(scope="session")
def stack() -> Iterator[Settings]:
    """Settings of the real servers; a test that asks for it fails with the remedy where there are none."""
    with servers() as found:
        yield found


class AtOnce:
    """Says why a test failed when it fails, too: a run that is stopped before its end comes to no summary."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)  # after the letter for the test
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.ensure_newline()
            self._terminal.section(f"{report.nodeid} ({report.when})", "-")
            self._terminal.write_line(report.longreprtext[-MOST_OF_A_FAILURE:])


@pytest.hookimpl(trylast=True)  # after the reporter is there
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(terminal, pytest.TerminalReporter):
        config.pluginmanager.register(AtOnce(terminal), "failures at once")
