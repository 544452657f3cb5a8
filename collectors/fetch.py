"""Pages from a portal over HTTP, with retries of what may pass by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from collectors.answer import Answer
from collectors.failures import TRANSIENT, SourceFailed
from collectors.portals.portal import Page, Portal, Request

USER_AGENT = "aegis-collector/0.1 (public policy data; Python httpx)"
"""Requests without a User-Agent may be blocked."""
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
MOST_ATTEMPTS = 3
LONGEST_WAIT_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Fetcher:
    """Asks a portal for pages. `sleep` waits between attempts."""

    def __init__(self, client: httpx.Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def page(self, portal: Portal, request: Request) -> Page:
        """The page that `request` asks for, after at most three attempts. Raises the last `SourceFailed`."""
        attempts = Retrying(
            stop=stop_after_attempt(MOST_ATTEMPTS),
            wait=_wait,
            retry=retry_if_exception(lambda error: isinstance(error, SourceFailed) and error.is_retryable),
            sleep=self._sleep,
            before_sleep=lambda state: _announce(portal, state),
            reraise=True,
        )
        return attempts(lambda: portal.read(self._answer(request)))

    def _answer(self, request: Request) -> Answer:
        try:
            response = self._client.get(request.url, params=dict(request.params), headers={"Accept": "application/json", **request.headers})
        except httpx.TransportError as error:
            where = urlsplit(request.url)
            # The error's own text may quote the URL, and the key with it: its kind says enough.
            raise SourceFailed(TRANSIENT, f"no answer from {where.hostname}:{where.port or where.scheme} ({type(error).__name__})") from error
        return Answer(response.status_code, response.content, _retry_after(response.headers.get("Retry-After", "")))


def client() -> httpx.Client:
    """An HTTP client for portals. Redirects are not followed: they would carry the key to another place."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs, and a key may stand in the query
    return httpx.Client(timeout=TIMEOUT, headers={"User-Agent": USER_AGENT}, follow_redirects=False)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    least = error.wait_seconds if isinstance(error, SourceFailed) else 0.0
    jittered = wait_random_exponential(multiplier=0.5, max=10.0)(state)
    return min(max(least, jittered), LONGEST_WAIT_SECONDS)


def _announce(portal: Portal, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    code = str(error.code) if isinstance(error, SourceFailed) else type(error).__name__
    log.warning("collect.retry", source=portal.name, attempt=state.attempt_number, code=code, wait_seconds=round(state.upcoming_sleep, 2))


def _retry_after(header: str) -> float:
    """Seconds of a Retry-After header; its date form is left to the back-off."""
    return min(float(header), LONGEST_WAIT_SECONDS) if header.strip().isdecimal() else 0.0
