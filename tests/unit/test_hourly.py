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
