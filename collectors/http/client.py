"""The polite client: what a source is asked, how often, and what becomes of its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import BoundedSemaphore
from types import TracebackType
from typing import Self, TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from collectors.answer import Answer
from collectors.failures import MALFORMED, RESTING, Handling, SourceFailed, of_status
from collectors.http import record
from collectors.http.manners import Manners
from collectors.http.pace import Pace
from collectors.http.record import Record
from collectors.http.state import MemoryState, SourceState
from collectors.http.wire import Wire
from collectors.request import Request
from collectors.validators import NO_VALIDATORS, Validators

MOST_ATTEMPTS = 3
LONGEST_WAIT_SECONDS = 30.0

T = TypeVar("T")
log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class PoliteClient:
    """Asks one source. Safe for several threads; close it at the end. Have one for each source and process: pace and concurrency are this object's.

    `sleep` waits between attempts, `now` is the clock of quotas and of the circuit.
    """

    def __init__(
        self,
        manners: Manners,
        state: SourceState | None = None,
        *,
        wire: Wire | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.manners = manners
        self.state: SourceState = MemoryState() if state is None else state
        self._wire = Wire(manners) if wire is None else wire
        self._pace = Pace(manners.per_second)
        self._turns = BoundedSemaphore(manners.concurrency)
        self._sleep = sleep
        self._now = now

    def get(self, request: Request, known: Validators = NO_VALIDATORS) -> Answer:
        """The answer, of a 2xx status, or of 304 (`is_unchanged`) where `known` was given and still holds. Raises `SourceFailed` for every other."""
        return self.read(request, conditional if known else successful, known)

    def read(self, request: Request, reader: Callable[[Answer], T], known: Validators = NO_VALIDATORS) -> T:
        """What `reader` makes of the answer, after at most three attempts. Raises the last `SourceFailed`.

        `reader` gets answers of every status, redirects followed, and says by `SourceFailed` what is wrong with them: portals tell failures in the body.
        """
        self._wire.expect_allowed(request)
        attempts = Retrying(
            stop=stop_after_attempt(MOST_ATTEMPTS),
            wait=_wait,
            retry=retry_if_exception(lambda error: isinstance(error, SourceFailed) and error.is_retryable),
            sleep=self._sleep,
            before_sleep=self._announce,
            reraise=True,
        )
        return attempts(lambda: self._attempt(request, reader, known))

    def close(self) -> None:
        """Close connections."""
        self._wire.close()
        self._pace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _attempt(self, request: Request, reader: Callable[[Answer], T], known: Validators) -> T:
        before = self.state.change(lambda kept: record.begun(kept, self._now(), self.manners.source, self.manners.per_day))
        try:
            with self._turns:
                answer = self._wire.answer(request, known, self._pace.wait)
            value = reader(answer)
        except SourceFailed as error:
            raise self._after(error, before) from error
        self._note_answer(before)
        return value

    def _after(self, error: SourceFailed, before: Record) -> SourceFailed:
        """Remember a failure; returns what to raise for it."""
        if error.handling is Handling.NEXT_DAY:
            self.state.change(lambda kept: record.spent(kept, self._now()))
        elif error.handling is not Handling.RETRY:
            self._note_answer(before)
        elif self.state.change(lambda kept: record.failed(kept, self._now())).opened_at is not None:
            log.warning("collect.circuit_opened", source=self.manners.source, code=str(error.code))
            return SourceFailed(RESTING, error.reason)
        return error

    def _note_answer(self, before: Record) -> None:
        if before.failures or before.opened_at:
            self.state.change(record.answered)

    def _announce(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        code = str(error.code) if isinstance(error, SourceFailed) else type(error).__name__
        wait = round(state.upcoming_sleep, 2)
        log.warning("collect.retry", source=self.manners.source, attempt=state.attempt_number, code=code, wait_seconds=wait)


def successful(answer: Answer) -> Answer:
    """The answer, if its status says so. Raises `SourceFailed` otherwise."""
    if answer.is_success:
        return answer
    raise SourceFailed(of_status(answer.status) or MALFORMED, f"HTTP {answer.status}", answer.retry_after)


def conditional(answer: Answer) -> Answer:
    """The answer to a request that named validators: they still hold, or it is as `successful` says."""
    return answer if answer.is_unchanged else successful(answer)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    least = error.wait_seconds if isinstance(error, SourceFailed) else 0.0
    jittered = wait_random_exponential(multiplier=0.5, max=10.0)(state)
    return min(max(least, jittered), LONGEST_WAIT_SECONDS)
