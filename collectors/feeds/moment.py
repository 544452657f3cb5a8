"""Times of publication in the forms that feeds and notice boards write them. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

KOREA = timezone(timedelta(hours=9), "KST")
"""Korea has no summer time."""

_KOREAN = re.compile(
    r"(\d{4})\s*[.\-/년]\s*(\d{1,2})\s*[.\-/월]\s*(\d{1,2})\s*[.일]?"
    r"(?:\s*(?:\([월화수목금토일]\))?\s*(오전|오후)?\s*(\d{1,2})\s*[:시]\s*(\d{1,2})\s*분?(?::(\d{1,2}))?)?"
)
_AFTERNOON, _NOON = "오후", 12


def moment(text: str) -> datetime | None:
    """The moment that `text` states, in Korean time, which is meant where it names no zone; None where it states none.

    Read are RFC 822 (`Tue, 03 Nov 2026 09:00:00 +0900`, `… KST`), ISO 8601, and days with dots, dashes, slashes or 년월일, with a time or without.
    """
    stripped = " ".join(text.split())
    for read in (_iso, _mail, _korean):
        try:
            found = read(stripped)
            if found is not None:  # the first day of the calendar somewhere may be none in Korea
                return (found if found.tzinfo else found.replace(tzinfo=KOREA)).astimezone(KOREA)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _iso(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if "-" in text else None


def _mail(text: str) -> datetime:
    """RFC 822 with a zone that the standard library does not know: KST is the only one that a Korean feed uses."""
    return parsedate_to_datetime(re.sub(r"\s*\(?KST\)?$", " +0900", text))


def _korean(text: str) -> datetime | None:
    match = _KOREAN.fullmatch(text)
    if match is None:
        return None
    year, month, day, half, hour, minute, second = match.groups()
    hours = int(hour or 0)
    if half:
        hours = hours % _NOON + (_NOON if half == _AFTERNOON else 0)
    return datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0), tzinfo=KOREA)
