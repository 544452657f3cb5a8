"""One row's answer: asked for at the pace that is allowed, again where the provider is overloaded, once more where the answer does not fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
import structlog
from pyrate_limiter import Limiter, Rate
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from batch.cleaning.budget import Budget, most
from batch.cleaning.provider import Completion, Overloaded, Prompt, Provider
from batch.cleaning.task import Prices, Task

MOST_REQUESTS_PER_SECOND = 10
MOST_OVERLOADED = 6
"""Attempts of one request at an overloaded provider."""
MOST_ANSWERS = 2
"""An answer that does not fit is asked for once more."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one request. Exactly one of `output` and `problem` is there."""

    request_hash: str
    output: Mapping[str, Any] | None
    problem: str | None
    input_tokens: int
    output_tokens: int
    cost: Decimal
    attempts: int


@dataclass(slots=True)
class Asker:
    """Asks one provider one task. Safe for several threads. `sleep` waits for an overloaded provider."""

    task: Task
    provider: Provider
    model: str
    prices: Prices
    budget: Budget
    per_second: float = MOST_REQUESTS_PER_SECOND
    sleep: Callable[[float], None] = time.sleep
    _pace: Limiter = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Limiter(Rate(1, max(1, round(1000 / min(self.per_second, MOST_REQUESTS_PER_SECOND)))), buffer_ms=1)

    def close(self) -> None:
        """End the pace's thread."""
        self._pace.close()

    def request_hash(self, row: Mapping[str, Any]) -> str:
        """By which the answer about `row` is known."""
        return self.task.request_hash(row, self.provider.name, self.model)

    def ask(self, row: Mapping[str, Any]) -> Answered:
        """The answer about `row`. Raises `CeilingReached`, `ProviderRefused`, and `Overloaded` after the last attempt."""
        task, text = self.task, self.task.text(row)
        prompt = Prompt(task.system_message, text, self.model, task.temperature, task.max_tokens, task.output_schema)
        sent = given = 0
        problem: str | None = None
        for attempt in range(1, MOST_ANSWERS + 1):
            completion = self._completion(prompt, most(task, text, self.prices))
            sent, given = sent + completion.input_tokens, given + completion.output_tokens
            output, problem = self._read(completion.text)
            if problem is None or attempt == MOST_ANSWERS:
                return Answered(self.request_hash(row), output, problem, sent, given, self.prices.of(sent, given), attempt)
        raise AssertionError("the loop ends by its last attempt")

    def _completion(self, prompt: Prompt, reserved: Decimal) -> Completion:
        attempts = Retrying(
            stop=stop_after_attempt(MOST_OVERLOADED), wait=_wait, retry=retry_if_exception_type(Overloaded), sleep=self.sleep, before_sleep=_told, reraise=True
        )
        return attempts(lambda: self._once(prompt, reserved))

    def _once(self, prompt: Prompt, reserved: Decimal) -> Completion:
        self.budget.reserve(reserved)
        cost = Decimal(0)
        try:
            self._pace.try_acquire("request")
            completion = self.provider.complete(prompt)
            cost = self.prices.of(completion.input_tokens, completion.output_tokens)
        finally:
            self.budget.settle(reserved, cost)
        return completion

    def _read(self, text: str) -> tuple[Mapping[str, Any] | None, str | None]:
        try:
            output = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None, "the answer is no JSON (cut short, or prose)"
        if "\\u0000" in text:
            return None, "the answer has the letter U+0000, which no table can hold"
        problem = self.task.problem(output)
        return (None, problem) if problem else (output, None)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    least = error.wait_seconds if isinstance(error, Overloaded) else 0.0
    return max(least, wait_random_exponential(multiplier=1.0, max=60.0)(state))


def _told(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("cleaning.overloaded", attempt=state.attempt_number, error=str(error), wait_seconds=round(state.upcoming_sleep, 2))
