"""`aegis collect due`: what is collected is decided about at once, so that whoever looks meanwhile finds it due no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from collectors.schedule import cli
from collectors.schedule.rhythm import Due
from collectors.schedule.serving import Service

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class Times:
    """A timetable in which everything is due until it is decided about."""

    def __init__(self) -> None:
        self.decided = {"quick": Event(), "slow": Event()}

    def dues(self, now: datetime) -> dict[str, Due]:
        return {source: Due(NOW, now - NOW, "it never ran") for source in self.decided}

    def decide(self, sources: Sequence[str], _now: datetime) -> dict[str, Due]:
        for source in sources:
            self.decided[source].set()
        return {}


def test_a_source_is_decided_about_when_its_run_ends_and_not_when_all_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    times = Times()
    monkeypatch.setattr(cli, "settings", lambda: SimpleNamespace(max_concurrent_collections=2))
    monkeypatch.setattr(cli, "collector_logs", lambda _configured: None)
    monkeypatch.setattr(cli, "_service", lambda _configured: Service(times, lambda _source: None, 2))  # type: ignore[arg-type]
    monkeypatch.setattr(cli, "collected", lambda source: 0 if source == "quick" or times.decided["quick"].wait(10) else 1)
    ended = CliRunner().invoke(cli.due_command)
    assert (ended.exit_code, ended.output) == (0, "quick: collected\nslow: collected\n")
    assert all(each.is_set() for each in times.decided.values())
