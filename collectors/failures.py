"""What a portal can answer instead of data, and what a collector does about it.

Reason codes are those of the data.go.kr gateway (`returnReasonCode`, or `resultCode` of the provider behind it).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aegis.errors import AegisError, Code


class Handling(StrEnum):
    """What to do about a failed request."""

    RETRY = "retry"
    WAIT = "wait"
    """Retry too, but not before the limit of the current second or minute is over."""
    NEXT_DAY = "next_day"
    REST = "rest"
    """Not before the source has been left in peace for a while."""
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one reason code is understood."""

    code: Code
    handling: Handling
    remedy: str


class SourceFailed(AegisError):
    """A request to a portal brought no page. The message names the reason and the remedy, never the key."""

    def __init__(self, verdict: Verdict, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(verdict.code, f"{reason}; {verdict.remedy}")
        self.handling = verdict.handling
        self.reason = reason
        self.wait_seconds = wait_seconds
        """Least time to wait before the next attempt; 0 leaves it to the back-off."""

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed within this run."""
        return self.handling in {Handling.RETRY, Handling.WAIT}

    @property
    def is_down(self) -> bool:
        """Whether the source does not answer for now, so that something may stand in for it. A refused key or a changed interface people have to mend."""
        return self.handling is not Handling.FATAL


TRANSIENT = Verdict(Code.SOURCE_UNAVAILABLE, Handling.RETRY, "run again later if it persists")
GONE = Verdict(Code.SOURCE_UNAVAILABLE, Handling.FATAL, "the interface is not there: compare the URL with the portal's documentation")
BUSY = Verdict(Code.RATE_LIMITED, Handling.WAIT, "run again later, or with fewer requests at once")
SPENT = Verdict(
    Code.RATE_LIMITED, Handling.NEXT_DAY, "the limit of the day is used up: run again after midnight in Korea, or ask the portal for a higher limit"
)
REFUSED = Verdict(
    Code.SCRAPING_BLOCKED, Handling.FATAL, "check the source's API key in the settings, and that the portal has approved it for this interface and address"
)
RESTING = Verdict(Code.SOURCE_UNAVAILABLE, Handling.REST, "it is asked again after a minute of peace: run again then")
NOT_ALLOWED = Verdict(
    Code.SOURCE_UNAVAILABLE,
    Handling.FATAL,
    "only the source's own hosts at public addresses are asked: check its address in the settings, and what it redirects to",
)
TOO_LARGE = Verdict(Code.INVALID_FORMAT, Handling.FATAL, "ask for fewer records a page, or look at what the source sends")
MALFORMED = Verdict(Code.INVALID_FORMAT, Handling.FATAL, "the interface may have changed: compare the answer with the portal's documentation")
BAD_REQUEST = Verdict(Code.INVALID_FORMAT, Handling.FATAL, "the portal does not accept the collector's parameters: compare them with its documentation")

BY_REASON = {
    "01": TRANSIENT,
    "04": TRANSIENT,
    "05": TRANSIENT,
    "10": BAD_REQUEST,
    "11": BAD_REQUEST,
    "12": GONE,
    "20": REFUSED,
    "21": REFUSED,
    "22": SPENT,
    "23": BUSY,
    "30": REFUSED,
    "31": REFUSED,
    "32": REFUSED,
    "33": REFUSED,
    "99": TRANSIENT,
}
"""Reason code → verdict. `03` (no data) is no failure: it is an empty page."""

NO_DATA = "03"

REASON_NAMES = {
    "APPLICATION_ERROR": "01",
    "NODATA_ERROR": NO_DATA,
    "NO_DATA": NO_DATA,
    "HTTP_ERROR": "04",
    "SERVICETIMEOUT_ERROR": "05",
    "SERVICETIME_OUT": "05",
    "INVALID_REQUEST_PARAMETER_ERROR": "10",
    "NO_MANDATORY_REQUEST_PARAMETERS_ERROR": "11",
    "NO_OPENAPI_SERVICE_ERROR": "12",
    "SERVICE_ACCESS_DENIED_ERROR": "20",
    "SERVICE_KEY_IS_NULL": "20",
    "TEMPORARILY_DISABLE_THE_SERVICEKEY_ERROR": "21",
    "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR": "22",
    "LIMITED_NUMBER_OF_SERVICE_REQUESTS_PER_SECOND_EXCEEDS_ERROR": "23",
    "SERVICE_KEY_IS_NOT_REGISTERED_ERROR": "30",
    "DEADLINE_HAS_EXPIRED_ERROR": "31",
    "UNREGISTERED_IP_ERROR": "32",
    "UNSIGNED_CALL_ERROR": "33",
    "UNKNOWN_ERROR": "99",
}
"""`returnAuthMsg` → reason code: `returnReasonCode` sometimes carries this text instead of the number."""


BY_STATUS = {
    400: BAD_REQUEST,
    401: REFUSED,
    403: REFUSED,
    405: BAD_REQUEST,
    406: REFUSED,
    407: REFUSED,
    408: TRANSIENT,
    413: BAD_REQUEST,
    414: BAD_REQUEST,
    422: BAD_REQUEST,
    425: TRANSIENT,
    429: BUSY,
    451: REFUSED,
}
"""HTTP status → verdict, where the body explains nothing."""


def verdict_of(reason_code: str) -> Verdict:
    """The verdict on a reason code; an unknown one is retried."""
    return BY_REASON.get(reason_code, TRANSIENT)


def of_status(status: int) -> Verdict | None:
    """The verdict on an HTTP status whose body explained nothing; None where the status is a success."""
    if status in range(300):
        return None
    if status in BY_STATUS:
        return BY_STATUS[status]
    return GONE if status in range(300, 500) else TRANSIENT
