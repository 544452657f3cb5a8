"""What the hourly run makes of the command's end."""

from __future__ import annotations

import pytest

from aegis.errors import AegisError
from batch import hourly
from batch.command import Answer


def _answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(hourly, "aegis", lambda *arguments: asked.append(arguments) or answer)
    return asked


def test_what_was_judged_is_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answering(monkeypatch, Answer(0, {"judged": 3}, "", ""))
    assert hourly.validate_policies() == {"judged": 3}
    assert asked == [("validate", "--json")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(4, {"unreadable": 1, "refused": ["p1"]}, "", ""), "DP_2001: 1 rows cannot be read, judgements were refused of: p1"),
        (Answer(1, None, "", "PostgreSQL does not answer"), "DP_4002: aegis validate ended with 1: PostgreSQL does not answer"),
    ],
)
def test_a_run_that_left_something_fails_and_says_what(monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str) -> None:
    _answering(monkeypatch, answer)
    with pytest.raises(AegisError) as failed:
        hourly.validate_policies()
    assert str(failed.value) == words


def test_what_was_measured_is_a_small_report(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"on": "2026-05-01", "anomalies": 1, "warnings": 0, "report": "r/index.html", "outliers": []}
    asked = _answering(monkeypatch, Answer(0, {**measured, "sources": [{"source": "gov24", "profile": {"score": 0.9}, "series": {}}]}, "", ""))
    said = hourly.measure_quality()
    assert said == {"on": "2026-05-01", "anomalies": 1, "warnings": 0, "report": "r/index.html", "scores": {"gov24": 0.9}}
    assert asked == [("quality", "run", "--json")]


def test_a_measurement_that_failed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, Answer(1, None, "", "PostgreSQL does not answer"))
    with pytest.raises(AegisError, match="aegis quality run ended with 1: PostgreSQL does not answer"):
        hourly.measure_quality()
